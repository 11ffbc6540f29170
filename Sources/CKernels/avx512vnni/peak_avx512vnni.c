// The peak of dot products of bytes, AVX-512 VNNI.
#if defined(__x86_64__)
#include <immintrin.h>

#include "../peak.h"
#include "avx512vnni.h"

CK_AVX512_VNNI_TARGET CK_PEAK(ck_avx512vnni_peak_int8, __m512i, "v", 12, _mm512_set1_epi8(3),
                              _mm512_dpbusd_epi32(s, a, a), 128)
#endif
