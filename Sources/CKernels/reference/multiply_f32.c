// Products with float activations, for every format: the definition of their summation order.
#define TARGET
#include "dequantize.h"

static float halve(float *lane) {
  for (int h = 8; h; h /= 2)
    for (int l = 0; l < h; l++) lane[l] += lane[l + h];
  return lane[0];
}

void ck_reference_multiply_f32(const ck_matrix *w, size_t row_begin, size_t row_end, const void *x,
                               size_t x_stride, const int32_t *x_index, size_t tokens, float *y,
                               size_t y_stride) {
  float span[CK_SPAN];
  for (size_t r = row_begin; r < row_end; r++) {
    for (size_t t = 0; t < tokens; t++) {
      const float *in = ck_activation_of(x, x_stride, x_index, t);
      float lane[16] = {0};
      for (size_t c = 0; c < w->cols; c += CK_SPAN) {
        const size_t n = CK_MIN(CK_SPAN, w->cols - c);
        dequantize_span(w, r, c, n, span);
        for (size_t i = 0; i < n; i++) lane[i % 16] = fmaf(span[i], in[c + i], lane[i % 16]);
      }
      y[t * y_stride + (r - row_begin)] = halve(lane);
    }
  }
}
