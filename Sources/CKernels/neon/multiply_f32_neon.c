// Products with float activations, NEON: float weights converted in registers, block formats dequantised to a buffer.
//
// The sixteen lanes of a sum are four registers: a tile is 2 rows x 2 tokens, or 4 x 1 in decode.
#if defined(__aarch64__)
#include "neon.h"

#define TARGET
#include "../reference/dequantize.h"

enum { max_rows = 4, max_tokens = 2 };

typedef struct {
  const uint8_t *rows[max_rows];
  const float *scales[max_rows];
  const float *x[max_tokens];
} tile_inputs;

// FP8 E4M3 by way of half precision: exponent and mantissa moved into place are the value / 256, subnormal ones
// included; only NaN needs care.
CK_INLINE float32x4_t from_e4m3(const uint8_t *p, size_t left, float scale) {
  uint8_t bytes[8] = {0};
  memcpy(bytes, p, CK_MIN(left, 4));
  const uint16x4_t wide = vget_low_u16(vmovl_u8(vld1_u8(bytes)));
  const uint16x4_t magnitude = vand_u16(wide, vdup_n_u16(0x7F));
  const uint16x4_t sign = vshl_n_u16(vand_u16(wide, vdup_n_u16(0x80)), 8);
  const uint16x4_t nan = vand_u16(vceq_u16(magnitude, vdup_n_u16(0x7F)), vdup_n_u16(0x7E00));
  const uint16x4_t half = vorr_u16(vorr_u16(sign, vshl_n_u16(magnitude, 7)), nan);
  return vmulq_n_f32(vmulq_n_f32(ck_from_f16_4(half), 256), scale);
}

// Four weights of a row from column c on, of which `left` exist.
CK_INLINE float32x4_t weights(ck_format format, const uint8_t *row, const float *scales, size_t c, size_t left) {
  switch (format) {
    case CK_F32: return ck_load_4((const float *)(const void *)(row + 4 * c), left);
    case CK_F16: return ck_from_f16_4(ck_load_words(row + 2 * c, left));
    case CK_BF16: return vreinterpretq_f32_u32(vshll_n_u16(ck_load_words(row + 2 * c, left), 16));
    default: return from_e4m3(row + c, left, scales[c / 128]);
  }
}

// Lanes added in halves: the order ck_multiply_fn promises.
CK_INLINE float halve(const float32x4_t *lane) {
  return ck_sum_4(vaddq_f32(vaddq_f32(lane[0], lane[2]), vaddq_f32(lane[1], lane[3])));
}

// Sixteen columns, or the `left` last ones.
CK_INLINE void step(ck_format format, int R, int T, const tile_inputs *in, size_t c, size_t left,
                    float32x4_t acc[max_rows][max_tokens][4]) {
#pragma clang loop unroll(full)
  for (size_t h = 0; h < 4; h++) {
    if (left <= 4 * h) return;
    float32x4_t x[max_tokens];
    for (int t = 0; t < T; t++) x[t] = ck_load_4(in->x[t] + c + 4 * h, left - 4 * h);
    for (int r = 0; r < R; r++) {
      const float32x4_t v = weights(format, in->rows[r], in->scales[r], c + 4 * h, left - 4 * h);
      for (int t = 0; t < T; t++) acc[r][t][h] = vfmaq_f32(acc[r][t][h], v, x[t]);
    }
  }
}

CK_INLINE void tile(ck_format format, int R, int T, const tile_inputs *in, size_t cols, float *y, size_t y_stride) {
  float32x4_t acc[max_rows][max_tokens][4];
  for (int r = 0; r < R; r++)
    for (int t = 0; t < T; t++)
      for (int h = 0; h < 4; h++) acc[r][t][h] = vdupq_n_f32(0);
  size_t c = 0;
  for (; c + 16 <= cols; c += 16) step(format, R, T, in, c, 16, acc);
  if (c < cols) step(format, R, T, in, c, cols - c, acc);
  for (int r = 0; r < R; r++)
    for (int t = 0; t < T; t++) y[(size_t)t * y_stride + (size_t)r] = halve(acc[r][t]);
}

CK_INLINE void product(ck_format format, const ck_matrix *w, size_t row_begin, size_t row_end, const void *x,
                       size_t x_stride, const int32_t *x_index, size_t tokens, float *y, size_t y_stride) {
  tile_inputs in;
  size_t rows = 0;
  for (size_t r = row_begin; r < row_end; r += rows) {
    const size_t left = row_end - r;
    rows = tokens == 1 && left >= 4 ? 4 : left >= 2 ? 2 : 1;
    for (size_t i = 0; i < rows; i++) {
      in.rows[i] = (const uint8_t *)w->data + (r + i) * w->row_bytes;
      in.scales[i] = format == CK_FP8_E4M3 ? w->scales + (w->scale_row + r + i) / 128 * w->scale_cols : NULL;
    }
    for (size_t t = 0; t < tokens; t += max_tokens) {
      const size_t n = CK_MIN(max_tokens, tokens - t);
      for (size_t i = 0; i < n; i++) in.x[i] = ck_activation_of(x, x_stride, x_index, t + i);
      float *to = y + t * y_stride + (r - row_begin);
      if (rows == 4)
        tile(format, 4, 1, &in, w->cols, to, y_stride);
      else if (rows == 2 && n == 2)
        tile(format, 2, 2, &in, w->cols, to, y_stride);
      else if (rows == 2)
        tile(format, 2, 1, &in, w->cols, to, y_stride);
      else if (n == 2)
        tile(format, 1, 2, &in, w->cols, to, y_stride);
      else
        tile(format, 1, 1, &in, w->cols, to, y_stride);
    }
  }
}

#define PRODUCT(name, format) \
  CK_PRODUCT(name) { product(format, w, row_begin, row_end, x, x_stride, x_index, tokens, y, y_stride); }

PRODUCT(ck_neon_multiply_f32, CK_F32)
PRODUCT(ck_neon_multiply_f16, CK_F16)
PRODUCT(ck_neon_multiply_bf16, CK_BF16)
PRODUCT(ck_neon_multiply_fp8, CK_FP8_E4M3)

enum { tokens_at_once = 64 };

// A span of one row is dequantised and then multiplied with up to 64 tokens, whose sums wait in memory.
CK_PRODUCT(ck_neon_multiply_blocks_f32) {
  float span[CK_SPAN];
  float32x4_t sums[tokens_at_once][4];
  for (size_t r = row_begin; r < row_end; r++) {
    for (size_t t0 = 0; t0 < tokens; t0 += tokens_at_once) {
      const size_t n = CK_MIN(tokens_at_once, tokens - t0);
      memset(sums, 0, n * sizeof sums[0]);
      for (size_t c = 0; c < w->cols; c += CK_SPAN) {
        const size_t width = CK_MIN(CK_SPAN, w->cols - c);
        dequantize_span(w, r, c, width, span);
        for (size_t t = 0; t < n; t++) {
          const float *in = (const float *)ck_activation_of(x, x_stride, x_index, t0 + t) + c;
          for (size_t i = 0; i < width; i += 16)
            for (size_t h = 0; h < 4; h++)
              sums[t][h] = vfmaq_f32(sums[t][h], vld1q_f32(span + i + 4 * h), vld1q_f32(in + i + 4 * h));
        }
      }
      for (size_t t = 0; t < n; t++) y[(t0 + t) * y_stride + (r - row_begin)] = halve(sums[t]);
    }
  }
}
#endif
