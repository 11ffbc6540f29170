// What tile.h asks of an instruction set, with vectors of 32 bytes; define TARGET first.
#ifndef CK_UNPACK_AVX2_H
#define CK_UNPACK_AVX2_H

#include "avx2.h"

CK_INLINE TARGET void halves_16(const uint8_t *in, float *out) {
  _mm256_storeu_ps(out, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)in)));
  _mm256_storeu_ps(out + 8, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(in + 16))));
}

CK_INLINE TARGET void lookup(const uint8_t *in, const uint8_t *table, uint8_t *low, uint8_t *high, size_t n) {
  const __m256i values = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
  const __m256i nibble = _mm256_set1_epi8(15);
  for (size_t i = 0; i < n; i += 32) {
    const __m256i v = _mm256_loadu_si256((const __m256i *)(in + i));
    const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble);
    _mm256_storeu_si256((__m256i *)(low + i), _mm256_shuffle_epi8(values, _mm256_and_si256(v, nibble)));
    _mm256_storeu_si256((__m256i *)(high + i), _mm256_shuffle_epi8(values, upper));
  }
}

CK_INLINE TARGET void scale_16(const float *d, const int8_t *codes, float *out) {
  for (int h = 0; h < 16; h += 8) {
    const __m256i wide = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(codes + h)));
    _mm256_storeu_ps(out + h, _mm256_mul_ps(_mm256_loadu_ps(d + h), _mm256_cvtepi32_ps(wide)));
  }
}

// Byte g / 2 of each row's word goes to its four codes, each of which tests a bit of it.
CK_INLINE TARGET void fifth_bits(const uint8_t *in, uint8_t *q) {
  const __m256i tests[2] = {_mm256_set1_epi32(0x08040201), _mm256_set1_epi32((int)0x80402010)};
  const __m256i words = _mm256_broadcastsi128_si256(_mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0C0C0C0C));
  for (int h = 0; h < 64; h += 32) {
    const __m256i bits = _mm256_loadu_si256((const __m256i *)(in + h));
#pragma clang loop unroll(full)
    for (int g = 0; g < 8; g++) {
      const __m256i spread = _mm256_shuffle_epi8(bits, _mm256_add_epi8(words, _mm256_set1_epi8((char)(g / 2))));
      const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, tests[g % 2]), tests[g % 2]);
      __m256i *codes = (__m256i *)(q + 64 * g + h);
      const __m256i with = _mm256_or_si256(_mm256_loadu_si256(codes), _mm256_and_si256(set, _mm256_set1_epi8(16)));
      _mm256_storeu_si256(codes, with);
    }
  }
}

CK_INLINE TARGET __m256i broadcast_32(const void *p) { return _mm256_set1_epi32((int)ck_load32(p)); }

#include "../tile.h"

enum { tile_tokens = 4, direct_bytes = 32, direct_most = 4 };

#include "../direct_types.h"

#endif
