// Products with float activations, AVX2: F32, F16, BF16 and FP8 weights converted in registers.
//
// The sixteen lanes of a sum are two registers. A tile is R rows x T tokens: 2 x 2 when there are some tokens, so that
// eight sums and their inputs fit sixteen registers, up to 4 x 1 in decode. For more than six tokens, of FP8, whose
// conversion is longer than its products, more than three, spans of converted weights are quicker (span_avx2.h).
#if defined(__x86_64__)
#include "../stream.h"
#include "avx2.h"
#include "e4m3_avx2.h"

enum { max_rows = 4, max_tokens = 2 };

typedef struct {
  const uint8_t *rows[max_rows];
  const float *scales[max_rows];
  const float *x[max_tokens];
  size_t ahead;  // bytes a row, for prefetching the next rows; 0: they were
} tile_inputs;

// Eight weights of a row from column c on, of which `left` exist.
CK_INLINE CK_AVX2_TARGET __m256 weights(ck_format format, const uint8_t *row, const float *scales, size_t c,
                                        size_t left) {
  switch (format) {
    case CK_F32: return ck_load_8((const float *)(const void *)(row + 4 * c), left);
    case CK_F16: return _mm256_cvtph_ps(ck_load_words(row + 2 * c, left));
    case CK_BF16: {
      const __m256i wide = _mm256_cvtepu16_epi32(ck_load_words(row + 2 * c, left));
      return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
    }
    default: return e4m3_weights(row + c, left, scales[c / 128]);
  }
}

// Eight columns: half h of the lanes.
CK_INLINE CK_AVX2_TARGET void step(ck_format format, int R, int T, const tile_inputs *in, size_t c, size_t left,
                                   int h, __m256 acc[max_rows][max_tokens][2]) {
  __m256 x[max_tokens];
#pragma clang loop unroll(full)
  for (int t = 0; t < T; t++) x[t] = ck_load_8(in->x[t] + c, left);
#pragma clang loop unroll(full)
  for (int r = 0; r < R; r++) {
    const __m256 v = weights(format, in->rows[r], in->scales[r], c, left);
#pragma clang loop unroll(full)
    for (int t = 0; t < T; t++) acc[r][t][h] = _mm256_fmadd_ps(v, x[t], acc[r][t][h]);
  }
}

// Columns c ..< end of FP8 weights that are plain.
CK_INLINE CK_AVX2_TARGET void steps_e4m3(int R, int T, const tile_inputs *in, __m256 scale, size_t c, size_t end,
                                         __m256 acc[max_rows][max_tokens][2]) {
  for (; c < end; c += 16)
#pragma clang loop unroll(full)
    for (size_t h = 0; h < 2; h++)
#pragma clang loop unroll(full)
      for (int r = 0; r < R; r++) {
        const __m256 v = e4m3_numbers(in->rows[r] + c + 8 * h, scale);
#pragma clang loop unroll(full)
        for (int t = 0; t < T; t++)
          acc[r][t][h] = _mm256_fmadd_ps(v, _mm256_loadu_ps(in->x[t] + c + 8 * h), acc[r][t][h]);
      }
}

// The same of weights of any kind and number. Not inlined, or it would take registers from the loop above.
static __attribute__((noinline)) CK_AVX2_TARGET void steps_any_e4m3(int R, int T, const tile_inputs *in, size_t c,
                                                                    size_t end, __m256 (*acc)[max_tokens][2]) {
  for (int h = 0; c < end; c += 8, h ^= 1)
    for (int r = 0; r < R; r++) {
      const __m256 v = e4m3_weights(in->rows[r] + c, end - c, in->scales[r][c / 128]);
      for (int t = 0; t < T; t++) acc[r][t][h] = _mm256_fmadd_ps(v, ck_load_8(in->x[t] + c, end - c), acc[r][t][h]);
    }
}

// Columns c ..< end of one block.
CK_INLINE CK_AVX2_TARGET void block_e4m3(int R, int T, const tile_inputs *in, size_t c, size_t end,
                                         __m256 acc[max_rows][max_tokens][2]) {
  const float scale = in->scales[0][c / 128];
  const size_t whole = (end - c) / 32 * 32;
  if (__builtin_expect(e4m3_plain(R, in->rows, c, whole, scale), 1)) {
    steps_e4m3(R, T, in, _mm256_set1_ps(0x1p120f * scale), c, c + whole, acc);
    c += whole;
  }
  if (__builtin_expect(c == end, 1)) return;
  __m256 sums[max_rows][max_tokens][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < R * T * 2; i++) sums[i / 2 / T][i / 2 % T][i % 2] = acc[i / 2 / T][i / 2 % T][i % 2];
  steps_any_e4m3(R, T, in, c, end, sums);
#pragma clang loop unroll(full)
  for (int i = 0; i < R * T * 2; i++) acc[i / 2 / T][i / 2 % T][i % 2] = sums[i / 2 / T][i / 2 % T][i % 2];
}

// Rows of FP8 weights have one scale, or there is one row.
CK_INLINE CK_AVX2_TARGET void tile(ck_format format, int R, int T, const tile_inputs *in, size_t cols, float *y,
                                   size_t y_stride) {
  __m256 acc[max_rows][max_tokens][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
    for (int t = 0; t < T; t++) acc[r][t][0] = acc[r][t][1] = _mm256_setzero_ps();
  for (size_t block = 0; block < cols; block += 128) {
    const size_t end = CK_MIN(cols, block + 128);
    if (in->ahead)
      stream_prefetch(format, in->rows, (size_t)R, in->ahead, block, end - block, cols, R == 1 ? 8192 : 4096);
    if (format == CK_FP8_E4M3) {
      block_e4m3(R, T, in, block, end, acc);
      continue;
    }
    size_t c = block;
    for (; c + 16 <= end; c += 16) {
      step(format, R, T, in, c, 8, 0, acc);
      step(format, R, T, in, c + 8, 8, 1, acc);
    }
    if (c < end) step(format, R, T, in, c, end - c, 0, acc);
    if (c + 8 < end) step(format, R, T, in, c + 8, end - c - 8, 1, acc);
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
    for (int t = 0; t < T; t++) y[(size_t)t * y_stride + (size_t)r] = ck_avx2_halve(acc[r][t][0], acc[r][t][1]);
}

CK_INLINE CK_AVX2_TARGET void fill_span(ck_format format, const ck_matrix *w, size_t row, size_t c, size_t n,
                                        float *out, size_t step) {
  const uint8_t *from = (const uint8_t *)w->data + row * w->row_bytes;
  const float *scales = format == CK_FP8_E4M3 ? w->scales + (w->scale_row + row) / 128 * w->scale_cols : NULL;
  const size_t end = c + n;
  while (c < end) {
    if (format == CK_FP8_E4M3 && c % 128 == 0 && end - c >= 128 && e4m3_plain(1, &from, c, 128, scales[c / 128])) {
      const __m256 scale = _mm256_set1_ps(0x1p120f * scales[c / 128]);
      for (size_t i = 0; i < 128; i += 8, out += step) _mm256_store_ps(out, e4m3_numbers(from + c + i, scale));
      c += 128;
    } else {
      _mm256_store_ps(out, weights(format, from, scales, c, end - c));
      c += 8, out += step;
    }
  }
  if ((n + 7) / 8 % 2) _mm256_store_ps(out, _mm256_setzero_ps());
}

#include "span_avx2.h"

CK_INLINE CK_AVX2_TARGET void product(ck_format format, const ck_matrix *w, size_t row_begin, size_t row_end,
                                      const void *x, size_t x_stride, const int32_t *x_index, size_t tokens,
                                      float *y, size_t y_stride) {
  if (tokens > (format == CK_FP8_E4M3 ? 3 : 6)) {
    span_product(format, w, row_begin, row_end, x, x_stride, x_index, tokens, y, y_stride);
    return;
  }
  tile_inputs in;
  size_t rows = 0;
  for (size_t r = row_begin; r < row_end; r += rows) {
    const size_t left = row_end - r;
    rows = tokens == 1 ? stream_rows(format, w->row_bytes, max_rows) : 2;
    if (rows > left || (format == CK_FP8_E4M3 && (w->scale_row + r) % 128 + rows > 128)) rows = 1;
    for (size_t i = 0; i < rows; i++) {
      in.rows[i] = (const uint8_t *)w->data + (r + i) * w->row_bytes;
      in.scales[i] = format == CK_FP8_E4M3 ? w->scales + (w->scale_row + r + i) / 128 * w->scale_cols : NULL;
    }
    for (size_t t = 0; t < tokens; t += max_tokens) {
      const size_t n = CK_MIN(max_tokens, tokens - t);
      in.ahead = t == 0 ? w->row_bytes : 0;
      for (size_t i = 0; i < n; i++) in.x[i] = ck_activation_of(x, x_stride, x_index, t + i);
      float *to = y + t * y_stride + (r - row_begin);
      if (rows == 4)
        tile(format, 4, 1, &in, w->cols, to, y_stride);
      else if (rows == 2 && n == 2)
        tile(format, 2, 2, &in, w->cols, to, y_stride);
      else if (rows == 2)
        tile(format, 2, 1, &in, w->cols, to, y_stride);
      else if (n == 2)
        tile(format, 1, 2, &in, w->cols, to, y_stride);
      else
        tile(format, 1, 1, &in, w->cols, to, y_stride);
    }
  }
}

#define PRODUCT(name, format)                                                       \
  CK_AVX2_TARGET CK_PRODUCT(name) {                                                 \
    product(format, w, row_begin, row_end, x, x_stride, x_index, tokens, y, y_stride); \
  }

PRODUCT(ck_avx2_multiply_f32, CK_F32)
PRODUCT(ck_avx2_multiply_f16, CK_F16)
PRODUCT(ck_avx2_multiply_bf16, CK_BF16)
PRODUCT(ck_avx2_multiply_fp8, CK_FP8_E4M3)
#endif
