// Rows of any format as floats: see codes.h for how this is compiled.
#ifndef CK_DEQUANTIZE_H
#define CK_DEQUANTIZE_H

#include "codes.h"

CK_INLINE TARGET void dequantize_block(ck_format format, const uint8_t *block, float *out) {
  ck_codes codes;
  block_codes(format, block, &codes);
  for (size_t j = 0; j < ck_block_of(format) / 16; j++)
    for (size_t i = 0; i < 16; i++) {
      out[16 * j + i] = codes.a[j] * (float)codes.q[16 * j + i];
      if (ck_format_min_of(format)) out[16 * j + i] -= codes.b[j];
    }
}

// A format the compiler knows, so that the inner loops are straight.
CK_INLINE TARGET void dequantize_blocks(ck_format format, const ck_matrix *w, size_t row, size_t col, size_t n,
                                        float *out) {
  const size_t block = ck_block_of(format);
  uint8_t buffer[256];
  for (size_t c = 0; c < n; c += block)
    dequantize_block(format, ck_file_block(w, row, (col + c) / block, buffer), out + c);
}

#define CK_DEQUANTIZE_CASE(prefix, format) \
  case format: dequantize_blocks(format, w, row, col, n, out); break;

// Columns col ..< col + n (col a multiple of CK_SPAN, n <= CK_SPAN) of a row.
TARGET static void dequantize_span(const ck_matrix *w, size_t row, size_t col, size_t n, float *out) {
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
    CK_EACH_BLOCK_FORMAT(CK_DEQUANTIZE_CASE, )
    default: break;
  }
}

CK_INLINE TARGET void dequantize_row(const ck_matrix *w, size_t row, float *out) {
  for (size_t c = 0; c < w->cols; c += CK_SPAN)
    dequantize_span(w, row, c, CK_MIN(CK_SPAN, w->cols - c), out + c);
}

#endif
