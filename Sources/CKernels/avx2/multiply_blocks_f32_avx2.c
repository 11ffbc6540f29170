// Products of block formats with float activations, AVX2: the exact path.
//
// A span of two rows is dequantised to a buffer and then multiplied with up to 64 tokens, two at a time; their sums
// wait in memory between spans.
#if defined(__x86_64__)
#include "avx2.h"

#define TARGET CK_AVX2_TARGET
#include "../reference/dequantize.h"

TARGET void ck_avx2_dequantize_row(const ck_matrix *w, size_t row, float *out) { dequantize_row(w, row, out); }

enum { rows_at_once = 2, tokens_at_once = 64 };

typedef __m256 sixteen_lanes[2];

CK_INLINE TARGET void span_product(const float (*weights)[CK_SPAN], size_t n, const float *const *x, int tokens,
                                   sixteen_lanes (*sums)[rows_at_once]) {
  sixteen_lanes s[2][rows_at_once];
  memcpy(s, sums, (size_t)tokens * sizeof s[0]);
  for (size_t c = 0; c < n; c += 16)
    for (int h = 0; h < 2; h++) {
      __m256 v[2];
      for (int t = 0; t < tokens; t++) v[t] = _mm256_loadu_ps(x[t] + c + 8 * h);
      for (int r = 0; r < rows_at_once; r++) {
        const __m256 w = _mm256_load_ps(weights[r] + c + 8 * h);
        for (int t = 0; t < tokens; t++) s[t][r][h] = _mm256_fmadd_ps(w, v[t], s[t][r][h]);
      }
    }
  memcpy(sums, s, (size_t)tokens * sizeof s[0]);
}

TARGET CK_PRODUCT(ck_avx2_multiply_blocks_f32) {
  float span[rows_at_once][CK_SPAN] __attribute__((aligned(64)));
  sixteen_lanes sums[tokens_at_once][rows_at_once];
  for (size_t r = row_begin; r < row_end; r += rows_at_once) {
    const size_t rows = CK_MIN(rows_at_once, row_end - r);
    for (size_t t0 = 0; t0 < tokens; t0 += tokens_at_once) {
      const size_t n = CK_MIN(tokens_at_once, tokens - t0);
      memset(sums, 0, n * sizeof sums[0]);
      for (size_t c = 0; c < w->cols; c += CK_SPAN) {
        const size_t width = CK_MIN(CK_SPAN, w->cols - c);
        for (size_t i = 0; i < rows_at_once; i++) dequantize_span(w, r + CK_MIN(i, rows - 1), c, width, span[i]);
        for (size_t t = 0; t < n; t += 2) {
          const float *in[2];
          const int pair = t + 1 < n ? 2 : 1;
          for (int i = 0; i < pair; i++)
            in[i] = (const float *)ck_activation_of(x, x_stride, x_index, t0 + t + (size_t)i) + c;
          if (pair == 2)
            span_product((const float(*)[CK_SPAN])span, width, in, 2, sums + t);
          else
            span_product((const float(*)[CK_SPAN])span, width, in, 1, sums + t);
        }
      }
      for (size_t t = 0; t < n; t++)
        for (size_t i = 0; i < rows; i++)
          y[(t0 + t) * y_stride + (r + i - row_begin)] = ck_avx2_halve(sums[t][i][0], sums[t][i][1]);
    }
  }
}
#endif
