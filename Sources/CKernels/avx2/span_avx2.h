// Products with float activations for several tokens, AVX2: a span of sixteen rows x 256 columns becomes floats in the
// first-level cache and then meets up to 48 tokens; their sums wait in memory between spans.
//
// The sixteen lanes of a sum are two registers, and four rows x three tokens of such sums would not fit sixteen. So the
// columns of the first eight lanes are multiplied first and those of the others after: twelve sums, three activations
// and a weight are sixteen registers, and seven loads feed twelve multiply-adds. Three tokens meet all sixteen rows in
// turn, because activations come from the second-level cache: each is used sixteen times. Weights lie in the order of
// their use: rows a kilobyte apart are at the same place of cache lines, where two loads cannot be served at once
// (Zen 5: 66 % of the peak, in order 88 %).
//
// Before including, define fill_span(format, w, row, c, n, out, step): columns c ..< c + n of a row as floats, eight
// at out, eight at out + step ..., and zeros up to a multiple of 16.
#ifndef CK_SPAN_AVX2_H
#define CK_SPAN_AVX2_H

#include "../stream.h"
#include "avx2.h"

enum {
  span_rows = 16,
  span_tile_rows = 4,
  span_tile_tokens = 3,
  span_tokens = 48,
  span_step = 8 * span_tile_rows  // floats from eight columns of a row to the next
};

typedef struct {
  float weights[span_rows / span_tile_rows][CK_SPAN * span_tile_rows] __attribute__((aligned(64)));
  __m256 sums[span_tokens][span_rows][2];
} span_state;

// Lanes first ..< first + 8 * halves of the sums of four rows.
CK_INLINE CK_AVX2_TARGET void span_tile(span_state *state, size_t row, size_t token, size_t n, const float *const *x,
                                        int tokens, int first, int halves) {
  __m256 s[span_tile_tokens][span_tile_rows][2];
#pragma clang loop unroll(full)
  for (int t = 0; t < tokens; t++)
#pragma clang loop unroll(full)
    for (int r = 0; r < span_tile_rows; r++)
#pragma clang loop unroll(full)
      for (int h = 0; h < halves; h++) s[t][r][h] = state->sums[token + (size_t)t][row + (size_t)r][first / 8 + h];
  const float *weights = state->weights[row / span_tile_rows];
  size_t c = 0;
  for (; c + 16 <= n; c += 16)
#pragma clang loop unroll(full)
    for (int h = 0; h < halves; h++) {
      const size_t at = c + (size_t)(first + 8 * h);
      __m256 v[span_tile_tokens];
#pragma clang loop unroll(full)
      for (int t = 0; t < tokens; t++) v[t] = _mm256_loadu_ps(x[t] + at);
#pragma clang loop unroll(full)
      for (int r = 0; r < span_tile_rows; r++) {
        const __m256 w = _mm256_load_ps(weights + at * span_tile_rows + 8 * r);
#pragma clang loop unroll(full)
        for (int t = 0; t < tokens; t++) s[t][r][h] = _mm256_fmadd_ps(w, v[t], s[t][r][h]);
      }
    }
#pragma clang loop unroll(full)
  for (int h = 0; h < halves; h++) {
    const size_t at = c + (size_t)(first + 8 * h);
    if (at >= n) break;
#pragma clang loop unroll(full)
    for (int t = 0; t < tokens; t++) {
      const __m256 v = ck_load_8(x[t] + at, n - at);
#pragma clang loop unroll(full)
      for (int r = 0; r < span_tile_rows; r++)
        s[t][r][h] = _mm256_fmadd_ps(_mm256_load_ps(weights + at * span_tile_rows + 8 * r), v, s[t][r][h]);
    }
  }
#pragma clang loop unroll(full)
  for (int t = 0; t < tokens; t++)
#pragma clang loop unroll(full)
    for (int r = 0; r < span_tile_rows; r++)
#pragma clang loop unroll(full)
      for (int h = 0; h < halves; h++) state->sums[token + (size_t)t][row + (size_t)r][first / 8 + h] = s[t][r][h];
}

// Four rows x one, two or three tokens; for one token, whose four sums would wait for each other, all lanes at once.
CK_INLINE CK_AVX2_TARGET void span_tiles(span_state *state, size_t row, size_t token, size_t tokens, size_t n,
                                         const float *const *x) {
  switch (tokens) {
    case 1: span_tile(state, row, token, n, x, 1, 0, 2); break;
    case 2:
      span_tile(state, row, token, n, x, 2, 0, 1);
      span_tile(state, row, token, n, x, 2, 8, 1);
      break;
    default:
      span_tile(state, row, token, n, x, 3, 0, 1);
      span_tile(state, row, token, n, x, 3, 8, 1);
  }
}

// The span after this one: of the same rows, or of the next ones. While tokens meet a span memory would be idle, so the
// next one is fetched meanwhile, and so are the next tokens, a part with each tile.
typedef struct {
  const uint8_t *at;
  size_t rows, bytes, row_bytes;
} span_next;

CK_INLINE CK_AVX2_TARGET span_next span_after(ck_format format, const ck_matrix *w, size_t row, size_t row_end,
                                              size_t c) {
  c += CK_SPAN;
  if (c >= w->cols) c = 0, row += span_rows;
  if (row >= row_end || ck_format_activation(format) == CK_ACT_Q8) return (span_next){0};
  const size_t size = stream_size(format);
  return (span_next){(const uint8_t *)w->data + row * w->row_bytes + c * size, CK_MIN(span_rows, row_end - row),
                     CK_MIN(CK_SPAN, w->cols - c) * size, w->row_bytes};
}

// Parts begin ..< end of `parts`.
CK_INLINE CK_AVX2_TARGET void span_fetch_weights(const span_next *next, size_t begin, size_t end, size_t parts) {
  for (size_t r = next->rows * begin / parts; r < next->rows * end / parts; r++)
    for (size_t i = 0; i < next->bytes; i += 64) __builtin_prefetch(next->at + r * next->row_bytes + i, 0, 2);
}

// A quarter of the columns of the tile of tokens after this one: which, says `row`.
CK_INLINE CK_AVX2_TARGET void span_fetch_tokens(const float *const *in, size_t n, size_t token, size_t c, size_t width,
                                                size_t row) {
  enum { quarter = CK_SPAN / (span_rows / span_tile_rows) };
  if (token == n) return;
  const size_t begin = row / span_tile_rows * quarter;
  for (size_t t = token; t < CK_MIN(n, token + span_tile_tokens); t++)
    for (size_t i = begin; i < CK_MIN(width, begin + quarter); i += 16) __builtin_prefetch(in[t] + c + i);
}

CK_INLINE CK_AVX2_TARGET void span_give_out(span_state *state, size_t rows, size_t tokens, float *y, size_t y_stride) {
  for (size_t t = 0; t < tokens; t++)
    for (size_t r = 0; r < rows; r += 4) {
      const __m128 four = ck_avx2_halve_4((const __m256(*)[2])state->sums[t] + r);
      float *to = y + t * y_stride + r;
      if (rows - r >= 4)
        _mm_storeu_ps(to, four);
      else
        for (size_t i = 0; i < rows - r; i++) to[i] = ((const float *)&four)[i];
    }
}

CK_INLINE CK_AVX2_TARGET void span_product(ck_format format, const ck_matrix *w, size_t row_begin, size_t row_end,
                                           const void *x, size_t x_stride, const int32_t *x_index, size_t tokens,
                                           float *y, size_t y_stride) {
  span_state state;
  for (size_t t0 = 0; t0 < tokens; t0 += span_tokens) {
    const size_t n = CK_MIN(span_tokens, tokens - t0);
    const float *in[span_tokens];
    for (size_t t = 0; t < n; t++) in[t] = ck_activation_of(x, x_stride, x_index, t0 + t);
    for (size_t r = row_begin; r < row_end; r += span_rows) {
      const size_t rows = CK_MIN(span_rows, row_end - r);
      if (rows % span_tile_rows)
        memset(state.weights[rows / span_tile_rows], 0, sizeof state.weights[rows / span_tile_rows]);
      memset(state.sums, 0, n * sizeof state.sums[0]);
      for (size_t c = 0; c < w->cols; c += CK_SPAN) {
        const size_t width = CK_MIN(CK_SPAN, w->cols - c);
        const span_next next = span_after(format, w, r, row_end, c);
        for (size_t i = 0; i < rows; i++)
          fill_span(format, w, r + i, c, width, state.weights[i / span_tile_rows] + i % span_tile_rows * 8,
                    span_step);
        for (size_t t = 0, some; t < n; t += some) {
          some = n - t == 4 ? 2 : CK_MIN(span_tile_tokens, n - t);  // two and two, not three and one
          const float *at[span_tile_tokens];
          for (size_t i = 0; i < some; i++) at[i] = in[t + i] + c;
          for (size_t i = 0; i < rows; i += span_tile_rows) {
            span_fetch_tokens(in, n, t + some, c, width, i);
            const size_t done = t * span_rows + i * some;
            span_fetch_weights(&next, done, done + span_tile_rows * some, n * span_rows);
            span_tiles(&state, i, t, some, width, at);
          }
        }
      }
      span_give_out(&state, rows, n, y + t0 * y_stride + (r - row_begin), y_stride);
    }
  }
}

#endif
