// Vector operations in plain C, and the reference table. Sums are kept in double: this is the truth.
#define TARGET
#include "dequantize.h"

static float dot(const float *a, const float *b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)a[i] * b[i];
  return (float)sum;
}

static float dot_f16(const float *a, const uint16_t *b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)a[i] * ck_from_f16(b[i]);
  return (float)sum;
}

static void axpy(float alpha, const float *x, float *y, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = fmaf(alpha, x[i], y[i]);
}

static void axpy_f16(float alpha, const uint16_t *x, float *y, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = fmaf(alpha, ck_from_f16(x[i]), y[i]);
}

static void mix(ck_format format, const float *p, size_t p_stride, size_t queries, const void *v, size_t v_stride,
                size_t keys, size_t n, float *out, size_t out_stride) {
  for (size_t i = 0; i < queries; i++)
    for (size_t j = 0; j < keys; j++) {
      const uint8_t *row = (const uint8_t *)v + j * v_stride;
      for (size_t c = 0; c < n; c++) {
        const float value = format == CK_F16 ? ck_from_f16(ck_load16(row + 2 * c)) : ck_float(ck_load32(row + 4 * c));
        out[i * out_stride + c] = fmaf(p[i * p_stride + j], value, out[i * out_stride + c]);
      }
    }
}

static void to_f16(const float *x, uint16_t *out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = ck_to_f16(x[i]);
}

static void scale(float alpha, float *x, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] *= alpha;
}

static float sum_of_squares(const float *x, size_t n) { return dot(x, x, n); }

static uint32_t read_words(const uint32_t *x, size_t n) {
  uint32_t result = 0;
  for (size_t i = 0; i < n; i++) result ^= x[i];
  return result;
}

static void rms_norm(const float *x, const float *weight, float weight_offset, float eps, float *out,
                     size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
  const float factor = (float)(1 / sqrt(sum / (double)n + eps));
  for (size_t i = 0; i < n; i++) out[i] = x[i] * factor * (weight ? weight[i] + weight_offset : 1);
}

static float maximum(const float *x, size_t n) {
  float best = -INFINITY;
  for (size_t i = 0; i < n; i++)
    if (x[i] > best || isnan(x[i])) {
      best = x[i];
      if (isnan(best)) break;
    }
  return best;
}

static float exp_minus(float *x, float max, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += x[i] = expf(x[i] - max);
  return (float)sum;
}

static void silu_multiply(const float *gate, const float *up, float *out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = gate[i] / (1 + expf(-gate[i])) * up[i];
}

static void silu(float *x, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] = x[i] / (1 + expf(-x[i]));
}

static void sigmoid(float *x, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] = 1 / (1 + expf(-x[i]));
}

// Largest magnitude by its bits: NaN and infinities order above every number.
static void quantize_q8(const float *x, size_t n, ck_block_q8 *out) {
  for (size_t c = 0; c < n; c += 32, out++) {
    const size_t m = CK_MIN(32, n - c);
    uint32_t largest = 0;
    for (size_t i = 0; i < m; i++) {
      const uint32_t magnitude = ck_bits(x[c + i]) & 0x7FFFFFFF;
      if (magnitude > largest) largest = magnitude;
    }
    memset(out, 0, sizeof *out);
    if (largest >= 0x7F800000) out->scale = out->scaled_sum = NAN;
    if (largest >= 0x7F800000 || largest < CK_SMALLEST_MAX) continue;
    const float inverse = 127 / ck_float(largest);
    out->scale = ck_float(largest) / 127;
    for (size_t i = 0; i < m; i++) {
      out->q[i] = (int8_t)nearbyintf(x[c + i] * inverse);
      out->sums[i / 16] = (int16_t)(out->sums[i / 16] + out->q[i]);
    }
    out->scaled_sum = out->scale * (float)(out->sums[0] + out->sums[1]);
  }
}

const ck_kernels ck_table_reference = {
    .name = "reference",
    .peak_f32 = ck_reference_peak_f32,
    .peak_int8 = ck_reference_peak_int8,
    .multiply = {CK_FLOAT_FORMATS(ck_reference_multiply_f32),
                 CK_BLOCK_FORMATS(ck_reference_multiply_q8)},
    .multiply_f32 = {CK_FLOAT_FORMATS(ck_reference_multiply_f32),
                     CK_BLOCK_FORMATS(ck_reference_multiply_f32)},
    .dequantize_row = dequantize_row,
    .quantize_q8 = quantize_q8,
    .dot = dot,
    .dot_f16 = dot_f16,
    .axpy = axpy,
    .axpy_f16 = axpy_f16,
    .mix = mix,
    .to_f16 = to_f16,
    .scale = scale,
    .rms_norm = rms_norm,
    .sum_of_squares = sum_of_squares,
    .read_words = read_words,
    .max = maximum,
    .exp_minus = exp_minus,
    .silu_multiply = silu_multiply,
    .silu = silu,
    .sigmoid = sigmoid,
};
