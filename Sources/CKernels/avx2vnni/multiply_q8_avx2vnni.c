// Products with 8-bit activations, AVX2 and VNNI without AVX-512 (Alder Lake and later, Zen 5): four products and their
// sum in one instruction (vpdpbusd).
#if defined(__x86_64__)
#include "../avx2/avx2.h"

#define TARGET __attribute__((target("avx2,fma,f16c,avxvnni")))
#include "../avx2/unpack_avx2.h"

typedef struct {
  ints_v total;
} direct_sum;

CK_INLINE TARGET void direct_begin(int offset, int first, int second, const ck_block_q8 *x, direct_sum *s) {
  const uint32_t low = first ? (uint32_t)-offset & 0xFFFF : 0, high = second ? (uint32_t)-offset << 16 : 0;
  s->total = (ints_v)_mm256_setzero_si256();
  if (offset) s->total = (ints_v)_mm256_madd_epi16(_mm256_set1_epi32((int)(low | high)), broadcast_32(x->sums));
}

CK_INLINE TARGET void direct_add(ck_format format, size_t g, direct_sum *s, codes_v codes, const int8_t *x) {
  (void)format, (void)g;
  s->total = (ints_v)_mm256_dpbusd_avx_epi32((__m256i)s->total, (__m256i)codes, broadcast_32(x));
}

CK_INLINE TARGET void joint_add(ck_format format, size_t g, direct_sum *s, codes_v codes, const int8_t *x) {
  direct_add(format, g, s, codes, x);
}

enum { direct_sums_are_wide = 1 };  // 32 bits at once: there are no pairs to scale

CK_INLINE int direct_scales_pairs(ck_format format) { return (void)format, 0; }
CK_INLINE TARGET ints_v direct_scale_pairs(const int8_t *scale) { return (void)scale, (ints_v)_mm256_setzero_si256(); }
CK_INLINE TARGET void direct_scale(direct_sum *s, ints_v pairs) { (void)s, (void)pairs; }

CK_INLINE size_t kernel_vectors(ck_format format) { return (void)format, 2; }
CK_INLINE size_t kernel_tokens(ck_format format) { return (void)format, tile_tokens; }

#include "../avx2/kernel_q8_avx2.h"

CK_Q8_PRODUCTS(ck_avx2vnni)
#endif
