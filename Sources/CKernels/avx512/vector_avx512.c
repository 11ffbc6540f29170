// Vector operations with AVX-512 (F, BW, DQ, VL), and its table.
#if defined(__x86_64__)
#include <immintrin.h>
#include <limits.h>

#include "../internal.h"
#include "../read.h"
#include "../avx2/avx2.h"
#include "../amx/amx.h"
#include "../avx512vnni/avx512vnni.h"
#include "avx512.h"

// The first `left` of 16 lanes, all from 16 on.
CK_INLINE CK_AVX512_TARGET __mmask16 first(size_t left) {
  return left >= 16 ? 0xFFFF : (__mmask16)((1u << left) - 1);
}

CK_INLINE CK_AVX512_TARGET __m512 load_f16(const uint16_t *p, __mmask16 m) {
  return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(m, p));
}

// Four accumulators hide the latency of the fused multiply-add; they are added once at the end.
#define SUM_PRODUCTS(n, LOAD_A, LOAD_B)                                        \
  __m512 s0 = _mm512_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;                  \
  size_t i = 0;                                                                \
  for (; i + 64 <= (n); i += 64) {                                             \
    s0 = _mm512_fmadd_ps(LOAD_A(i, 0xFFFF), LOAD_B(i, 0xFFFF), s0);            \
    s1 = _mm512_fmadd_ps(LOAD_A(i + 16, 0xFFFF), LOAD_B(i + 16, 0xFFFF), s1);  \
    s2 = _mm512_fmadd_ps(LOAD_A(i + 32, 0xFFFF), LOAD_B(i + 32, 0xFFFF), s2);  \
    s3 = _mm512_fmadd_ps(LOAD_A(i + 48, 0xFFFF), LOAD_B(i + 48, 0xFFFF), s3);  \
  }                                                                            \
  for (; i < (n); i += 16) {                                                   \
    const __mmask16 m = first((n) - i);                                        \
    s0 = _mm512_fmadd_ps(LOAD_A(i, m), LOAD_B(i, m), s0);                      \
  }                                                                            \
  return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3)))

#define F32_A(i, m) _mm512_maskz_loadu_ps(m, a + (i))
#define F32_B(i, m) _mm512_maskz_loadu_ps(m, b + (i))
#define F16_B(i, m) load_f16(b + (i), m)

CK_AVX512_TARGET static float dot(const float *a, const float *b, size_t n) { SUM_PRODUCTS(n, F32_A, F32_B); }

CK_AVX512_TARGET static float dot_f16(const float *a, const uint16_t *b, size_t n) {
  SUM_PRODUCTS(n, F32_A, F16_B);
}

CK_AVX512_TARGET static float sum_of_squares(const float *a, size_t n) { SUM_PRODUCTS(n, F32_A, F32_A); }

CK_READ_WORDS(CK_AVX512_TARGET, 64)

CK_AVX512_TARGET static void axpy(float alpha, const float *x, float *y, size_t n) {
  const __m512 factor = _mm512_set1_ps(alpha);
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 m = first(n - i);
    const __m512 sum = _mm512_fmadd_ps(factor, _mm512_maskz_loadu_ps(m, x + i), _mm512_maskz_loadu_ps(m, y + i));
    _mm512_mask_storeu_ps(y + i, m, sum);
  }
}

CK_AVX512_TARGET static void axpy_f16(float alpha, const uint16_t *x, float *y, size_t n) {
  const __m512 factor = _mm512_set1_ps(alpha);
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 m = first(n - i);
    const __m512 sum = _mm512_fmadd_ps(factor, load_f16(x + i, m), _mm512_maskz_loadu_ps(m, y + i));
    _mm512_mask_storeu_ps(y + i, m, sum);
  }
}

enum { mix_queries = 4, mix_columns = 64 };

CK_INLINE CK_AVX512_TARGET void mix_tile(ck_format format, size_t queries, const float *p, size_t p_stride,
                                         const uint8_t *v, size_t v_stride, size_t keys, size_t n, float *out,
                                         size_t out_stride) {
  __m512 s[mix_queries][4];
  __mmask16 m[4];
#pragma clang loop unroll(full)
  for (size_t k = 0; k < 4; k++) m[k] = n > 16 * k ? first(n - 16 * k) : 0;
#pragma clang loop unroll(full)
  for (size_t i = 0; i < queries; i++)
#pragma clang loop unroll(full)
    for (size_t k = 0; k < 4; k++) s[i][k] = _mm512_maskz_loadu_ps(m[k], out + i * out_stride + 16 * k);
  for (size_t j = 0; j < keys; j++, v += v_stride) {
    __m512 row[4];
#pragma clang loop unroll(full)
    for (size_t k = 0; k < (format == CK_F16 ? 2 : 4); k++)  // rows may lie further apart than the hardware follows
      _mm_prefetch((const char *)(v + 16 * v_stride + 64 * k), _MM_HINT_T0);
#pragma clang loop unroll(full)
    for (size_t k = 0; k < 4; k++)
      row[k] = format == CK_F16 ? load_f16((const uint16_t *)(const void *)(v + 32 * k), m[k])
                                : _mm512_maskz_loadu_ps(m[k], v + 64 * k);
#pragma clang loop unroll(full)
    for (size_t i = 0; i < queries; i++)
#pragma clang loop unroll(full)
      for (size_t k = 0; k < 4; k++)
        s[i][k] = _mm512_fmadd_ps(_mm512_set1_ps(p[i * p_stride + j]), row[k], s[i][k]);
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < queries; i++)
#pragma clang loop unroll(full)
    for (size_t k = 0; k < 4; k++) _mm512_mask_storeu_ps(out + i * out_stride + 16 * k, m[k], s[i][k]);
}

#define TARGET CK_AVX512_TARGET
#include "../mix.h"

CK_AVX512_TARGET static void to_f16(const float *x, uint16_t *out, size_t n) {
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 m = first(n - i);
    const __m512 v = _mm512_maskz_loadu_ps(m, x + i);
    _mm256_mask_storeu_epi16(out + i, m, _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
}

CK_AVX512_TARGET static void scale(float alpha, float *x, size_t n) {
  const __m512 factor = _mm512_set1_ps(alpha);
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 m = first(n - i);
    _mm512_mask_storeu_ps(x + i, m, _mm512_mul_ps(factor, _mm512_maskz_loadu_ps(m, x + i)));
  }
}

CK_AVX512_TARGET static void rms_norm(const float *x, const float *weight, float weight_offset, float eps,
                                      float *out, size_t n) {
  const __m512 factor = _mm512_set1_ps(1 / sqrtf(sum_of_squares(x, n) / (float)n + eps));
  const __m512 offset = _mm512_set1_ps(weight_offset);
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 m = first(n - i);
    __m512 v = _mm512_mul_ps(_mm512_maskz_loadu_ps(m, x + i), factor);
    if (weight) v = _mm512_mul_ps(v, _mm512_add_ps(_mm512_maskz_loadu_ps(m, weight + i), offset));
    _mm512_mask_storeu_ps(out + i, m, v);
  }
}

// vmaxps hides a NaN in its first operand, so unordered lanes are gathered beside it.
CK_AVX512_TARGET static float maximum(const float *x, size_t n) {
  const __m512 lowest = _mm512_set1_ps(-INFINITY);
  __m512 best = lowest;
  __mmask16 unordered = 0;
  for (size_t i = 0; i < n; i += 16) {
    const __m512 v = _mm512_mask_loadu_ps(lowest, first(n - i), x + i);
    unordered |= _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    best = _mm512_max_ps(best, v);
  }
  return unordered ? NAN : _mm512_reduce_max_ps(best);
}

// exp: x = n ln 2 + r, |r| <= ln 2 / 2, exp(r) by a polynomial fitted for relative error (3e-9), times 2^n by
// vscalefps, which overflows, underflows and makes subnormal numbers as it should. The clamp keeps infinities out
// of the reduction; NaN passes it, being the second operand.
CK_INLINE CK_AVX512_TARGET __m512 exponential(__m512 x) {
  x = _mm512_min_ps(_mm512_set1_ps(130), _mm512_max_ps(_mm512_set1_ps(-160), x));
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(0x1.715476p+0f)),
                                        _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.62e4p-1f), x);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.7f7d1cp-20f), r);
  __m512 p = _mm512_set1_ps(0x1.6a23cep-10f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.123a2p-7f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.5558f2p-5f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.555492p-3f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.fffffcp-2f));
  p = _mm512_fmadd_ps(_mm512_mul_ps(r, r), p, r);
  return _mm512_scalef_ps(_mm512_add_ps(p, _mm512_set1_ps(1)), n);
}

CK_AVX512_TARGET static float exp_minus(float *x, float max, size_t n) {
  const __m512 top = _mm512_set1_ps(max);
  __m512 sum = _mm512_setzero_ps();
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 m = first(n - i);
    const __m512 e = exponential(_mm512_sub_ps(_mm512_maskz_loadu_ps(m, x + i), top));
    _mm512_mask_storeu_ps(x + i, m, e);
    sum = _mm512_mask_add_ps(sum, m, sum, e);
  }
  return _mm512_reduce_add_ps(sum);
}

// v / (1 + exp(-v)), or 1 / (1 + exp(-v)).
CK_INLINE CK_AVX512_TARGET __m512 over_one_plus_exp(__m512 numerator, __m512 v) {
  const __m512 e = exponential(_mm512_sub_ps(_mm512_setzero_ps(), v));
  return _mm512_div_ps(numerator, _mm512_add_ps(_mm512_set1_ps(1), e));
}

CK_AVX512_TARGET static void silu_multiply(const float *gate, const float *up, float *out, size_t n) {
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 m = first(n - i);
    const __m512 v = _mm512_maskz_loadu_ps(m, gate + i);
    const __m512 activated = over_one_plus_exp(v, v);
    _mm512_mask_storeu_ps(out + i, m, _mm512_mul_ps(activated, _mm512_maskz_loadu_ps(m, up + i)));
  }
}

CK_AVX512_TARGET static void silu(float *x, size_t n) {
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 m = first(n - i);
    const __m512 v = _mm512_maskz_loadu_ps(m, x + i);
    _mm512_mask_storeu_ps(x + i, m, over_one_plus_exp(v, v));
  }
}

CK_AVX512_TARGET static void sigmoid(float *x, size_t n) {
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 m = first(n - i);
    const __m512 v = _mm512_maskz_loadu_ps(m, x + i);
    _mm512_mask_storeu_ps(x + i, m, over_one_plus_exp(_mm512_set1_ps(1), v));
  }
}

// Sixteen values to int8 by 127 / max, to nearest even, and their sum.
CK_INLINE CK_AVX512_TARGET int16_t quantize_16(__m512 v, __m512 inverse, int8_t *q) {
  const __m512i i = _mm512_cvtps_epi32(_mm512_mul_ps(v, inverse));
  _mm_storeu_si128((__m128i *)q, _mm512_cvtepi32_epi8(i));
  return (int16_t)_mm512_reduce_add_epi32(i);
}

CK_AVX512_TARGET static void quantize_q8(const float *x, size_t n, ck_block_q8 *out) {
  const __m512i magnitude = _mm512_set1_epi32(0x7FFFFFFF);
  for (size_t c = 0; c < n; c += 32, out++) {
    const size_t left = n - c;
    const __m512 v0 = _mm512_maskz_loadu_ps(first(left), x + c);
    const __m512 v1 = left > 16 ? _mm512_maskz_loadu_ps(first(left - 16), x + c + 16) : _mm512_setzero_ps();
    const __m512i both = _mm512_max_epu32(_mm512_and_si512(_mm512_castps_si512(v0), magnitude),
                                          _mm512_and_si512(_mm512_castps_si512(v1), magnitude));
    const uint32_t largest = _mm512_reduce_max_epu32(both);
    if (largest >= 0x7F800000 || largest < CK_SMALLEST_MAX) {
      memset(out, 0, sizeof *out);
      if (largest >= 0x7F800000) out->scale = out->scaled_sum = NAN;
      continue;
    }
    const __m512 inverse = _mm512_set1_ps(127 / ck_float(largest));
    out->scale = ck_float(largest) / 127;
    out->sums[0] = quantize_16(v0, inverse, out->q);
    out->sums[1] = quantize_16(v1, inverse, out->q + 16);
    out->scaled_sum = out->scale * (float)(out->sums[0] + out->sums[1]);
  }
}

#define VECTOR_OPERATIONS                                                                                   \
  .dequantize_row = ck_avx512_dequantize_row, .quantize_q8 = quantize_q8, .dot = dot, .dot_f16 = dot_f16,          \
  .axpy = axpy, .axpy_f16 = axpy_f16, .mix = mix, .to_f16 = to_f16, .scale = scale, .rms_norm = rms_norm,               \
  .sum_of_squares = sum_of_squares, .max = maximum, .exp_minus = exp_minus,                                 \
  .silu_multiply = silu_multiply, .silu = silu, .sigmoid = sigmoid, .read_words = read_words

#define PEAKS(prefix) .float_tokens = INT_MAX, .peak_f32 = ck_avx512_peak_f32, .peak_int8 = prefix##_peak_int8

#define FLOAT_PRODUCTS                                                                                      \
  [CK_F32] = ck_avx512_multiply_f32, [CK_F16] = ck_avx512_multiply_f16, [CK_BF16] = ck_avx512_multiply_bf16, \
  [CK_FP8_E4M3] = ck_avx512_multiply_fp8

// Without VNNI wider vectors gain little on bytes: the 8-bit products are those of AVX2.
const ck_kernels ck_table_avx512 = {
    .name = "avx512",
    PEAKS(ck_avx2),
    .multiply = {FLOAT_PRODUCTS, CK_Q8_TABLE(ck_avx2)},
    .multiply_f32 = {FLOAT_PRODUCTS, CK_BLOCK_FORMATS(ck_avx512_multiply_blocks_f32)},
    VECTOR_OPERATIONS,
};

const ck_kernels ck_table_avx512vnni = {
    .name = "avx512vnni",
    PEAKS(ck_avx512vnni),
    .multiply = {FLOAT_PRODUCTS, CK_Q8_TABLE(ck_avx512vnni)},
    .multiply_f32 = {FLOAT_PRODUCTS, CK_BLOCK_FORMATS(ck_avx512_multiply_blocks_f32)},
    VECTOR_OPERATIONS,
};

// BF16 tiles are not used: they add in an order and a rounding of their own, and float products promise one order.
const ck_kernels ck_table_amx = {
    .name = "amx",
    PEAKS(ck_amx),
    .multiply = {FLOAT_PRODUCTS, CK_Q8_TABLE(ck_amx)},
    .multiply_f32 = {FLOAT_PRODUCTS, CK_BLOCK_FORMATS(ck_avx512_multiply_blocks_f32)},
    VECTOR_OPERATIONS,
};
#endif
