// FP8 E4M3 to floats, AVX-512: exponent and mantissa moved into the place of a float's are the value / 2^120, subnormal
// ones included, as long as the processor takes subnormal floats as they are (nothing here asks for another mode).
//
// Quicker than by way of half precision, whose conversion is two operations on Zen. Only NaN and scales that 2^120
// carries beyond all numbers need care, so they are looked for first, in a block of 128 columns.
#ifndef CK_E4M3_AVX512_H
#define CK_E4M3_AVX512_H

#include "avx512.h"

// Whether e4m3_numbers can convert n columns (of one block, a multiple of 64) of R rows: the greatest bytes, as signed
// numbers and as unsigned ones, are no codes of NaN.
CK_INLINE CK_AVX512_TARGET int e4m3_plain(int R, const uint8_t *const *rows, const float *const *scales, size_t c,
                                          size_t n) {
  __m512i as_signed = _mm512_setzero_si512(), as_unsigned = as_signed;
  float scale = 0;
#pragma clang loop unroll(full)
  for (int r = 0; r < R; r++) {
    for (size_t i = 0; i < n; i += 64) {
      const __m512i bytes = _mm512_loadu_si512(rows[r] + c + i);
      as_signed = _mm512_max_epi8(as_signed, bytes);
      as_unsigned = _mm512_max_epu8(as_unsigned, bytes);
    }
    const float magnitude = fabsf(scales[r][c / 128]);
    scale = magnitude < 0x1p8f ? scale : magnitude;
  }
  return scale == 0 && _mm512_cmpeq_epi8_mask(as_signed, _mm512_set1_epi8(0x7F)) == 0 &&
         _mm512_cmpeq_epi8_mask(as_unsigned, _mm512_set1_epi8(-1)) == 0;
}

// Sixteen weights; `scale` is 2^120 times the block's, which is exact.
CK_INLINE CK_AVX512_TARGET __m512 e4m3_numbers(const uint8_t *p, __m512 scale) {
  const __m512i moved = _mm512_slli_epi32(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)), 20);
  const __m512i number = _mm512_and_si512(moved, _mm512_set1_epi32((int)0x87F00000));
  return _mm512_mul_ps(_mm512_castsi512_ps(number), scale);
}

// Sixteen weights of any kind, by way of half precision: there the same moves are the value / 256.
CK_INLINE CK_AVX512_TARGET __m512 e4m3_weights(__m128i codes, float scale) {
  const __m256i moved = _mm256_slli_epi16(_mm256_cvtepi8_epi16(codes), 7);
  const __m256i half = _mm256_and_si256(moved, _mm256_set1_epi16((short)0xBF80));
  const __m512 value = _mm512_mul_ps(_mm512_cvtph_ps(half), _mm512_set1_ps(256));
  const __mmask16 nan = _mm_testn_epi8_mask(_mm_add_epi8(codes, _mm_set1_epi8(1)), _mm_set1_epi8(0x7F));
  return _mm512_mask_mov_ps(_mm512_mul_ps(value, _mm512_set1_ps(scale)), nan, _mm512_set1_ps(NAN));
}

#endif
