// Products with 8-bit activations, AVX2: pairs of products in 16 bits (vpmaddubsw), added there as far as they fit.
#if defined(__x86_64__)
#include "avx2.h"

#define TARGET CK_AVX2_TARGET
#define WIDE_CODES_SIGNED 1
#include "unpack_avx2.h"

typedef struct {
  ints_v total;
  __m256i pairs;  // sums of pairs not yet added to the total
  __m256i by;     // what they are multiplied by then, in 16 bits: ones, or a row's integer scale
} direct_sum;

// Codes below 128 fit vpmaddubsw: a pair of products is at most 2 * 127 * 127. Codes with offset 128 do not; they are
// signed here, and their signs move to the activations.
CK_INLINE TARGET __m256i pair_sums(int wide, __m256i codes, __m256i x) {
  if (!wide) return _mm256_maddubs_epi16(codes, x);
  return _mm256_maddubs_epi16(_mm256_abs_epi8(codes), _mm256_sign_epi8(x, codes));
}

// How many groups of four columns sums of pairs stay within 16 bits, at most those of one scale: a pair is at most
// 2 * 127 * the largest code.
CK_INLINE size_t pairs_at_once(ck_format format) {
  switch (format) {
    case CK_Q4_0:
    case CK_Q4_1:
    case CK_Q4_K: return 8;
    case CK_Q6_K: return 2;
    case CK_Q8_0:
    case CK_IQ4_NL:
    case CK_IQ4_XS: return 1;
    default: return 4;  // at most 31, or two scales a block
  }
}

CK_INLINE TARGET void direct_begin(int offset, int first, int second, const ck_block_q8 *x, direct_sum *s) {
  const uint32_t low = first ? (uint32_t)-offset & 0xFFFF : 0, high = second ? (uint32_t)-offset << 16 : 0;
  s->total = (ints_v)_mm256_setzero_si256();
  s->by = _mm256_set1_epi16(1);
  if (offset && offset != 128)
    s->total = (ints_v)_mm256_madd_epi16(_mm256_set1_epi32((int)(low | high)), broadcast_32(x->sums));
}

CK_INLINE TARGET void add_pairs(ck_format format, size_t g, direct_sum *s, __m256i pairs) {
  const size_t most = pairs_at_once(format);
  s->pairs = g % most ? _mm256_add_epi16(s->pairs, pairs) : pairs;
  if (g % most == most - 1) s->total += (ints_v)_mm256_madd_epi16(s->pairs, s->by);
}

CK_INLINE TARGET void direct_add(ck_format format, size_t g, direct_sum *s, codes_v codes, const int8_t *x) {
  add_pairs(format, g, s, pair_sums(ck_code_offset(format) == 128, (__m256i)codes, broadcast_32(x)));
}

// direct_add where activations meet more vectors of codes than codes meet activations: signs move to the codes, of which
// only Q8_0 has -128, which no sign fits.
CK_INLINE TARGET void joint_add(ck_format format, size_t g, direct_sum *s, codes_v codes, const int8_t *x) {
  const __m256i four = broadcast_32(x);
  if (ck_code_offset(format) == 128 && format != CK_Q8_0)
    add_pairs(format, g, s, _mm256_maddubs_epi16(_mm256_abs_epi8(four), _mm256_sign_epi8((__m256i)codes, four)));
  else
    direct_add(format, g, s, codes, x);
}

enum { direct_sums_are_wide = 0 };

// Formats whose sums of pairs are multiplied by integer scales, not by ones: their dot products times a scale stay below
// 2^24, and no offset is taken off.
CK_INLINE int direct_scales_pairs(ck_format format) {
  return format == CK_Q2_K || format == CK_Q4_K || format == CK_Q5_K;
}

// Eight scales, each twice in 16 bits.
CK_INLINE TARGET ints_v direct_scale_pairs(const int8_t *scale) {
  const __m128i bytes = _mm_loadl_epi64((const __m128i *)scale);
  const __m256i twice = _mm256_setr_epi32((int)0x80008000, (int)0x80018001, (int)0x80028002, (int)0x80038003,
                                          (int)0x80048004, (int)0x80058005, (int)0x80068006, (int)0x80078007);
  return (ints_v)_mm256_shuffle_epi8(_mm256_broadcastq_epi64(bytes), twice);
}

CK_INLINE TARGET void direct_scale(direct_sum *s, ints_v pairs) { s->by = (__m256i)pairs; }

// Sums of pairs beside the totals: three tokens, or four of those whose pairs are added at once.
CK_INLINE size_t kernel_vectors(ck_format format) { return pairs_at_once(format) == 1 ? 1 : 2; }
CK_INLINE size_t kernel_tokens(ck_format format) { return pairs_at_once(format) == 1 ? 4 : 3; }

#include "kernel_q8_avx2.h"

CK_Q8_PRODUCTS(ck_avx2)
#endif
