// The peaks of multiply-adds and of dot products of bytes, AVX2: of the latter without VNNI, three instructions.
#if defined(__x86_64__)
#include "../peak.h"
#include "avx2.h"

CK_AVX2_TARGET CK_PEAK(ck_avx2_peak_f32, __m256, "x", 12, _mm256_set1_ps(0.5f), _mm256_fmadd_ps(s, a, a), 16)

CK_INLINE CK_AVX2_TARGET __m256i add_dots(__m256i s, __m256i a) {
  __asm__ volatile("" : "+x"(a));  // or the product would be made once for all chains
  return _mm256_add_epi32(s, _mm256_madd_epi16(_mm256_maddubs_epi16(a, a), _mm256_set1_epi16(1)));
}
CK_AVX2_TARGET CK_PEAK(ck_avx2_peak_int8, __m256i, "x", 8, _mm256_set1_epi8(3), add_dots(s, a), 64)
#endif
