// The peak of multiply-adds, AVX-512.
#if defined(__x86_64__)
#include "../peak.h"
#include "avx512.h"

CK_AVX512_TARGET CK_PEAK(ck_avx512_peak_f32, __m512, "v", 12, _mm512_set1_ps(0.5f), _mm512_fmadd_ps(s, a, a), 32)
#endif
