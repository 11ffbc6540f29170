// Vector operations with NEON, and the three tables of AArch64.
#if defined(__aarch64__)
#include "../read.h"
#include "neon.h"

#define TARGET
#include "../reference/dequantize.h"

static void dequantize(const ck_matrix *w, size_t row, float *out) { dequantize_row(w, row, out); }

// Four accumulators hide the latency of the fused multiply-add; they are added once at the end.
#define SUM_PRODUCTS(n, LOAD_A, LOAD_B)                                                     \
  float32x4_t s[4] = {vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0)};      \
  size_t i = 0;                                                                             \
  for (; i + 16 <= (n); i += 16)                                                            \
    for (size_t k = 0; k < 4; k++) s[k] = vfmaq_f32(s[k], LOAD_A(i + 4 * k, 4), LOAD_B(i + 4 * k, 4)); \
  for (; i < (n); i += 4) s[0] = vfmaq_f32(s[0], LOAD_A(i, (n) - i), LOAD_B(i, (n) - i));   \
  return ck_sum_4(vaddq_f32(vaddq_f32(s[0], s[1]), vaddq_f32(s[2], s[3])))

#define F32_A(i, left) ck_load_4(a + (i), left)
#define F32_B(i, left) ck_load_4(b + (i), left)
#define F16_B(i, left) ck_from_f16_4(ck_load_words(b + (i), left))

static float dot(const float *a, const float *b, size_t n) { SUM_PRODUCTS(n, F32_A, F32_B); }
static float dot_f16(const float *a, const uint16_t *b, size_t n) { SUM_PRODUCTS(n, F32_A, F16_B); }
static float sum_of_squares(const float *a, size_t n) { SUM_PRODUCTS(n, F32_A, F32_A); }

CK_READ_WORDS(, 16)

static void axpy(float alpha, const float *x, float *y, size_t n) {
  for (size_t i = 0; i < n; i += 4)
    ck_store_4(y + i, n - i, vfmaq_n_f32(ck_load_4(y + i, n - i), ck_load_4(x + i, n - i), alpha));
}

static void axpy_f16(float alpha, const uint16_t *x, float *y, size_t n) {
  for (size_t i = 0; i < n; i += 4) {
    const float32x4_t v = ck_from_f16_4(ck_load_words(x + i, n - i));
    ck_store_4(y + i, n - i, vfmaq_n_f32(ck_load_4(y + i, n - i), v, alpha));
  }
}

enum { mix_queries = 4, mix_columns = 16 };

CK_INLINE void mix_tile(ck_format format, size_t queries, const float *p, size_t p_stride, const uint8_t *v,
                        size_t v_stride, size_t keys, size_t n, float *out, size_t out_stride) {
  for (size_t k = 0; k < n; k += 4) {
    float32x4_t s[mix_queries];
    for (size_t i = 0; i < queries; i++) s[i] = ck_load_4(out + i * out_stride + k, n - k);
    for (size_t j = 0; j < keys; j++) {
      const uint8_t *at = v + j * v_stride;
      const float32x4_t row = format == CK_F16 ? ck_from_f16_4(ck_load_words(at + 2 * k, n - k))
                                               : ck_load_4((const float *)(const void *)at + k, n - k);
      for (size_t i = 0; i < queries; i++) s[i] = vfmaq_n_f32(s[i], row, p[i * p_stride + j]);
    }
    for (size_t i = 0; i < queries; i++) ck_store_4(out + i * out_stride + k, n - k, s[i]);
  }
}

#include "../mix.h"

static void to_f16(const float *x, uint16_t *out, size_t n) {
  for (size_t i = 0; i < n; i += 4) {
    uint16_t h[4];
    vst1_u16(h, vreinterpret_u16_f16(vcvt_f16_f32(ck_load_4(x + i, n - i))));
    memcpy(out + i, h, CK_MIN(n - i, 4) * sizeof(uint16_t));
  }
}

static void scale(float alpha, float *x, size_t n) {
  for (size_t i = 0; i < n; i += 4) ck_store_4(x + i, n - i, vmulq_n_f32(ck_load_4(x + i, n - i), alpha));
}

static void rms_norm(const float *x, const float *weight, float weight_offset, float eps, float *out, size_t n) {
  const float factor = 1 / sqrtf(sum_of_squares(x, n) / (float)n + eps);
  const float32x4_t offset = vdupq_n_f32(weight_offset);
  for (size_t i = 0; i < n; i += 4) {
    float32x4_t v = vmulq_n_f32(ck_load_4(x + i, n - i), factor);
    if (weight) v = vmulq_f32(v, vaddq_f32(ck_load_4(weight + i, n - i), offset));
    ck_store_4(out + i, n - i, v);
  }
}

// fmax keeps NaN, in vectors and across lanes.
static float maximum(const float *x, size_t n) {
  float32x4_t best = vdupq_n_f32(-INFINITY);
  size_t i = 0;
  for (; i + 4 <= n; i += 4) best = vmaxq_f32(best, vld1q_f32(x + i));
  float m = vmaxvq_f32(best);
  for (; i < n; i++) m = isnan(x[i]) || x[i] > m ? (isnan(m) ? m : x[i]) : m;
  return m;
}

CK_INLINE float32x4_t two_to(int32x4_t n) {
  return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23));
}

// exp: x = n ln 2 + r, |r| <= ln 2 / 2, exp(r) by a polynomial fitted for relative error (3e-9), times 2^n in two
// steps, so that it overflows, underflows and makes subnormal numbers as it should. The clamp keeps infinities out of
// the reduction; NaN passes it.
CK_INLINE float32x4_t exponential(float32x4_t x) {
  x = vminq_f32(vmaxq_f32(x, vdupq_n_f32(-160)), vdupq_n_f32(130));
  const float32x4_t n = vrndnq_f32(vmulq_n_f32(x, 0x1.715476p+0f));
  float32x4_t r = vfmsq_n_f32(x, n, 0x1.62e4p-1f);
  r = vfmsq_n_f32(r, n, 0x1.7f7d1cp-20f);
  float32x4_t p = vdupq_n_f32(0x1.6a23cep-10f);
  p = vfmaq_f32(vdupq_n_f32(0x1.123a2p-7f), p, r);
  p = vfmaq_f32(vdupq_n_f32(0x1.5558f2p-5f), p, r);
  p = vfmaq_f32(vdupq_n_f32(0x1.555492p-3f), p, r);
  p = vfmaq_f32(vdupq_n_f32(0x1.fffffcp-2f), p, r);
  p = vaddq_f32(vfmaq_f32(r, vmulq_f32(r, r), p), vdupq_n_f32(1));
  const int32x4_t whole = vcvtnq_s32_f32(n), half = vshrq_n_s32(whole, 1);
  return vmulq_f32(vmulq_f32(p, two_to(half)), two_to(vsubq_s32(whole, half)));
}

static float exp_minus(float *x, float max, size_t n) {
  float sum = 0;
  float32x4_t sums = vdupq_n_f32(0);
  for (size_t i = 0; i < n; i += 4) {
    const float32x4_t e = exponential(vsubq_f32(ck_load_4(x + i, n - i), vdupq_n_f32(max)));
    ck_store_4(x + i, n - i, e);
    if (n - i >= 4)
      sums = vaddq_f32(sums, e);
    else
      for (size_t k = i; k < n; k++) sum += x[k];
  }
  return ck_sum_4(sums) + sum;
}

// v / (1 + exp(-v)), or 1 / (1 + exp(-v)).
CK_INLINE float32x4_t over_one_plus_exp(float32x4_t numerator, float32x4_t v) {
  return vdivq_f32(numerator, vaddq_f32(vdupq_n_f32(1), exponential(vnegq_f32(v))));
}

static void silu_multiply(const float *gate, const float *up, float *out, size_t n) {
  for (size_t i = 0; i < n; i += 4) {
    const float32x4_t v = ck_load_4(gate + i, n - i);
    ck_store_4(out + i, n - i, vmulq_f32(over_one_plus_exp(v, v), ck_load_4(up + i, n - i)));
  }
}

static void silu(float *x, size_t n) {
  for (size_t i = 0; i < n; i += 4) {
    const float32x4_t v = ck_load_4(x + i, n - i);
    ck_store_4(x + i, n - i, over_one_plus_exp(v, v));
  }
}

static void sigmoid(float *x, size_t n) {
  for (size_t i = 0; i < n; i += 4)
    ck_store_4(x + i, n - i, over_one_plus_exp(vdupq_n_f32(1), ck_load_4(x + i, n - i)));
}

// Sixteen values to int8, to nearest even, and their sum.
CK_INLINE int16_t quantize_16(const float32x4_t *v, float inverse, int8_t *q) {
  int16x8_t words[2];
  for (int h = 0; h < 2; h++) {
    const int32x4_t a = vcvtnq_s32_f32(vmulq_n_f32(v[2 * h], inverse));
    const int32x4_t b = vcvtnq_s32_f32(vmulq_n_f32(v[2 * h + 1], inverse));
    words[h] = vcombine_s16(vmovn_s32(a), vmovn_s32(b));
  }
  vst1q_s8(q, vcombine_s8(vmovn_s16(words[0]), vmovn_s16(words[1])));
  return vaddvq_s16(vaddq_s16(words[0], words[1]));
}

static void quantize_q8(const float *x, size_t n, ck_block_q8 *out) {
  for (size_t c = 0; c < n; c += 32, out++) {
    float32x4_t v[8];
    uint32x4_t m = vdupq_n_u32(0);
    for (size_t i = 0; i < 8; i++) {
      v[i] = n - c > 4 * i ? ck_load_4(x + c + 4 * i, n - c - 4 * i) : vdupq_n_f32(0);
      m = vmaxq_u32(m, vandq_u32(vreinterpretq_u32_f32(v[i]), vdupq_n_u32(0x7FFFFFFF)));
    }
    const uint32_t largest = vmaxvq_u32(m);
    memset(out, 0, sizeof *out);
    if (largest >= 0x7F800000) out->scale = out->scaled_sum = NAN;
    if (largest >= 0x7F800000 || largest < CK_SMALLEST_MAX) continue;
    const float inverse = 127 / ck_float(largest);
    out->scale = ck_float(largest) / 127;
    out->sums[0] = quantize_16(v, inverse, out->q);
    out->sums[1] = quantize_16(v + 4, inverse, out->q + 16);
    out->scaled_sum = out->scale * (float)(out->sums[0] + out->sums[1]);
  }
}

#define FLOAT_PRODUCTS                                                                                     \
  [CK_F32] = ck_neon_multiply_f32, [CK_F16] = ck_neon_multiply_f16, [CK_BF16] = ck_neon_multiply_bf16,     \
  [CK_FP8_E4M3] = ck_neon_multiply_fp8

#define TABLE(id, text, prefix)                                                                  \
  const ck_kernels id = {                                                                        \
      .name = text,                                                                              \
      .peak_f32 = ck_neon_peak_f32,                                                              \
      .peak_int8 = prefix##_peak_int8,                                                           \
      .multiply = {FLOAT_PRODUCTS, CK_Q8_TABLE(prefix)},                                         \
      .multiply_f32 = {FLOAT_PRODUCTS, CK_BLOCK_FORMATS(ck_neon_multiply_blocks_f32)},           \
      .dequantize_row = dequantize,                                                              \
      .quantize_q8 = quantize_q8,                                                                \
      .dot = dot,                                                                                \
      .dot_f16 = dot_f16,                                                                        \
      .axpy = axpy,                                                                              \
      .axpy_f16 = axpy_f16,                                                                      \
      .mix = mix,                                                                                \
      .to_f16 = to_f16,                                                                          \
      .scale = scale,                                                                            \
      .rms_norm = rms_norm,                                                                      \
      .sum_of_squares = sum_of_squares,                                                          \
      .read_words = read_words,                                                                  \
      .max = maximum,                                                                            \
      .exp_minus = exp_minus,                                                                    \
      .silu_multiply = silu_multiply,                                                            \
      .silu = silu,                                                                              \
      .sigmoid = sigmoid,                                                                        \
  }

TABLE(ck_table_neon, "neon", ck_neon);
TABLE(ck_table_neon_dotprod, "neon-dotprod", ck_neon_dotprod);
TABLE(ck_table_neon_i8mm, "neon-i8mm", ck_neon_i8mm);
#endif
