// Products with 8-bit activations, NEON without the dot product instructions: widening products, added in pairs.
#if defined(__aarch64__)
#define TARGET
#include "unpack_neon.h"

enum { tile_tokens = 4 };

// Codes with offset 128 are made signed, the others are small enough to be.
CK_INLINE void integer_sums(int offset, size_t n, const uint8_t *q, size_t steps, size_t column, int halves,
                            const ck_block_q8 *const *x, size_t block, int32x4_t (*sums)[2]) {
  const int wide = offset == 128;
  for (size_t t = 0; t < n; t++) {
    const int sum = (halves & 1 ? x[t][block].sums[0] : 0) + (halves & 2 ? x[t][block].sums[1] : 0);
    sums[t][0] = sums[t][1] = vdupq_n_s32(wide ? 0 : -offset * sum);
  }
  for (size_t g = 0; g < steps; g++)
    for (size_t k = 0; k < 2; k++) {
      const uint8x16_t codes = vld1q_u8(q + 64 * g + 16 * k);
      const int8x16_t v = vreinterpretq_s8_u8(wide ? veorq_u8(codes, vdupq_n_u8(0x80)) : codes);
      for (size_t t = 0; t < n; t++) {
        const int8x16_t a = vreinterpretq_s8_u32(vdupq_n_u32(ck_load32(x[t][block].q + column + 4 * g)));
        const int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(v), vget_low_s8(a)));
        const int32x4_t high = vpaddlq_s16(vmull_high_s8(v, a));
        sums[t][k] = vaddq_s32(sums[t][k], vpaddq_s32(low, high));
      }
    }
}

#include "kernel_q8_neon.h"
#include "../product_q8.h"

CK_Q8_PRODUCTS(ck_neon)
#endif
