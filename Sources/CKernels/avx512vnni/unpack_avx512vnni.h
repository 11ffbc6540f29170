// What tile.h asks of an instruction set, with vectors of 64 bytes; define TARGET first.
#ifndef CK_UNPACK_AVX512_VNNI_H
#define CK_UNPACK_AVX512_VNNI_H

#include <immintrin.h>

#include "avx512vnni.h"

CK_INLINE TARGET void halves_16(const uint8_t *in, float *out) {
  _mm512_storeu_ps(out, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)in)));
}

CK_INLINE TARGET void lookup(const uint8_t *in, const uint8_t *table, uint8_t *low, uint8_t *high, size_t n) {
  const __m512i values = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)table));
  const __m512i nibble = _mm512_set1_epi8(15);
  for (size_t i = 0; i < n; i += 64) {
    const __m512i v = _mm512_loadu_si512(in + i);
    _mm512_storeu_si512(low + i, _mm512_shuffle_epi8(values, _mm512_and_si512(v, nibble)));
    _mm512_storeu_si512(high + i, _mm512_shuffle_epi8(values, _mm512_and_si512(_mm512_srli_epi16(v, 4), nibble)));
  }
}

CK_INLINE TARGET void scale_16(const float *d, const int8_t *codes, float *out) {
  const __m512i wide = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)codes));
  _mm512_storeu_ps(out, _mm512_mul_ps(_mm512_loadu_ps(d), _mm512_cvtepi32_ps(wide)));
}

// Byte g / 2 of each row's word goes to its four codes, each of which tests a bit of it.
CK_INLINE TARGET void fifth_bits(const uint8_t *in, uint8_t *q) {
  const __m512i bits = _mm512_loadu_si512(in);
  const __m512i tests[2] = {_mm512_set1_epi32(0x08040201), _mm512_set1_epi32((int)0x80402010)};
  const __m512i words = _mm512_broadcast_i32x4(_mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0C0C0C0C));
#pragma clang loop unroll(full)
  for (int g = 0; g < 8; g++) {
    const __m512i spread = _mm512_shuffle_epi8(bits, _mm512_add_epi8(words, _mm512_set1_epi8((char)(g / 2))));
    const __m512i codes = _mm512_loadu_si512(q + 64 * g);
    const __mmask64 set = _mm512_test_epi8_mask(spread, tests[g % 2]);
    _mm512_storeu_si512(q + 64 * g, _mm512_mask_add_epi8(codes, set, codes, _mm512_set1_epi8(16)));
  }
}

#include "../tile.h"

#endif
