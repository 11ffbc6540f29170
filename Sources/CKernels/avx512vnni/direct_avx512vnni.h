// The vector operations of direct.h, AVX-512 VNNI.
#ifndef CK_DIRECT_AVX512_VNNI_H
#define CK_DIRECT_AVX512_VNNI_H

enum { direct_bytes = 64, direct_most = 8 };

#include "../direct_types.h"

typedef struct {
  ints_v total;
} direct_sum;

// Most tokens for which unpacking again for every eight is quicker than building tiles: of the int8 rate with 16 tokens
// 65 % against 55 % for Q4_1, 42 % against 49 % for Q6_K (Zen 5).
CK_INLINE size_t direct_tokens(ck_format format) {
  if (ck_block_of(format) == 32) return 32;
  return format == CK_Q4_K || format == CK_IQ4_XS ? 16 : 8;
}

CK_INLINE TARGET void direct_begin(int offset, int first, int second, const ck_block_q8 *x, direct_sum *s) {
  const uint32_t low = first ? (uint32_t)-offset & 0xFFFF : 0, high = second ? (uint32_t)-offset << 16 : 0;
  s->total = (ints_v)_mm512_setzero_si512();
  if (offset) s->total = (ints_v)_mm512_madd_epi16(_mm512_set1_epi32((int)(low | high)), broadcast_32(x->sums));
}

CK_INLINE TARGET void direct_add(ck_format format, size_t g, direct_sum *s, codes_v codes, const int8_t *x) {
  (void)format, (void)g;
  s->total = (ints_v)_mm512_dpbusd_epi32((__m512i)s->total, (__m512i)codes, broadcast_32(x));
}

CK_INLINE TARGET codes_v direct_lookup(const uint8_t *table, codes_v nibbles) {
  const __m512i values = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)table));
  return (codes_v)_mm512_shuffle_epi8(values, (__m512i)nibbles);
}

// Byte g / 2 of each row's word goes to its four codes, each of which tests a bit of it.
CK_INLINE TARGET codes_v direct_fifth_bits(codes_v words, size_t g) {
  const __m512i places = _mm512_broadcast_i32x4(_mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0C0C0C0C));
  const __m512i tests = _mm512_set1_epi32(g % 2 ? (int)0x80402010 : 0x08040201);
  const __m512i spread = _mm512_shuffle_epi8((__m512i)words, _mm512_add_epi8(places, _mm512_set1_epi8((char)(g / 2))));
  return (codes_v)_mm512_maskz_mov_epi8(_mm512_test_epi8_mask(spread, tests), _mm512_set1_epi8(16));
}

CK_INLINE TARGET floats_v direct_halves(const uint8_t *p) {
  return (floats_v)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

#include "../direct.h"

#endif
