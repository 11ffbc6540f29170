// Products with 8-bit activations, AVX2: a lane a row, eight rows and four columns a step.
#if defined(__x86_64__)
#include "avx2.h"

#define TARGET CK_AVX2_TARGET

CK_INLINE TARGET void halves_16(const uint8_t *in, float *out) {
  _mm256_storeu_ps(out, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)in)));
  _mm256_storeu_ps(out + 8, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(in + 16))));
}

CK_INLINE TARGET void lookup(const uint8_t *in, const uint8_t *table, uint8_t *low, uint8_t *high, size_t n) {
  const __m256i values = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
  const __m256i nibble = _mm256_set1_epi8(15);
  for (size_t i = 0; i < n; i += 32) {
    const __m256i v = _mm256_loadu_si256((const __m256i *)(in + i));
    const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble);
    _mm256_storeu_si256((__m256i *)(low + i), _mm256_shuffle_epi8(values, _mm256_and_si256(v, nibble)));
    _mm256_storeu_si256((__m256i *)(high + i), _mm256_shuffle_epi8(values, upper));
  }
}

CK_INLINE TARGET void scale_16(const float *d, const int8_t *codes, float *out) {
  for (int h = 0; h < 16; h += 8) {
    const __m256i wide = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(codes + h)));
    _mm256_storeu_ps(out + h, _mm256_mul_ps(_mm256_loadu_ps(d + h), _mm256_cvtepi32_ps(wide)));
  }
}

// Byte g / 2 of each row's word goes to its four codes, each of which tests a bit of it.
CK_INLINE TARGET void fifth_bits(const uint8_t *in, uint8_t *q) {
  const __m256i tests[2] = {_mm256_set1_epi32(0x08040201), _mm256_set1_epi32((int)0x80402010)};
  const __m256i words = _mm256_broadcastsi128_si256(_mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0C0C0C0C));
  for (int h = 0; h < 64; h += 32) {
    const __m256i bits = _mm256_loadu_si256((const __m256i *)(in + h));
#pragma clang loop unroll(full)
    for (int g = 0; g < 8; g++) {
      const __m256i spread = _mm256_shuffle_epi8(bits, _mm256_add_epi8(words, _mm256_set1_epi8((char)(g / 2))));
      const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, tests[g % 2]), tests[g % 2]);
      __m256i *codes = (__m256i *)(q + 64 * g + h);
      const __m256i with = _mm256_or_si256(_mm256_loadu_si256(codes), _mm256_and_si256(set, _mm256_set1_epi8(16)));
      _mm256_storeu_si256(codes, with);
    }
  }
}

#include "../tile.h"

enum { tile_tokens = 4 };

CK_INLINE TARGET __m256i broadcast_32(const void *p) { return _mm256_set1_epi32((int)ck_load32(p)); }

// Codes below 128 fit vpmaddubsw: a pair of products is at most 2 * 127 * 127. Codes with offset 128 do not; they are
// made signed, and their signs moved to the activations.
CK_INLINE TARGET __m256i pair_sums(int wide, __m256i codes, __m256i x) {
  if (!wide) return _mm256_maddubs_epi16(codes, x);
  const __m256i w = _mm256_xor_si256(codes, _mm256_set1_epi8((char)0x80));
  return _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
}

// How many groups of four columns sums of pairs stay within 16 bits, at most those of one scale: a pair is at most
// 2 * 127 * the largest code.
CK_INLINE size_t pairs_at_once(ck_format format) {
  switch (format) {
    case CK_Q4_0:
    case CK_Q4_1:
    case CK_Q4_K: return 8;
    case CK_Q6_K: return 2;
    case CK_Q8_0:
    case CK_IQ4_NL:
    case CK_IQ4_XS: return 1;
    default: return 4;  // at most 31, or two scales a block
  }
}

// Integer sums of eight rows (from byte `at` of each step) over `steps` groups of four columns, less
// offset * (sum of the activations).
CK_INLINE TARGET void integer_sums(ck_format format, size_t n, const uint8_t *q, size_t steps, size_t column,
                                   const int16_t mask[2], const ck_block_q8 *const *x, size_t block, __m256i *sums) {
  const int offset = ck_code_offset(format), wide = offset == 128;
  const size_t most = pairs_at_once(format);
  __m256i held[tile_tokens];
  const __m256i ones = _mm256_set1_epi16(1);
  const int32_t correction = (int32_t)((uint32_t)(uint16_t)(-offset * mask[0]) | (uint32_t)(-offset * mask[1]) << 16);
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) {
    sums[t] = _mm256_setzero_si256();
    if (offset && !wide) sums[t] = _mm256_madd_epi16(_mm256_set1_epi32(correction), broadcast_32(x[t][block].sums));
  }
#pragma clang loop unroll(full)
  for (size_t g = 0; g < steps; g++) {
    const __m256i v = _mm256_loadu_si256((const __m256i *)(q + 64 * g));
#pragma clang loop unroll(full)
    for (size_t t = 0; t < n; t++) {
      const __m256i pairs = pair_sums(wide, v, broadcast_32(x[t][block].q + column + 4 * g));
      held[t] = g % most ? _mm256_add_epi16(held[t], pairs) : pairs;
      if (g % most == most - 1) sums[t] = _mm256_add_epi32(sums[t], _mm256_madd_epi16(held[t], ones));
    }
  }
}

// One scale for 32 columns, eight rows from row h.
CK_INLINE TARGET void whole_block(ck_format format, size_t n, const ck_tile *tile, size_t h, size_t j,
                                  const ck_block_q8 *const *x, __m256 *sums) {
  static const int16_t both[2] = {1, 1};
  __m256i dots[tile_tokens];
  integer_sums(format, n, tile->q[8 * j] + 4 * h, 8, 0, both, x, j, dots);
  const __m256 a = _mm256_loadu_ps(tile->a[j] + h);
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) {
    const __m256 v = _mm256_mul_ps(_mm256_cvtepi32_ps(dots[t]), a);
    sums[t] = _mm256_fmadd_ps(v, _mm256_set1_ps(x[t][j].scale), sums[t]);
    if (ck_format_min_of(format))
      sums[t] = _mm256_fnmadd_ps(_mm256_loadu_ps(tile->b[j] + h), _mm256_set1_ps(x[t][j].scaled_sum), sums[t]);
  }
}

// A scale for each 16 columns.
CK_INLINE TARGET void two_halves(ck_format format, size_t n, const ck_tile *tile, size_t h, size_t j,
                                 const ck_block_q8 *const *x, __m256 *sums) {
  static const int16_t first[2] = {1, 0}, second[2] = {0, 1};
  __m256i low[tile_tokens], high[tile_tokens];
  integer_sums(format, n, tile->q[8 * j] + 4 * h, 4, 0, first, x, j, low);
  integer_sums(format, n, tile->q[8 * j + 4] + 4 * h, 4, 16, second, x, j, high);
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) {
    __m256 v = _mm256_mul_ps(_mm256_cvtepi32_ps(low[t]), _mm256_loadu_ps(tile->a[2 * j] + h));
    v = _mm256_fmadd_ps(_mm256_cvtepi32_ps(high[t]), _mm256_loadu_ps(tile->a[2 * j + 1] + h), v);
    if (ck_format_min_of(format)) {
      v = _mm256_fnmadd_ps(_mm256_loadu_ps(tile->b[2 * j] + h), _mm256_set1_ps(x[t][j].sums[0]), v);
      v = _mm256_fnmadd_ps(_mm256_loadu_ps(tile->b[2 * j + 1] + h), _mm256_set1_ps(x[t][j].sums[1]), v);
    }
    sums[t] = _mm256_fmadd_ps(v, _mm256_set1_ps(x[t][j].scale), sums[t]);
  }
}

CK_INLINE TARGET void kernel_n(ck_format format, size_t n, const ck_tile *tile, size_t blocks,
                               const ck_block_q8 *const *x, float (*sums)[CK_GROUP]) {
  for (size_t h = 0; h < CK_GROUP; h += 8) {
    __m256 s[tile_tokens];
#pragma clang loop unroll(full)
    for (size_t t = 0; t < n; t++) s[t] = _mm256_loadu_ps(sums[t] + h);
    for (size_t j = 0; j < blocks; j++) {
      if (ck_format_halves_of(format))
        two_halves(format, n, tile, h, j, x, s);
      else
        whole_block(format, n, tile, h, j, x, s);
    }
#pragma clang loop unroll(full)
    for (size_t t = 0; t < n; t++) _mm256_storeu_ps(sums[t] + h, s[t]);
  }
}

CK_INLINE TARGET void kernel(ck_format format, size_t n, const ck_tile *tile, size_t blocks,
                             const ck_block_q8 *const *x, float (*sums)[CK_GROUP]) {
  switch (n) {
    case 1: kernel_n(format, 1, tile, blocks, x, sums); break;
    case 2: kernel_n(format, 2, tile, blocks, x, sums); break;
    case 3: kernel_n(format, 3, tile, blocks, x, sums); break;
    default: kernel_n(format, 4, tile, blocks, x, sums);
  }
}

#define HAS_DIRECT 1
#include "direct_avx2.h"
#include "../product_q8.h"

CK_Q8_PRODUCTS(ck_avx2)
#endif
