// Products of block formats with float activations, AVX2: the exact path.
#if defined(__x86_64__)
#include "avx2.h"

#define TARGET CK_AVX2_TARGET
#include "../reference/dequantize.h"

TARGET void ck_avx2_dequantize_row(const ck_matrix *w, size_t row, float *out) { dequantize_row(w, row, out); }

CK_INLINE TARGET void fill_span(ck_format format, const ck_matrix *w, size_t row, size_t c, size_t n, float *out,
                                size_t step) {
  (void)format;  // dequantize_span is one function, not one a format
  float span[CK_SPAN] __attribute__((aligned(64)));
  dequantize_span(w, row, c, n, span);
  for (size_t i = 0; i < n; i += 8, out += step) _mm256_store_ps(out, _mm256_load_ps(span + i));
}

#include "span_avx2.h"

TARGET CK_PRODUCT(ck_avx2_multiply_blocks_f32) {
  span_product(w->format, w, row_begin, row_end, x, x_stride, x_index, tokens, y, y_stride);
}
#endif
