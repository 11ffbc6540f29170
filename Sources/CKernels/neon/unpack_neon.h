// What tile.h asks of NEON.
#ifndef CK_UNPACK_NEON_H
#define CK_UNPACK_NEON_H

#include "neon.h"

CK_INLINE TARGET void halves_16(const uint8_t *in, float *out) {
  for (size_t i = 0; i < 16; i += 4) vst1q_f32(out + i, ck_from_f16_4(ck_load_words(in + 2 * i, 4)));
}

CK_INLINE TARGET void lookup(const uint8_t *in, const uint8_t *table, uint8_t *low, uint8_t *high, size_t n) {
  const uint8x16_t values = vld1q_u8(table);
  for (size_t i = 0; i < n; i += 16) {
    const uint8x16_t v = vld1q_u8(in + i);
    vst1q_u8(low + i, vqtbl1q_u8(values, vandq_u8(v, vdupq_n_u8(15))));
    vst1q_u8(high + i, vqtbl1q_u8(values, vshrq_n_u8(v, 4)));
  }
}

CK_INLINE TARGET void scale_16(const float *d, const int8_t *codes, float *out) {
  for (size_t i = 0; i < 16; i += 8) {
    const int16x8_t wide = vmovl_s8(vld1_s8(codes + i));
    vst1q_f32(out + i, vmulq_f32(vld1q_f32(d + i), vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide)))));
    vst1q_f32(out + i + 4, vmulq_f32(vld1q_f32(d + i + 4), vcvtq_f32_s32(vmovl_s16(vget_high_s16(wide)))));
  }
}

// Byte g / 2 of each row's word goes to its four codes, each of which tests a bit of it.
CK_INLINE TARGET void fifth_bits(const uint8_t *in, uint8_t *q) {
  static const uint8_t spread[16] = {0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12};
  const uint8x16_t tests[2] = {vreinterpretq_u8_u32(vdupq_n_u32(0x08040201)),
                               vreinterpretq_u8_u32(vdupq_n_u32(0x80402010))};
  for (size_t h = 0; h < 64; h += 16) {
    const uint8x16_t bits = vld1q_u8(in + h);
    for (size_t g = 0; g < 8; g++) {
      const uint8x16_t byte = vqtbl1q_u8(bits, vaddq_u8(vld1q_u8(spread), vdupq_n_u8((uint8_t)(g / 2))));
      const uint8x16_t sixteen = vandq_u8(vtstq_u8(byte, tests[g % 2]), vdupq_n_u8(16));
      vst1q_u8(q + 64 * g + h, vorrq_u8(vld1q_u8(q + 64 * g + h), sixteen));
    }
  }
}

#include "../tile.h"

#endif
