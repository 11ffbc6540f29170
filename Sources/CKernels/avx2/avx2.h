// What the AVX2 files share: the target, masked tails, the order of sums, the products of the table.
#ifndef CK_AVX2_H
#define CK_AVX2_H

#include <immintrin.h>

#include "../internal.h"

#define CK_AVX2_TARGET __attribute__((target("avx2,fma,f16c")))

// A window on these words masks the first 0 ... 8 lanes.
static const int32_t ck_lane_mask[16] = {-1, -1, -1, -1, -1, -1, -1, -1};

CK_INLINE CK_AVX2_TARGET __m256i ck_first_8(size_t left) {
  return _mm256_loadu_si256((const __m256i *)(ck_lane_mask + 8 - CK_MIN(left, 8)));
}

// Eight floats, or the first `left` of them and zeros.
CK_INLINE CK_AVX2_TARGET __m256 ck_load_8(const float *p, size_t left) {
  return left >= 8 ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, ck_first_8(left));
}

CK_INLINE CK_AVX2_TARGET void ck_store_8(float *p, size_t left, __m256 v) {
  if (left >= 8)
    _mm256_storeu_ps(p, v);
  else
    _mm256_maskstore_ps(p, ck_first_8(left), v);
}

// Eight 16-bit words, or the first `left` of them and zeros: AVX2 has no masked load of words.
CK_INLINE CK_AVX2_TARGET __m128i ck_load_words(const void *p, size_t left) {
  if (left >= 8) return _mm_loadu_si128((const __m128i *)p);
  uint16_t words[8] = {0};
  memcpy(words, p, 2 * left);
  return _mm_loadu_si128((const __m128i *)words);
}

// Lanes added in halves: the order ck_multiply_fn promises.
CK_INLINE CK_AVX2_TARGET float ck_avx2_halve(__m256 low, __m256 high) {
  const __m256 a = _mm256_add_ps(low, high);
  const __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 c = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(c, _mm_movehdup_ps(c)));
}

// The same for four sums at once.
CK_INLINE CK_AVX2_TARGET __m128 ck_avx2_halve_4(const __m256 (*v)[2]) {
  __m256 a[4], b[2];
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) a[i] = _mm256_add_ps(v[i][0], v[i][1]);
#pragma clang loop unroll(full)
  for (int i = 0; i < 2; i++)  // lanes l + 4: two vectors become one
    b[i] = _mm256_add_ps(_mm256_permute2f128_ps(a[2 * i], a[2 * i + 1], 0x20),
                         _mm256_permute2f128_ps(a[2 * i], a[2 * i + 1], 0x31));
  const __m256 c = _mm256_add_ps(_mm256_shuffle_ps(b[0], b[1], 0x44), _mm256_shuffle_ps(b[0], b[1], 0xEE));
  const __m256 d = _mm256_add_ps(_mm256_shuffle_ps(c, c, 0x88), _mm256_shuffle_ps(c, c, 0xDD));
  return _mm_unpacklo_ps(_mm256_castps256_ps128(d), _mm256_extractf128_ps(d, 1));
}

CK_PRODUCT(ck_avx2_multiply_f32);
CK_PRODUCT(ck_avx2_multiply_f16);
CK_PRODUCT(ck_avx2_multiply_bf16);
CK_PRODUCT(ck_avx2_multiply_fp8);
CK_PRODUCT(ck_avx2_multiply_blocks_f32);
double ck_avx2_peak_f32(size_t steps);
void ck_avx2_dequantize_row(const ck_matrix *w, size_t row, float *out);
CK_DECLARE_Q8_PRODUCTS(ck_avx2)
CK_DECLARE_Q8_PRODUCTS(ck_avx2vnni)

#endif
