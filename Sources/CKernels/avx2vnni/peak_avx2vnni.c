// The peak of dot products of bytes, AVX2 with VNNI.
#if defined(__x86_64__)
#include "../avx2/avx2.h"
#include "../peak.h"

__attribute__((target("avx2,fma,f16c,avxvnni")))
CK_PEAK(ck_avx2vnni_peak_int8, __m256i, "x", 12, _mm256_set1_epi8(3), _mm256_dpbusd_avx_epi32(s, a, a), 64)
#endif
