// What the NEON files share: partial loads and stores, the order of sums, the products of the tables.
#ifndef CK_NEON_H
#define CK_NEON_H

#include <arm_neon.h>

#include "../internal.h"

// Four floats, or the first `left` of them and zeros.
CK_INLINE float32x4_t ck_load_4(const float *p, size_t left) {
  if (left >= 4) return vld1q_f32(p);
  float v[4] = {0};
  memcpy(v, p, left * sizeof(float));
  return vld1q_f32(v);
}

CK_INLINE void ck_store_4(float *p, size_t left, float32x4_t v) {
  if (left >= 4) {
    vst1q_f32(p, v);
    return;
  }
  float out[4];
  vst1q_f32(out, v);
  memcpy(p, out, left * sizeof(float));
}

// Four 16-bit words, or the first `left` of them and zeros.
CK_INLINE uint16x4_t ck_load_words(const void *p, size_t left) {
  uint16_t v[4] = {0};
  memcpy(v, p, CK_MIN(left, 4) * sizeof(uint16_t));
  return vld1_u16(v);
}

CK_INLINE float32x4_t ck_from_f16_4(uint16x4_t h) { return vcvt_f32_f16(vreinterpret_f16_u16(h)); }

CK_INLINE float ck_sum_4(float32x4_t v) {
  const float32x2_t half = vadd_f32(vget_low_f32(v), vget_high_f32(v));
  return vget_lane_f32(half, 0) + vget_lane_f32(half, 1);
}

CK_PRODUCT(ck_neon_multiply_f32);
CK_PRODUCT(ck_neon_multiply_f16);
CK_PRODUCT(ck_neon_multiply_bf16);
CK_PRODUCT(ck_neon_multiply_fp8);
CK_PRODUCT(ck_neon_multiply_blocks_f32);
double ck_neon_peak_f32(size_t steps);
double ck_neon_peak_int8(size_t steps);
double ck_neon_dotprod_peak_int8(size_t steps);
double ck_neon_i8mm_peak_int8(size_t steps);
CK_DECLARE_Q8_PRODUCTS(ck_neon)
CK_DECLARE_Q8_PRODUCTS(ck_neon_dotprod)
CK_DECLARE_Q8_PRODUCTS(ck_neon_i8mm)

#endif
