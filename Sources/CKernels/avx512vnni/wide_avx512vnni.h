// The tile kernel for thirty-two rows, AVX-512 VNNI: two tiles meet the same tokens.
//
// With sixteen rows each dot product needs a load of activations, and the loads take the time: 8 of weights and 64 of
// activations against 64 dot products a block, two a cycle of either. Here activations are used twice.
#ifndef CK_WIDE_AVX512_VNNI_H
#define CK_WIDE_AVX512_VNNI_H

enum { wide_tokens = 6 };  // 2 x 6 integer and 2 x 6 float sums, and the weights, fill the registers

// Most tokens at once: formats of halves have a second float for each sum.
CK_INLINE size_t wide_most(ck_format format) { return ck_format_halves_of(format) ? 4 : wide_tokens; }

// Dot products of groups g0 ..< g0 + count of block j, as floats.
CK_INLINE TARGET void wide_dots(ck_format format, size_t n, const ck_tile *tiles, size_t j, size_t g0, size_t count,
                                const ck_block_q8 *const *x, __m512 (*out)[2]) {
  const uint32_t offset = (uint32_t)-ck_code_offset(format);
  const uint32_t low = g0 == 0 ? offset & 0xFFFF : 0, high = g0 + count == 8 ? offset << 16 : 0;
  __m512i dots[wide_tokens][2];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) {
    dots[t][0] = _mm512_setzero_si512();
    if (offset) dots[t][0] = _mm512_madd_epi16(_mm512_set1_epi32((int)(low | high)), broadcast_32(x[t][j].sums));
    dots[t][1] = dots[t][0];
  }
#pragma clang loop unroll(full)
  for (size_t g = g0; g < g0 + count; g++) {
    const __m512i first = _mm512_load_si512(tiles[0].q[8 * j + g]), second = _mm512_load_si512(tiles[1].q[8 * j + g]);
#pragma clang loop unroll(full)
    for (size_t t = 0; t < n; t++) {
      const __m512i four = broadcast_32(x[t][j].q + 4 * g);
      dots[t][0] = _mm512_dpbusd_epi32(dots[t][0], first, four);
      dots[t][1] = _mm512_dpbusd_epi32(dots[t][1], second, four);
    }
  }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++)
    for (size_t i = 0; i < 2; i++) out[t][i] = _mm512_cvtepi32_ps(dots[t][i]);
}

// One scale for 32 columns.
CK_INLINE TARGET void wide_whole(ck_format format, size_t n, const ck_tile *tiles, size_t j,
                                 const ck_block_q8 *const *x, __m512 (*sums)[2]) {
  __m512 v[wide_tokens][2];
  wide_dots(format, n, tiles, j, 0, 8, x, v);
#pragma clang loop unroll(full)
  for (size_t i = 0; i < 2; i++) {
    const __m512 a = _mm512_load_ps(tiles[i].a[j]), b = _mm512_load_ps(tiles[i].b[j]);
#pragma clang loop unroll(full)
    for (size_t t = 0; t < n; t++) {
      sums[t][i] = _mm512_fmadd_ps(_mm512_mul_ps(v[t][i], a), _mm512_set1_ps(x[t][j].scale), sums[t][i]);
      if (ck_format_min_of(format))
        sums[t][i] = _mm512_fnmadd_ps(b, _mm512_set1_ps(x[t][j].scaled_sum), sums[t][i]);
    }
  }
}

// A scale for each 16 columns.
CK_INLINE TARGET void wide_halves(ck_format format, size_t n, const ck_tile *tiles, size_t j,
                                  const ck_block_q8 *const *x, __m512 (*sums)[2]) {
  __m512 v[wide_tokens][2], more[wide_tokens][2];
  wide_dots(format, n, tiles, j, 0, 4, x, v);
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++)
    for (size_t i = 0; i < 2; i++) v[t][i] = _mm512_mul_ps(v[t][i], _mm512_load_ps(tiles[i].a[2 * j]));
  wide_dots(format, n, tiles, j, 4, 4, x, more);
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++)
    for (size_t i = 0; i < 2; i++) {
      const ck_tile *tile = &tiles[i];
      v[t][i] = _mm512_fmadd_ps(more[t][i], _mm512_load_ps(tile->a[2 * j + 1]), v[t][i]);
      if (ck_format_min_of(format)) {
        v[t][i] = _mm512_fnmadd_ps(_mm512_load_ps(tile->b[2 * j]), _mm512_set1_ps(x[t][j].sums[0]), v[t][i]);
        v[t][i] = _mm512_fnmadd_ps(_mm512_load_ps(tile->b[2 * j + 1]), _mm512_set1_ps(x[t][j].sums[1]), v[t][i]);
      }
      sums[t][i] = _mm512_fmadd_ps(v[t][i], _mm512_set1_ps(x[t][j].scale), sums[t][i]);
    }
}

CK_INLINE TARGET void wide_n(ck_format format, size_t n, const ck_tile *tiles, size_t blocks,
                             const ck_block_q8 *const *x, float (*first)[CK_GROUP], float (*second)[CK_GROUP]) {
  __m512 s[wide_tokens][2];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) {
    s[t][0] = _mm512_loadu_ps(first[t]);
    s[t][1] = _mm512_loadu_ps(second[t]);
  }
  for (size_t j = 0; j < blocks; j++) {
    if (ck_format_halves_of(format))
      wide_halves(format, n, tiles, j, x, s);
    else
      wide_whole(format, n, tiles, j, x, s);
  }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) {
    _mm512_storeu_ps(first[t], s[t][0]);
    _mm512_storeu_ps(second[t], s[t][1]);
  }
}

// `blocks` blocks of 32 columns of two tiles, for the 3 ... wide_most(format) tokens that more than eight are cut to.
CK_INLINE TARGET void wide(ck_format format, size_t n, const ck_tile *tiles, size_t blocks,
                           const ck_block_q8 *const *x, float (*first)[CK_GROUP], float (*second)[CK_GROUP]) {
  const int halves = ck_format_halves_of(format);
  if (halves && n == 3) wide_n(format, 3, tiles, blocks, x, first, second);
  if (n == 4) wide_n(format, 4, tiles, blocks, x, first, second);
  if (!halves && n == 5) wide_n(format, 5, tiles, blocks, x, first, second);
  if (!halves && n == 6) wide_n(format, 6, tiles, blocks, x, first, second);
}

#endif
