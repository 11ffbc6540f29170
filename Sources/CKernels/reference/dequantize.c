// Rows of any format as floats.
#include "../internal.h"

static void dequantize_blocks(const ck_matrix *w, size_t row, size_t col, size_t n, float *out) {
  const size_t block = ck_format_block(w->format);
  uint8_t buffer[256];
  ck_codes codes;
  for (size_t c = 0; c < n; c += block) {
    ck_block_codes(w->format, ck_file_block(w, row, (col + c) / block, buffer), &codes);
    if (ck_format_has_min(w->format))
      for (size_t i = 0; i < block; i++) out[c + i] = codes.a[i / 16] * (float)codes.q[i] - codes.b[i / 16];
    else
      for (size_t i = 0; i < block; i++) out[c + i] = codes.a[i / 16] * (float)codes.q[i];
  }
}

void ck_dequantize_span(const ck_matrix *w, size_t row, size_t col, size_t n, float *out) {
  const uint8_t *p = (const uint8_t *)w->data + row * w->row_bytes;
  switch (w->format) {
    case CK_F32: memcpy(out, p + 4 * col, 4 * n); break;
    case CK_F16:
      for (size_t i = 0; i < n; i++) out[i] = ck_from_f16(ck_load16(p + 2 * (col + i)));
      break;
    case CK_BF16:
      for (size_t i = 0; i < n; i++) out[i] = ck_from_bf16(ck_load16(p + 2 * (col + i)));
      break;
    case CK_FP8_E4M3: {
      const float *scales = w->scales + (w->scale_row + row) / 128 * w->scale_cols;
      for (size_t i = 0; i < n; i++) out[i] = ck_from_e4m3(p[col + i]) * scales[(col + i) / 128];
      break;
    }
    default: dequantize_blocks(w, row, col, n, out);
  }
}

void ck_dequantize_row(const ck_matrix *w, size_t row, float *out) {
  for (size_t c = 0; c < w->cols; c += CK_SPAN)
    ck_dequantize_span(w, row, c, CK_MIN(CK_SPAN, w->cols - c), out + c);
}
