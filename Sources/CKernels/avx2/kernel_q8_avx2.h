// The kernels for 8-bit activations with vectors of 32 bytes: a lane a row, four columns a step.
//
// AVX2 and AVX2 VNNI differ in the integer sums: before including, define TARGET, include unpack_avx2.h and define
// direct_sum, direct_begin and direct_add of direct.h, kernel_vectors(format), the vectors of eight rows that meet a group
// of activations while it is in a register (1 or 2), and kernel_tokens(format), how many tokens at once (at most
// tile_tokens). Both together fill the sixteen registers.
#ifndef CK_KERNEL_Q8_AVX2_H
#define CK_KERNEL_Q8_AVX2_H

// Integer sums of kernel_vectors(format) * 8 rows (those `q` points at) over `steps` groups of four columns, less
// offset * (sums of the halves of the activations in `mask`).
CK_INLINE TARGET void integer_sums(ck_format format, size_t n, const uint8_t *q, size_t steps, size_t column,
                                   const int16_t mask[2], const ck_block_q8 *const *x, size_t block,
                                   __m256i (*sums)[2]) {
  const size_t vectors = kernel_vectors(format);
  direct_sum s[tile_tokens][2];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) {
    direct_begin(ck_code_offset(format), mask[0], mask[1], &x[t][block], &s[t][0]);
    s[t][1] = s[t][0];
  }
#pragma clang loop unroll(full)
  for (size_t g = 0; g < steps; g++)
#pragma clang loop unroll(full)
    for (size_t t = 0; t < n; t++)
#pragma clang loop unroll(full)
      for (size_t i = 0; i < vectors; i++) {
        const codes_v codes = (codes_v)_mm256_load_si256((const __m256i *)(q + 64 * g + 32 * i));
        direct_add(format, g, &s[t][i], codes, x[t][block].q + column + 4 * g);
      }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++)
    for (size_t i = 0; i < vectors; i++) sums[t][i] = (__m256i)s[t][i].total;
}

// One scale for 32 columns, rows from h on.
CK_INLINE TARGET void whole_block(ck_format format, size_t n, const ck_tile *tile, size_t h, size_t j,
                                  const ck_block_q8 *const *x, __m256 (*sums)[2]) {
  static const int16_t both[2] = {1, 1};
  __m256i dots[tile_tokens][2];
  integer_sums(format, n, tile->q[8 * j] + 4 * h, 8, 0, both, x, j, dots);
#pragma clang loop unroll(full)
  for (size_t i = 0; i < kernel_vectors(format); i++) {
    const __m256 a = _mm256_load_ps(tile->a[j] + h + 8 * i), b = _mm256_load_ps(tile->b[j] + h + 8 * i);
#pragma clang loop unroll(full)
    for (size_t t = 0; t < n; t++) {
      const __m256 v = _mm256_mul_ps(_mm256_cvtepi32_ps(dots[t][i]), a);
      sums[t][i] = _mm256_fmadd_ps(v, _mm256_set1_ps(x[t][j].scale), sums[t][i]);
      if (ck_format_min_of(format)) sums[t][i] = _mm256_fnmadd_ps(b, _mm256_set1_ps(x[t][j].scaled_sum), sums[t][i]);
    }
  }
}

// A scale for each 16 columns.
CK_INLINE TARGET void two_halves(ck_format format, size_t n, const ck_tile *tile, size_t h, size_t j,
                                 const ck_block_q8 *const *x, __m256 (*sums)[2]) {
  static const int16_t first[2] = {1, 0}, second[2] = {0, 1};
  const float *a = tile->a[2 * j] + h, *b = tile->b[2 * j] + h;
  __m256i dots[tile_tokens][2];
  __m256 v[tile_tokens][2];
  integer_sums(format, n, tile->q[8 * j] + 4 * h, 4, 0, first, x, j, dots);
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++)
    for (size_t i = 0; i < kernel_vectors(format); i++)
      v[t][i] = _mm256_mul_ps(_mm256_cvtepi32_ps(dots[t][i]), _mm256_load_ps(a + 8 * i));
  integer_sums(format, n, tile->q[8 * j + 4] + 4 * h, 4, 16, second, x, j, dots);
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++)
    for (size_t i = 0; i < kernel_vectors(format); i++) {
      __m256 w = v[t][i];
      w = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots[t][i]), _mm256_load_ps(a + CK_GROUP + 8 * i), w);
      if (ck_format_min_of(format)) {
        w = _mm256_fnmadd_ps(_mm256_load_ps(b + 8 * i), _mm256_set1_ps(x[t][j].sums[0]), w);
        w = _mm256_fnmadd_ps(_mm256_load_ps(b + CK_GROUP + 8 * i), _mm256_set1_ps(x[t][j].sums[1]), w);
      }
      sums[t][i] = _mm256_fmadd_ps(w, _mm256_set1_ps(x[t][j].scale), sums[t][i]);
    }
}

CK_INLINE TARGET void kernel_n(ck_format format, size_t n, const ck_tile *tile, size_t blocks,
                               const ck_block_q8 *const *x, float (*sums)[CK_GROUP]) {
  const size_t vectors = kernel_vectors(format);
  for (size_t h = 0; h < CK_GROUP; h += 8 * vectors) {
    __m256 s[tile_tokens][2];
#pragma clang loop unroll(full)
    for (size_t t = 0; t < n; t++)
      for (size_t i = 0; i < vectors; i++) s[t][i] = _mm256_load_ps(sums[t] + h + 8 * i);
    for (size_t j = 0; j < blocks; j++) {
      if (ck_format_halves_of(format))
        two_halves(format, n, tile, h, j, x, s);
      else
        whole_block(format, n, tile, h, j, x, s);
    }
#pragma clang loop unroll(full)
    for (size_t t = 0; t < n; t++)
      for (size_t i = 0; i < vectors; i++) _mm256_store_ps(sums[t] + h + 8 * i, s[t][i]);
  }
}

CK_INLINE TARGET void kernel(ck_format format, size_t n, const ck_tile *tile, size_t blocks,
                             const ck_block_q8 *const *x, float (*sums)[CK_GROUP]) {
  switch (n) {
    case 1: kernel_n(format, 1, tile, blocks, x, sums); break;
    case 2: kernel_n(format, 2, tile, blocks, x, sums); break;
    case 3: kernel_n(format, 3, tile, blocks, x, sums); break;
    default: kernel_n(format, kernel_tokens(format), tile, blocks, x, sums);
  }
}

// Most tokens a direct product takes: beyond, tiles of unpacked weights pay.
CK_INLINE size_t direct_tokens(ck_format format) {
  (void)format;
  return 4;
}

CK_INLINE TARGET codes_v direct_lookup(const uint8_t *table, codes_v nibbles) {
  const __m256i values = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
  return (codes_v)_mm256_shuffle_epi8(values, (__m256i)nibbles);
}

// Byte g / 2 of each row's word goes to its four codes, each of which tests a bit of it.
CK_INLINE TARGET codes_v direct_fifth_bits(codes_v words, size_t g) {
  const __m256i places = _mm256_broadcastsi128_si256(_mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0C0C0C0C));
  const __m256i tests = _mm256_set1_epi32(g % 2 ? (int)0x80402010 : 0x08040201);
  const __m256i spread = _mm256_shuffle_epi8((__m256i)words, _mm256_add_epi8(places, _mm256_set1_epi8((char)(g / 2))));
  const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, tests), tests);
  return (codes_v)_mm256_and_si256(set, _mm256_set1_epi8(16));
}

CK_INLINE TARGET floats_v direct_halves(const uint8_t *p) {
  return (floats_v)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}

#define HAS_DIRECT 1
#define HAS_JOINT 1
#include "direct_avx2.h"
#include "../product_q8.h"

#endif
