// The peaks of multiply-adds and of dot products of bytes, NEON and its extensions.
#if defined(__aarch64__)
#include "../peak.h"
#include "neon.h"

CK_PEAK(ck_neon_peak_f32, float32x4_t, "w", 12, vdupq_n_f32(0.5f), vfmaq_f32(a, s, a), 8)

CK_INLINE int32x4_t add_dots(int32x4_t s, int32x4_t a) {
  const int8x16_t b = vreinterpretq_s8_s32(a);
  return vpadalq_s16(s, vmlal_high_s8(vmull_s8(vget_low_s8(b), vget_low_s8(b)), b, b));
}
CK_PEAK(ck_neon_peak_int8, int32x4_t, "w", 12, vdupq_n_s32(3), add_dots(s, a), 32)

#define BYTES vreinterpretq_s8_s32(a)
__attribute__((target("dotprod")))
CK_PEAK(ck_neon_dotprod_peak_int8, int32x4_t, "w", 12, vdupq_n_s32(3), vdotq_s32(s, BYTES, BYTES), 32)
__attribute__((target("dotprod,i8mm")))
CK_PEAK(ck_neon_i8mm_peak_int8, int32x4_t, "w", 12, vdupq_n_s32(3), vmmlaq_s32(s, BYTES, BYTES), 64)
#endif
