// Products with float activations for several tokens, AVX-512: a span of eight rows x 256 columns becomes floats in the
// first-level cache, and then meets up to 48 tokens, three at a time; their sums wait in memory between spans. Eight
// rows, because activations come from the second-level cache: each is used eight times.
//
// Before including, define fill_span(format, w, row, c, n, out): columns c ..< c + n of a row as floats, and
// zeros up to a multiple of 16.
#ifndef CK_SPAN_AVX512_H
#define CK_SPAN_AVX512_H

#include "avx512.h"

enum { span_rows = 8, span_tile = 3, span_tokens = 48 };

CK_INLINE CK_AVX512_TARGET void span_tile_product(const float (*weights)[CK_SPAN], size_t n, const float *const *x,
                                                  int tokens, __m512 (*sums)[span_rows]) {
  __m512 s[span_tile][span_rows];
#pragma clang loop unroll(full)
  for (int t = 0; t < tokens; t++)
#pragma clang loop unroll(full)
    for (int r = 0; r < span_rows; r++) s[t][r] = sums[t][r];
  size_t c = 0;
  for (; c < n; c += 16) {
    const __mmask16 m = n - c >= 16 ? 0xFFFF : (__mmask16)((1u << (n - c)) - 1);
    __m512 v[span_tile];
#pragma clang loop unroll(full)
    for (int t = 0; t < tokens; t++) v[t] = _mm512_maskz_loadu_ps(m, x[t] + c);
#pragma clang loop unroll(full)
    for (int r = 0; r < span_rows; r++) {
      const __m512 w = _mm512_load_ps(weights[r] + c);
#pragma clang loop unroll(full)
      for (int t = 0; t < tokens; t++) s[t][r] = _mm512_fmadd_ps(w, v[t], s[t][r]);
    }
  }
#pragma clang loop unroll(full)
  for (int t = 0; t < tokens; t++)
#pragma clang loop unroll(full)
    for (int r = 0; r < span_rows; r++) sums[t][r] = s[t][r];
}

CK_INLINE CK_AVX512_TARGET void span_product(ck_format format, const ck_matrix *w, size_t row_begin, size_t row_end,
                                             const void *x, size_t x_stride, const int32_t *x_index, size_t tokens,
                                             float *y, size_t y_stride) {
  float span[span_rows][CK_SPAN] __attribute__((aligned(64)));
  __m512 sums[span_tokens][span_rows];
  for (size_t t0 = 0; t0 < tokens; t0 += span_tokens) {
    const size_t n = CK_MIN(span_tokens, tokens - t0);
    const float *in[span_tokens];
    for (size_t t = 0; t < n; t++) in[t] = ck_activation_of(x, x_stride, x_index, t0 + t);
    for (size_t r = row_begin; r < row_end; r += span_rows) {
      const size_t rows = CK_MIN(span_rows, row_end - r);
      memset(sums, 0, n * sizeof sums[0]);
      for (size_t c = 0; c < w->cols; c += CK_SPAN) {
        const size_t width = CK_MIN(CK_SPAN, w->cols - c);
        for (size_t i = 0; i < rows; i++) fill_span(format, w, r + i, c, width, span[i]);
        for (size_t t = 0; t < n; t += span_tile) {
          const float *at[span_tile];
          const size_t some = CK_MIN(span_tile, n - t);
          for (size_t i = 0; i < some; i++) at[i] = in[t + i] + c;
          switch (some) {
            case 1: span_tile_product((const float(*)[CK_SPAN])span, width, at, 1, sums + t); break;
            case 2: span_tile_product((const float(*)[CK_SPAN])span, width, at, 2, sums + t); break;
            default: span_tile_product((const float(*)[CK_SPAN])span, width, at, 3, sums + t);
          }
        }
      }
      for (size_t t = 0; t < n; t++)
        _mm256_mask_storeu_ps(y + (t0 + t) * y_stride + (r - row_begin), (__mmask8)((1u << rows) - 1),
                              ck_avx512_halve_8(sums[t]));
    }
  }
}

#endif
