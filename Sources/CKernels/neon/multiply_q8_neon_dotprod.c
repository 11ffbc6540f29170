// Products with 8-bit activations, NEON with the dot product instructions (sdot by lane).
#if defined(__aarch64__)
#define TARGET __attribute__((target("dotprod")))
#include "unpack_neon.h"

enum { tile_tokens = 4 };

// Codes with offset 128 are made signed, the others are small enough to be.
CK_INLINE TARGET int8x16_t signed_codes(int wide, const uint8_t *q) {
  const uint8x16_t codes = vld1q_u8(q);
  return vreinterpretq_s8_u8(wide ? veorq_u8(codes, vdupq_n_u8(0x80)) : codes);
}

CK_INLINE TARGET void integer_sums(int offset, size_t n, const uint8_t *q, size_t steps, size_t column, int halves,
                                   const ck_block_q8 *const *x, size_t block, int32x4_t (*sums)[2]) {
  const int wide = offset == 128;
  for (size_t t = 0; t < n; t++) {
    const int sum = (halves & 1 ? x[t][block].sums[0] : 0) + (halves & 2 ? x[t][block].sums[1] : 0);
    sums[t][0] = sums[t][1] = vdupq_n_s32(wide ? 0 : -offset * sum);
  }
  for (size_t g = 0; g < steps; g += 4) {
    int8x16_t a[tile_tokens];
    for (size_t t = 0; t < n; t++) a[t] = vld1q_s8(x[t][block].q + column + 4 * g);
    for (size_t k = 0; k < 2; k++) {
      const uint8_t *at = q + 64 * g + 16 * k;
      const int8x16_t v0 = signed_codes(wide, at), v1 = signed_codes(wide, at + 64);
      const int8x16_t v2 = signed_codes(wide, at + 128), v3 = signed_codes(wide, at + 192);
      for (size_t t = 0; t < n; t++) {
        sums[t][k] = vdotq_laneq_s32(sums[t][k], v0, a[t], 0);
        sums[t][k] = vdotq_laneq_s32(sums[t][k], v1, a[t], 1);
        sums[t][k] = vdotq_laneq_s32(sums[t][k], v2, a[t], 2);
        sums[t][k] = vdotq_laneq_s32(sums[t][k], v3, a[t], 3);
      }
    }
  }
}

#include "kernel_q8_neon.h"
#include "../product_q8.h"

CK_Q8_PRODUCTS(ck_neon_dotprod)
#endif
