// Products of block formats with float activations, AVX-512: the exact path.
#if defined(__x86_64__)
#include "avx512.h"

#define TARGET CK_AVX512_TARGET
#include "../reference/dequantize.h"

TARGET void ck_avx512_dequantize_row(const ck_matrix *w, size_t row, float *out) { dequantize_row(w, row, out); }

CK_INLINE TARGET void fill_span(ck_format format, const ck_matrix *w, size_t row, size_t c, size_t n, float *out) {
  (void)format;  // dequantize_span is one function, not one a format
  dequantize_span(w, row, c, n, out);
}

#include "span_avx512.h"

TARGET CK_PRODUCT(ck_avx512_multiply_blocks_f32) {
  span_product(w->format, w, row_begin, row_end, x, x_stride, x_index, tokens, y, y_stride);
}
#endif
