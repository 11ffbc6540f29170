// FP8 E4M3 to floats, AVX2: exponent and mantissa moved into the place of a float's are the value / 2^120, subnormal
// ones included, as long as the processor takes subnormal floats as they are (nothing here asks for another mode).
//
// By way of half precision, whose conversion is two operations on Zen, it is 4.0 bytes a cycle, so 5.5 (Zen 5). Only NaN
// and scales that 2^120 carries beyond all numbers need care, so they are looked for first, in a block of 128 columns.
#ifndef CK_E4M3_AVX2_H
#define CK_E4M3_AVX2_H

#include "avx2.h"

// Whether e4m3_numbers can convert n columns (of one block, a multiple of 32) of R rows: the greatest bytes, as signed
// numbers and as unsigned ones, are no codes of NaN.
CK_INLINE CK_AVX2_TARGET int e4m3_plain(int R, const uint8_t *const *rows, size_t c, size_t n, float scale) {
  __m256i as_signed = _mm256_setzero_si256(), as_unsigned = as_signed;
  for (size_t i = 0; i < n; i += 32)
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++) {
      const __m256i bytes = _mm256_loadu_si256((const __m256i *)(rows[r] + c + i));
      as_signed = _mm256_max_epi8(as_signed, bytes);
      as_unsigned = _mm256_max_epu8(as_unsigned, bytes);
    }
  const __m256i nan = _mm256_or_si256(_mm256_cmpeq_epi8(as_signed, _mm256_set1_epi8(0x7F)),
                                      _mm256_cmpeq_epi8(as_unsigned, _mm256_set1_epi8(-1)));
  return fabsf(scale) < 0x1p8f && _mm256_testz_si256(nan, nan);
}

// Eight weights; `scale` is 2^120 times the block's, which is exact.
CK_INLINE CK_AVX2_TARGET __m256 e4m3_numbers(const uint8_t *p, __m256 scale) {
  const __m256i moved = _mm256_slli_epi32(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)), 20);
  const __m256i number = _mm256_and_si256(moved, _mm256_set1_epi32((int)0x87F00000));
  return _mm256_mul_ps(_mm256_castsi256_ps(number), scale);
}

// Eight weights of any kind, of which `left` exist, by way of half precision: there the same moves are the value / 256.
CK_INLINE CK_AVX2_TARGET __m256 e4m3_weights(const uint8_t *p, size_t left, float scale) {
  uint64_t codes = 0;
  memcpy(&codes, p, CK_MIN(left, 8));
  const __m128i wide = _mm_cvtepu8_epi16(_mm_cvtsi64_si128((long long)codes));
  const __m128i magnitude = _mm_and_si128(wide, _mm_set1_epi16(0x7F));
  const __m128i sign = _mm_slli_epi16(_mm_and_si128(wide, _mm_set1_epi16(0x80)), 8);
  const __m128i nan = _mm_and_si128(_mm_cmpeq_epi16(magnitude, _mm_set1_epi16(0x7F)), _mm_set1_epi16(0x7E00));
  const __m128i half = _mm_or_si128(_mm_or_si128(sign, _mm_slli_epi16(magnitude, 7)), nan);
  const __m256 value = _mm256_mul_ps(_mm256_cvtph_ps(half), _mm256_set1_ps(256));
  return _mm256_mul_ps(value, _mm256_set1_ps(scale));
}

#endif
