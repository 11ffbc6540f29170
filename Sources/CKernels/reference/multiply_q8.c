// Products of block formats with 8-bit activations: the definition of their sums.
#define TARGET
#include "codes.h"

static int32_t integer_dot(const int8_t *a, const int8_t *b, int n) {
  int32_t sum = 0;
  for (int i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

// One scale (and minimum) for 32 codes.
static float add_whole(const int8_t *q, const float *a, const float *b, int has_min, const ck_block_q8 *x,
                       float y) {
  y = fmaf((float)integer_dot(q, x->q, 32) * a[0], x->scale, y);
  return has_min ? fmaf(-b[0], x->scaled_sum, y) : y;
}

// A scale (and minimum) for each 16 codes.
static float add_halves(const int8_t *q, const float *a, const float *b, int has_min, const ck_block_q8 *x,
                        float y) {
  float v = (float)integer_dot(q, x->q, 16) * a[0];
  v = fmaf((float)integer_dot(q + 16, x->q + 16, 16), a[1], v);
  if (has_min) v = fmaf(-b[1], (float)x->sums[1], fmaf(-b[0], (float)x->sums[0], v));
  return fmaf(v, x->scale, y);
}

void ck_reference_multiply_q8(const ck_matrix *w, size_t row_begin, size_t row_end, const void *x,
                              size_t x_stride, const int32_t *x_index, size_t tokens, float *y,
                              size_t y_stride) {
  const size_t block = ck_format_block(w->format);
  const int has_min = ck_format_min_of(w->format), halves = ck_format_halves_of(w->format);
  uint8_t buffer[256];
  ck_codes codes;
  for (size_t r = row_begin; r < row_end; r++) {
    for (size_t t = 0; t < tokens; t++) {
      const ck_block_q8 *in = ck_activation_of(x, x_stride, x_index, t);
      float sum = 0;
      for (size_t c = 0; c < w->cols; c += block) {
        block_codes(w->format, ck_file_block(w, r, c / block, buffer), &codes);
        for (size_t i = 0; i < block; i += 32) {
          const ck_block_q8 *xb = in + (c + i) / 32;
          const float *a = codes.a + i / 16, *b = codes.b + i / 16;
          sum = halves ? add_halves(codes.q + i, a, b, has_min, xb, sum)
                       : add_whole(codes.q + i, a, b, has_min, xb, sum);
        }
      }
      y[t * y_stride + (r - row_begin)] = sum;
    }
  }
}
