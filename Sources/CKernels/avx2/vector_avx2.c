// Vector operations with AVX2, FMA and F16C, and its table.
#if defined(__x86_64__)
#include "../read.h"
#include "avx2.h"

CK_INLINE CK_AVX2_TARGET float sum_lanes(__m256 v) {
  const __m128 b = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 c = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(c, _mm_movehdup_ps(c)));
}

CK_INLINE CK_AVX2_TARGET __m256 load_f16(const uint16_t *p, size_t left) {
  return _mm256_cvtph_ps(ck_load_words(p, left));
}

// Four accumulators hide the latency of the fused multiply-add; they are added once at the end.
#define SUM_PRODUCTS(n, LOAD_A, LOAD_B)                                                 \
  __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;                           \
  size_t i = 0;                                                                         \
  for (; i + 32 <= (n); i += 32) {                                                      \
    s0 = _mm256_fmadd_ps(LOAD_A(i, 8), LOAD_B(i, 8), s0);                               \
    s1 = _mm256_fmadd_ps(LOAD_A(i + 8, 8), LOAD_B(i + 8, 8), s1);                       \
    s2 = _mm256_fmadd_ps(LOAD_A(i + 16, 8), LOAD_B(i + 16, 8), s2);                     \
    s3 = _mm256_fmadd_ps(LOAD_A(i + 24, 8), LOAD_B(i + 24, 8), s3);                     \
  }                                                                                     \
  for (; i < (n); i += 8) s0 = _mm256_fmadd_ps(LOAD_A(i, (n) - i), LOAD_B(i, (n) - i), s0); \
  return sum_lanes(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)))

#define F32_A(i, left) ck_load_8(a + (i), left)
#define F32_B(i, left) ck_load_8(b + (i), left)
#define F16_B(i, left) load_f16(b + (i), left)

CK_AVX2_TARGET static float dot(const float *a, const float *b, size_t n) { SUM_PRODUCTS(n, F32_A, F32_B); }

CK_AVX2_TARGET static float dot_f16(const float *a, const uint16_t *b, size_t n) {
  SUM_PRODUCTS(n, F32_A, F16_B);
}

CK_AVX2_TARGET static float sum_of_squares(const float *a, size_t n) { SUM_PRODUCTS(n, F32_A, F32_A); }

CK_READ_WORDS(CK_AVX2_TARGET, 32)

CK_AVX2_TARGET static void axpy(float alpha, const float *x, float *y, size_t n) {
  const __m256 factor = _mm256_set1_ps(alpha);
  for (size_t i = 0; i < n; i += 8)
    ck_store_8(y + i, n - i, _mm256_fmadd_ps(factor, ck_load_8(x + i, n - i), ck_load_8(y + i, n - i)));
}

CK_AVX2_TARGET static void axpy_f16(float alpha, const uint16_t *x, float *y, size_t n) {
  const __m256 factor = _mm256_set1_ps(alpha);
  for (size_t i = 0; i < n; i += 8)
    ck_store_8(y + i, n - i, _mm256_fmadd_ps(factor, load_f16(x + i, n - i), ck_load_8(y + i, n - i)));
}

enum { mix_queries = 3, mix_columns = 32 };

CK_INLINE CK_AVX2_TARGET void mix_tile(ck_format format, size_t queries, const float *p, size_t p_stride,
                                       const uint8_t *v, size_t v_stride, size_t keys, size_t n, float *out,
                                       size_t out_stride) {
  const size_t vectors = (n + 7) / 8;
  for (size_t k = 0; k < vectors; k++) {
    const size_t left = n - 8 * k;
    __m256 s[mix_queries];
    for (size_t i = 0; i < queries; i++) s[i] = ck_load_8(out + i * out_stride + 8 * k, left);
    for (size_t j = 0; j < keys; j++) {
      const uint8_t *at = v + j * v_stride;
      const __m256 row = format == CK_F16 ? load_f16((const uint16_t *)(const void *)at + 8 * k, left)
                                          : ck_load_8((const float *)(const void *)at + 8 * k, left);
      for (size_t i = 0; i < queries; i++) s[i] = _mm256_fmadd_ps(_mm256_set1_ps(p[i * p_stride + j]), row, s[i]);
    }
    for (size_t i = 0; i < queries; i++) ck_store_8(out + i * out_stride + 8 * k, left, s[i]);
  }
}

#define TARGET CK_AVX2_TARGET
#include "../mix.h"

CK_AVX2_TARGET static void to_f16(const float *x, uint16_t *out, size_t n) {
  for (size_t i = 0; i < n; i += 8) {
    const __m128i h = _mm256_cvtps_ph(ck_load_8(x + i, n - i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    memcpy(out + i, &h, 2 * CK_MIN(n - i, 8));
  }
}

CK_AVX2_TARGET static void scale(float alpha, float *x, size_t n) {
  const __m256 factor = _mm256_set1_ps(alpha);
  for (size_t i = 0; i < n; i += 8) ck_store_8(x + i, n - i, _mm256_mul_ps(factor, ck_load_8(x + i, n - i)));
}

CK_AVX2_TARGET static void rms_norm(const float *x, const float *weight, float weight_offset, float eps, float *out,
                                    size_t n) {
  const __m256 factor = _mm256_set1_ps(1 / sqrtf(sum_of_squares(x, n) / (float)n + eps));
  const __m256 offset = _mm256_set1_ps(weight_offset);
  for (size_t i = 0; i < n; i += 8) {
    __m256 v = _mm256_mul_ps(ck_load_8(x + i, n - i), factor);
    if (weight) v = _mm256_mul_ps(v, _mm256_add_ps(ck_load_8(weight + i, n - i), offset));
    ck_store_8(out + i, n - i, v);
  }
}

// vmaxps hides a NaN in its first operand, so unordered lanes are gathered beside it.
CK_AVX2_TARGET static float maximum(const float *x, size_t n) {
  __m256 best = _mm256_set1_ps(-INFINITY), unordered = _mm256_setzero_ps();
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256 v = _mm256_loadu_ps(x + i);
    unordered = _mm256_or_ps(unordered, _mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    best = _mm256_max_ps(best, v);
  }
  if (_mm256_movemask_ps(unordered)) return NAN;
  __m128 b = _mm_max_ps(_mm256_castps256_ps128(best), _mm256_extractf128_ps(best, 1));
  b = _mm_max_ps(b, _mm_movehl_ps(b, b));
  float m = _mm_cvtss_f32(_mm_max_ss(b, _mm_movehdup_ps(b)));
  for (; i < n; i++) {
    if (isnan(x[i])) return x[i];
    m = x[i] > m ? x[i] : m;
  }
  return m;
}

// exp: x = n ln 2 + r, |r| <= ln 2 / 2, exp(r) by a polynomial fitted for relative error (3e-9), times 2^n in two
// steps, so that it overflows, underflows and makes subnormal numbers as it should. The clamp keeps infinities out of
// the reduction; NaN passes it, being the second operand.
CK_INLINE CK_AVX2_TARGET __m256 exponential(__m256 x) {
  x = _mm256_min_ps(_mm256_set1_ps(130), _mm256_max_ps(_mm256_set1_ps(-160), x));
  const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(0x1.715476p+0f)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.62e4p-1f), x);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.7f7d1cp-20f), r);
  __m256 p = _mm256_set1_ps(0x1.6a23cep-10f);
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0x1.123a2p-7f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0x1.5558f2p-5f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0x1.555492p-3f));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0x1.fffffcp-2f));
  p = _mm256_add_ps(_mm256_fmadd_ps(_mm256_mul_ps(r, r), p, r), _mm256_set1_ps(1));
  const __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1), bias = _mm256_set1_epi32(127);
  const __m256i first = _mm256_slli_epi32(_mm256_add_epi32(half, bias), 23);
  const __m256i second = _mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(whole, half), bias), 23);
  return _mm256_mul_ps(_mm256_mul_ps(p, _mm256_castsi256_ps(first)), _mm256_castsi256_ps(second));
}

CK_AVX2_TARGET static float exp_minus(float *x, float max, size_t n) {
  const __m256 top = _mm256_set1_ps(max);
  __m256 sum = _mm256_setzero_ps();
  for (size_t i = 0; i < n; i += 8) {
    __m256 e = exponential(_mm256_sub_ps(ck_load_8(x + i, n - i), top));
    if (n - i < 8) e = _mm256_and_ps(e, _mm256_castsi256_ps(ck_first_8(n - i)));
    ck_store_8(x + i, n - i, e);
    sum = _mm256_add_ps(sum, e);
  }
  return sum_lanes(sum);
}

// v / (1 + exp(-v)), or 1 / (1 + exp(-v)).
CK_INLINE CK_AVX2_TARGET __m256 over_one_plus_exp(__m256 numerator, __m256 v) {
  const __m256 e = exponential(_mm256_sub_ps(_mm256_setzero_ps(), v));
  return _mm256_div_ps(numerator, _mm256_add_ps(_mm256_set1_ps(1), e));
}

CK_AVX2_TARGET static void silu_multiply(const float *gate, const float *up, float *out, size_t n) {
  for (size_t i = 0; i < n; i += 8) {
    const __m256 v = ck_load_8(gate + i, n - i);
    ck_store_8(out + i, n - i, _mm256_mul_ps(over_one_plus_exp(v, v), ck_load_8(up + i, n - i)));
  }
}

CK_AVX2_TARGET static void silu(float *x, size_t n) {
  for (size_t i = 0; i < n; i += 8) {
    const __m256 v = ck_load_8(x + i, n - i);
    ck_store_8(x + i, n - i, over_one_plus_exp(v, v));
  }
}

CK_AVX2_TARGET static void sigmoid(float *x, size_t n) {
  for (size_t i = 0; i < n; i += 8)
    ck_store_8(x + i, n - i, over_one_plus_exp(_mm256_set1_ps(1), ck_load_8(x + i, n - i)));
}

CK_INLINE CK_AVX2_TARGET uint32_t largest_magnitude(const __m256 *v) {
  const __m256i magnitude = _mm256_set1_epi32(0x7FFFFFFF);
  __m256i m = _mm256_setzero_si256();
  for (int i = 0; i < 4; i++) m = _mm256_max_epu32(m, _mm256_and_si256(_mm256_castps_si256(v[i]), magnitude));
  __m128i b = _mm_max_epu32(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));
  b = _mm_max_epu32(b, _mm_shuffle_epi32(b, 0x4E));
  b = _mm_max_epu32(b, _mm_shuffle_epi32(b, 0xB1));
  return (uint32_t)_mm_cvtsi128_si32(b);
}

CK_INLINE CK_AVX2_TARGET int16_t sum_words(__m256i words) {
  const __m256i pairs = _mm256_madd_epi16(words, _mm256_set1_epi16(1));
  __m128i b = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
  b = _mm_add_epi32(b, _mm_shuffle_epi32(b, 0x4E));
  b = _mm_add_epi32(b, _mm_shuffle_epi32(b, 0xB1));
  return (int16_t)_mm_cvtsi128_si32(b);
}

CK_AVX2_TARGET static void quantize_q8(const float *x, size_t n, ck_block_q8 *out) {
  for (size_t c = 0; c < n; c += 32, out++) {
    __m256 v[4];
    for (size_t i = 0; i < 4; i++) v[i] = n - c > 8 * i ? ck_load_8(x + c + 8 * i, n - c - 8 * i) : _mm256_setzero_ps();
    const uint32_t largest = largest_magnitude(v);
    if (largest >= 0x7F800000 || largest < CK_SMALLEST_MAX) {
      memset(out, 0, sizeof *out);
      if (largest >= 0x7F800000) out->scale = out->scaled_sum = NAN;
      continue;
    }
    const __m256 inverse = _mm256_set1_ps(127 / ck_float(largest));
    out->scale = ck_float(largest) / 127;
    for (int i = 0; i < 2; i++) {
      const __m256i low = _mm256_cvtps_epi32(_mm256_mul_ps(v[2 * i], inverse));
      const __m256i high = _mm256_cvtps_epi32(_mm256_mul_ps(v[2 * i + 1], inverse));
      const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xD8);
      const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
      _mm_storeu_si128((__m128i *)(out->q + 16 * i), bytes);
      out->sums[i] = sum_words(words);
    }
    out->scaled_sum = out->scale * (float)(out->sums[0] + out->sums[1]);
  }
}

#define FLOAT_PRODUCTS                                                                                       \
  [CK_F32] = ck_avx2_multiply_f32, [CK_F16] = ck_avx2_multiply_f16, [CK_BF16] = ck_avx2_multiply_bf16,       \
  [CK_FP8_E4M3] = ck_avx2_multiply_fp8

// OpenBLAS 0.3.21 as Haswell on Zen 5, GFLOP/s with 16, 32, 64 and 512 tokens, 2048 columns: F32 59, 87, 99, 107, and
// BF16 converted for it 53, 81, 95, 107; these products 82, 93, 94, 92 and 89, 99, 98, 97.
enum { float_tokens = 64 };

#define VECTOR_OPERATIONS                                                                   \
  .dequantize_row = ck_avx2_dequantize_row, .quantize_q8 = quantize_q8, .dot = dot,         \
  .dot_f16 = dot_f16, .axpy = axpy, .axpy_f16 = axpy_f16, .mix = mix, .to_f16 = to_f16,     \
  .scale = scale, .rms_norm = rms_norm, .sum_of_squares = sum_of_squares, .max = maximum,   \
  .exp_minus = exp_minus, .silu_multiply = silu_multiply, .silu = silu, .sigmoid = sigmoid, \
  .read_words = read_words

const ck_kernels ck_table_avx2 = {
    .name = "avx2",
    .float_tokens = float_tokens,
    .peak_f32 = ck_avx2_peak_f32,
    .peak_int8 = ck_avx2_peak_int8,
    .multiply = {FLOAT_PRODUCTS, CK_Q8_TABLE(ck_avx2)},
    .multiply_f32 = {FLOAT_PRODUCTS, CK_BLOCK_FORMATS(ck_avx2_multiply_blocks_f32)},
    VECTOR_OPERATIONS,
};

const ck_kernels ck_table_avx2vnni = {
    .name = "avx2vnni",
    .float_tokens = float_tokens,
    .peak_f32 = ck_avx2_peak_f32,
    .peak_int8 = ck_avx2vnni_peak_int8,
    .multiply = {FLOAT_PRODUCTS, CK_Q8_TABLE(ck_avx2vnni)},
    .multiply_f32 = {FLOAT_PRODUCTS, CK_BLOCK_FORMATS(ck_avx2_multiply_blocks_f32)},
    VECTOR_OPERATIONS,
};
#endif
