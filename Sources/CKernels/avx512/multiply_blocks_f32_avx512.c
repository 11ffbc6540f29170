// Products of block formats with float activations, AVX-512: the exact path.
//
// A span of four rows is dequantised to a buffer and then multiplied with up to 64 tokens, two at a time; their sums
// wait in memory between spans.
#if defined(__x86_64__)
#include "avx512.h"

#define TARGET CK_AVX512_TARGET
#include "../reference/dequantize.h"

TARGET void ck_avx512_dequantize_row(const ck_matrix *w, size_t row, float *out) { dequantize_row(w, row, out); }

enum { rows_at_once = 4, tokens_at_once = 64 };

CK_INLINE TARGET void span_product(const float (*weights)[CK_SPAN], size_t n, const float *const *x, int tokens,
                                   __m512 (*sums)[rows_at_once]) {
  __m512 s[2][rows_at_once];
  for (int t = 0; t < tokens; t++)
    for (int r = 0; r < rows_at_once; r++) s[t][r] = sums[t][r];
  for (size_t c = 0; c < n; c += 16) {
    __m512 v[2];
    for (int t = 0; t < tokens; t++) v[t] = _mm512_loadu_ps(x[t] + c);
    for (int r = 0; r < rows_at_once; r++) {
      const __m512 w = _mm512_load_ps(weights[r] + c);
      for (int t = 0; t < tokens; t++) s[t][r] = _mm512_fmadd_ps(w, v[t], s[t][r]);
    }
  }
  for (int t = 0; t < tokens; t++)
    for (int r = 0; r < rows_at_once; r++) sums[t][r] = s[t][r];
}

TARGET CK_PRODUCT(ck_avx512_multiply_blocks_f32) {
  float span[rows_at_once][CK_SPAN] __attribute__((aligned(64)));
  __m512 sums[tokens_at_once][rows_at_once];
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
          y[(t0 + t) * y_stride + (r + i - row_begin)] = ck_avx512_halve(sums[t][i]);
    }
  }
}
#endif
