// What the AVX-512 files share: the target and the products of the two tables.
#ifndef CK_AVX512_H
#define CK_AVX512_H

#include <immintrin.h>

#include "../internal.h"

#define CK_AVX512_TARGET __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")))

// Lanes added in halves: the order ck_multiply_fn promises.
CK_INLINE CK_AVX512_TARGET float ck_avx512_halve(__m512 v) {
  const __m256 a = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  const __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 c = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(c, _mm_movehdup_ps(c)));
}

// The same for eight vectors at once, in 25 instructions instead of 64.
CK_INLINE CK_AVX512_TARGET __m256 ck_avx512_halve_8(const __m512 *v) {
  __m512 a[4], b[2];
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++)  // lanes l + 8: two vectors become one
    a[i] = _mm512_add_ps(_mm512_shuffle_f32x4(v[2 * i], v[2 * i + 1], 0x44),
                         _mm512_shuffle_f32x4(v[2 * i], v[2 * i + 1], 0xEE));
#pragma clang loop unroll(full)
  for (int i = 0; i < 2; i++)  // l + 4
    b[i] = _mm512_add_ps(_mm512_shuffle_f32x4(a[2 * i], a[2 * i + 1], 0x88),
                         _mm512_shuffle_f32x4(a[2 * i], a[2 * i + 1], 0xDD));
  const __m512 c = _mm512_add_ps(_mm512_shuffle_ps(b[0], b[1], 0x44), _mm512_shuffle_ps(b[0], b[1], 0xEE));
  const __m512 d = _mm512_add_ps(_mm512_shuffle_ps(c, c, 0x88), _mm512_shuffle_ps(c, c, 0xDD));
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 0, 0, 0, 0, 0, 0, 0, 0);
  return _mm512_castps512_ps256(_mm512_permutexvar_ps(order, d));
}

CK_PRODUCT(ck_avx512_multiply_f32);
CK_PRODUCT(ck_avx512_multiply_f16);
CK_PRODUCT(ck_avx512_multiply_bf16);
CK_PRODUCT(ck_avx512_multiply_fp8);
CK_PRODUCT(ck_avx512_multiply_blocks_f32);
double ck_avx512_peak_f32(size_t steps);
void ck_avx512_dequantize_row(const ck_matrix *w, size_t row, float *out);

#endif
