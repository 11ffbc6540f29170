// The vector operations of direct.h, AVX2.
#ifndef CK_DIRECT_AVX2_H
#define CK_DIRECT_AVX2_H

enum { direct_bytes = 32, direct_most = 4 };

#include "../direct_types.h"

typedef struct {
  ints_v total;
  __m256i pairs;  // sums of pairs not yet added to the total
} direct_sum;

// Most tokens a direct product takes: beyond, tiles of unpacked weights pay.
CK_INLINE size_t direct_tokens(ck_format format) {
  (void)format;
  return 4;
}

CK_INLINE TARGET void direct_begin(int offset, int first, int second, const ck_block_q8 *x, direct_sum *s) {
  const uint32_t low = first ? (uint32_t)-offset & 0xFFFF : 0, high = second ? (uint32_t)-offset << 16 : 0;
  s->total = (ints_v)_mm256_setzero_si256();
  if (offset && offset != 128)
    s->total = (ints_v)_mm256_madd_epi16(_mm256_set1_epi32((int)(low | high)), broadcast_32(x->sums));
}

CK_INLINE TARGET void direct_add(ck_format format, size_t g, direct_sum *s, codes_v codes, const int8_t *x) {
  const __m256i pairs = pair_sums(ck_code_offset(format) == 128, (__m256i)codes, broadcast_32(x));
  const size_t most = pairs_at_once(format);
  s->pairs = g % most ? _mm256_add_epi16(s->pairs, pairs) : pairs;
  if (g % most == most - 1) s->total += (ints_v)_mm256_madd_epi16(s->pairs, _mm256_set1_epi16(1));
}

CK_INLINE TARGET codes_v direct_lookup(const uint8_t *table, codes_v nibbles) {
  const __m256i values = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
  return (codes_v)_mm256_shuffle_epi8(values, (__m256i)nibbles);
}

// Byte g / 2 of each row's word goes to its four codes, each of which tests a bit of it.
CK_INLINE TARGET codes_v direct_fifth_bits(codes_v words, size_t g) {
  const __m256i places = _mm256_broadcastsi128_si256(_mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0C0C0C0C));
  const __m256i tests = _mm256_set1_epi32(g % 2 ? (int)0x80402010 : 0x08040201);
  const __m256i spread = _mm256_shuffle_epi8((__m256i)words, _mm256_add_epi8(places, _mm256_set1_epi8((char)(g / 2))));
  const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, tests), tests);
  return (codes_v)_mm256_and_si256(set, _mm256_set1_epi8(16));
}

CK_INLINE TARGET floats_v direct_halves(const uint8_t *p) {
  return (floats_v)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}

#include "../direct.h"

#endif
