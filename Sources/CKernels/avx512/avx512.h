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

CK_PRODUCT(ck_avx512_multiply_f32);
CK_PRODUCT(ck_avx512_multiply_f16);
CK_PRODUCT(ck_avx512_multiply_bf16);
CK_PRODUCT(ck_avx512_multiply_fp8);
CK_PRODUCT(ck_avx512_multiply_blocks_f32);
void ck_avx512_dequantize_row(const ck_matrix *w, size_t row, float *out);

#endif
