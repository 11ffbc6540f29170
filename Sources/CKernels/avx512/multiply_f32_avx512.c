// Products with float activations, AVX-512: F32, F16, BF16 and FP8 weights converted in registers.
//
// Three tokens meet eight rows at once, an accumulator of 16 lanes for each row and token: enough to hide the latency,
// and activations, which come from the second-level cache, are each used eight times. FP8, whose conversion is longer
// than its products, takes spans of converted weights for more than three tokens (span_avx512.h).
#if defined(__x86_64__)
#include <immintrin.h>

#include "../stream.h"
#include "avx512.h"
#include "e4m3_avx512.h"

enum { max_rows = 8, max_tokens = 3, block_tokens = 48, tile_bytes = 1 << 15 };

typedef struct {
  const uint8_t *rows[max_rows];
  const float *scales[max_rows];
  const float *const *x;
  size_t ahead;  // bytes a row, for prefetching the next rows; 0: they were
} tile_inputs;

CK_INLINE CK_AVX512_TARGET __m512 weights(ck_format format, const uint8_t *row, const float *scales, size_t c,
                                          __mmask16 m) {
  switch (format) {
    case CK_F32: return _mm512_maskz_loadu_ps(m, row + 4 * c);
    case CK_F16: return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(m, row + 2 * c));
    case CK_BF16: {
      const __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(m, row + 2 * c));
      return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
    }
    default: return e4m3_weights(_mm_maskz_loadu_epi8(m, row + c), scales[c / 128]);
  }
}

CK_INLINE CK_AVX512_TARGET void step(ck_format format, int R, int T, const tile_inputs *in, size_t c,
                                     __mmask16 m, __m512 acc[max_rows][max_tokens]) {
  __m512 x[max_tokens];
#pragma clang loop unroll(full)
  for (int t = 0; t < T; t++) x[t] = _mm512_maskz_loadu_ps(m, in->x[t] + c);
#pragma clang loop unroll(full)
  for (int r = 0; r < R; r++) {
    const __m512 v = weights(format, in->rows[r], in->scales[r], c, m);
#pragma clang loop unroll(full)
    for (int t = 0; t < T; t++) acc[r][t] = _mm512_mask3_fmadd_ps(v, x[t], acc[r][t], m);
  }
}

// Columns c ..< end of one block of FP8 weights that are plain.
CK_INLINE CK_AVX512_TARGET void steps_e4m3(int R, int T, const tile_inputs *in, size_t c, size_t end,
                                           __m512 acc[max_rows][max_tokens]) {
  __m512 scale[max_rows];
#pragma clang loop unroll(full)
  for (int r = 0; r < R; r++) scale[r] = _mm512_set1_ps(0x1p120f * in->scales[r][c / 128]);
  for (; c < end; c += 16)
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++) {
      const __m512 v = e4m3_numbers(in->rows[r] + c, scale[r]);
#pragma clang loop unroll(full)
      for (int t = 0; t < T; t++) acc[r][t] = _mm512_fmadd_ps(v, _mm512_loadu_ps(in->x[t] + c), acc[r][t]);
    }
}

// Columns begin ..< end of a tile; sums of the columns before wait in `sums`, unless there are none, and those of the
// last columns become results.
CK_INLINE CK_AVX512_TARGET void tile(ck_format format, int R, int T, const tile_inputs *in, size_t begin, size_t end,
                                     size_t cols, __m512 (*sums)[max_rows], float *y, size_t y_stride) {
  __m512 acc[max_rows][max_tokens];
#pragma clang loop unroll(full)
  for (int t = 0; t < T; t++)
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++) acc[r][t] = begin == 0 ? _mm512_setzero_ps() : sums[t][r];
  for (size_t block = begin; block < end; block += 128) {  // FP8 changes its scale every 128 columns
    const size_t stop = CK_MIN(end, block + 128);
    size_t c = block;
    if (in->ahead)  // eight rows have no time to look far, one alone must look further (F32, 7168 columns: 75 -> 85 %)
      stream_prefetch(format, in->rows, (size_t)R, in->ahead, block, stop - block, cols,
                      R == max_rows ? 256 * stream_size(format) : R == 1 ? 8192 : 4096);
    if (format == CK_FP8_E4M3) {
      const size_t whole = (stop - block) / 64 * 64;
      if (__builtin_expect(e4m3_plain(R, in->rows, in->scales, block, whole), 1)) {
        c += whole;
        steps_e4m3(R, T, in, block, c, acc);
      }
    }
    for (; c + 16 <= stop; c += 16) step(format, R, T, in, c, 0xFFFF, acc);
    if (c < stop) step(format, R, T, in, c, (__mmask16)((1u << (stop - c)) - 1), acc);
  }
#pragma clang loop unroll(full)
  for (int t = 0; t < T; t++) {
    __m512 column[max_rows];
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++) column[r] = acc[r][t];
    float *to = y + (size_t)t * y_stride;
    if (end < cols)
#pragma clang loop unroll(full)
      for (int r = 0; r < R; r++) sums[t][r] = column[r];
    else if (R == max_rows)
      _mm256_storeu_ps(to, ck_avx512_halve_8(column));
    else
#pragma clang loop unroll(full)
      for (int r = 0; r < R; r++) to[r] = ck_avx512_halve(column[r]);
  }
}

CK_INLINE CK_AVX512_TARGET void fill_span(ck_format format, const ck_matrix *w, size_t row, size_t c, size_t n,
                                          float *out) {
  const uint8_t *from = (const uint8_t *)w->data + row * w->row_bytes;
  const float *scales = format == CK_FP8_E4M3 ? w->scales + (w->scale_row + row) / 128 * w->scale_cols : NULL;
  const size_t end = c + n;
  while (c < end) {
    if (format == CK_FP8_E4M3 && c % 128 == 0 && end - c >= 128 && e4m3_plain(1, &from, &scales, c, 128)) {
      const __m512 scale = _mm512_set1_ps(0x1p120f * scales[c / 128]);
      for (size_t i = 0; i < 128; i += 16, out += 16) _mm512_store_ps(out, e4m3_numbers(from + c + i, scale));
      c += 128;
    } else {
      const __mmask16 m = end - c >= 16 ? 0xFFFF : (__mmask16)((1u << (end - c)) - 1);
      _mm512_store_ps(out, weights(format, from, scales, c, m));
      c += 16, out += 16;
    }
  }
}

#include "span_avx512.h"

CK_INLINE CK_AVX512_TARGET void few_rows(ck_format format, size_t rows, size_t tokens, const tile_inputs *in,
                                         size_t begin, size_t end, size_t cols, __m512 (*sums)[max_rows], float *y,
                                         size_t y_stride) {
#define TILE(R, T) \
  if (rows == R && tokens == T) tile(format, R, T, in, begin, end, cols, sums, y, y_stride)
  TILE(max_rows, 2);
  TILE(max_rows, 3);
  TILE(max_rows, 1);
  TILE(2, 1);
  TILE(4, 1);
  TILE(1, 1);
  TILE(1, 2);
  TILE(1, 3);
#undef TILE
}

CK_INLINE CK_AVX512_TARGET void product(ck_format format, const ck_matrix *w, size_t row_begin, size_t row_end,
                                        const void *x, size_t x_stride, const int32_t *x_index, size_t tokens,
                                        float *y, size_t y_stride) {
  if (format == CK_FP8_E4M3 && tokens > max_tokens) {
    span_product(format, w, row_begin, row_end, x, x_stride, x_index, tokens, y, y_stride);
    return;
  }
  const size_t segment = tokens > max_tokens ? tile_bytes / stream_size(format) / max_rows : w->cols;
  __m512 sums[block_tokens][max_rows];
  tile_inputs in;
  for (size_t t0 = 0; t0 < tokens; t0 += block_tokens) {
    const size_t n = CK_MIN(block_tokens, tokens - t0);
    const float *at[block_tokens];
#pragma clang loop vectorize(disable)
    for (size_t t = 0; t < n; t++) at[t] = ck_activation_of(x, x_stride, x_index, t0 + t);
    size_t rows = 0;
    for (size_t r = row_begin; r < row_end; r += rows) {
      const size_t most = tokens == 1 ? stream_rows(format, w->row_bytes, max_rows) : max_rows;
      rows = row_end - r >= most ? most : 1;
      for (size_t i = 0; i < rows; i++) {
        in.rows[i] = (const uint8_t *)w->data + (r + i) * w->row_bytes;
        in.scales[i] = format == CK_FP8_E4M3 ? w->scales + (w->scale_row + r + i) / 128 * w->scale_cols : NULL;
      }
      size_t c = 0;
      do {
        const size_t end = CK_MIN(w->cols, c + segment);
        for (size_t t = 0; t < n; t += max_tokens) {
          in.x = at + t;
          in.ahead = t == 0 ? w->row_bytes : 0;
          few_rows(format, rows, CK_MIN(max_tokens, n - t), &in, c, end, w->cols, sums + t,
                   y + (t0 + t) * y_stride + (r - row_begin), y_stride);
        }
        c = end;
      } while (c < w->cols);
    }
  }
}

#define PRODUCT(name, format)                                                       \
  CK_AVX512_TARGET CK_PRODUCT(name) {                                               \
    product(format, w, row_begin, row_end, x, x_stride, x_index, tokens, y, y_stride); \
  }

PRODUCT(ck_avx512_multiply_f32, CK_F32)
PRODUCT(ck_avx512_multiply_f16, CK_F16)
PRODUCT(ck_avx512_multiply_bf16, CK_BF16)
PRODUCT(ck_avx512_multiply_fp8, CK_FP8_E4M3)
#endif
