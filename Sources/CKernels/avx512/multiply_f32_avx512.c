// Products with float activations, AVX-512: F32, F16, BF16 and FP8 weights converted in registers.
//
// A tile is R rows x T tokens, an accumulator of 16 lanes for each, so every weight loaded serves T tokens and every
// activation R rows. Decode (one token) runs eight rows at once, to hide the latency of one accumulator a row.
#if defined(__x86_64__)
#include <immintrin.h>

#include "avx512.h"

enum { max_rows = 8, max_tokens = 6 };

typedef struct {
  const uint8_t *rows[max_rows];
  const float *scales[max_rows];
  const float *x[max_tokens];
} tile_inputs;

// FP8 E4M3 by way of half precision: exponent and mantissa moved into place are the value / 256, subnormal ones
// included; only NaN needs care.
CK_INLINE CK_AVX512_TARGET __m512 from_e4m3(__m128i bytes, float scale) {
  const __m256i wide = _mm256_cvtepu8_epi16(bytes);
  const __m256i magnitude = _mm256_and_si256(wide, _mm256_set1_epi16(0x7F));
  const __m256i sign = _mm256_slli_epi16(_mm256_and_si256(wide, _mm256_set1_epi16(0x80)), 8);
  __m256i half = _mm256_or_si256(sign, _mm256_slli_epi16(magnitude, 7));
  half = _mm256_mask_mov_epi16(half, _mm256_cmpeq_epi16_mask(magnitude, _mm256_set1_epi16(0x7F)),
                               _mm256_set1_epi16(0x7E00));
  const __m512 value = _mm512_mul_ps(_mm512_cvtph_ps(half), _mm512_set1_ps(256));
  return _mm512_mul_ps(value, _mm512_set1_ps(scale));
}

CK_INLINE CK_AVX512_TARGET __m512 weights(ck_format format, const uint8_t *row, const float *scales, size_t c,
                                          __mmask16 m) {
  switch (format) {
    case CK_F32: return _mm512_maskz_loadu_ps(m, row + 4 * c);
    case CK_F16: return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(m, row + 2 * c));
    case CK_BF16: {
      const __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(m, row + 2 * c));
      return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
    }
    default: return from_e4m3(_mm_maskz_loadu_epi8(m, row + c), scales[c / 128]);
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

CK_INLINE CK_AVX512_TARGET void tile(ck_format format, int R, int T, const tile_inputs *in, size_t cols, float *y,
                                     size_t y_stride) {
  __m512 acc[max_rows][max_tokens];
#pragma clang loop unroll(full)
  for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
    for (int t = 0; t < T; t++) acc[r][t] = _mm512_setzero_ps();
  size_t c = 0;
  for (; c + 16 <= cols; c += 16) step(format, R, T, in, c, 0xFFFF, acc);
  if (c < cols) step(format, R, T, in, c, (__mmask16)((1u << (cols - c)) - 1), acc);
#pragma clang loop unroll(full)
  for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
    for (int t = 0; t < T; t++) y[(size_t)t * y_stride + (size_t)r] = ck_avx512_halve(acc[r][t]);
}

CK_INLINE CK_AVX512_TARGET void tokens_tile(ck_format format, int R, int T, const tile_inputs *in, size_t cols,
                                            float *y, size_t y_stride) {
  switch (T) {
    case 1: tile(format, R, 1, in, cols, y, y_stride); break;
    case 2: tile(format, R, 2, in, cols, y, y_stride); break;
    case 3: tile(format, R, 3, in, cols, y, y_stride); break;
    case 4: tile(format, R, 4, in, cols, y, y_stride); break;
    case 5: tile(format, R, 5, in, cols, y, y_stride); break;
    default: tile(format, R, 6, in, cols, y, y_stride);
  }
}

CK_INLINE CK_AVX512_TARGET void product(ck_format format, const ck_matrix *w, size_t row_begin, size_t row_end,
                                        const void *x, size_t x_stride, const int32_t *x_index, size_t tokens,
                                        float *y, size_t y_stride) {
  tile_inputs in;
  size_t rows = 0;
  for (size_t r = row_begin; r < row_end; r += rows) {
    const size_t left = row_end - r;
    rows = tokens == 1 && left >= 8 ? 8 : left >= 4 ? 4 : 1;
    for (size_t i = 0; i < rows; i++) {
      in.rows[i] = (const uint8_t *)w->data + (r + i) * w->row_bytes;
      in.scales[i] = format == CK_FP8_E4M3 ? w->scales + (w->scale_row + r + i) / 128 * w->scale_cols : NULL;
    }
    for (size_t t = 0; t < tokens; t += max_tokens) {
      const size_t n = CK_MIN(max_tokens, tokens - t);
      for (size_t i = 0; i < n; i++) in.x[i] = ck_activation_of(x, x_stride, x_index, t + i);
      float *to = y + t * y_stride + (r - row_begin);
      if (rows == 8)
        tile(format, 8, 1, &in, w->cols, to, y_stride);
      else if (rows == 4)
        tokens_tile(format, 4, (int)n, &in, w->cols, to, y_stride);
      else
        tokens_tile(format, 1, (int)n, &in, w->cols, to, y_stride);
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
