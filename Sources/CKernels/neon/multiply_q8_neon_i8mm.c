// Products with 8-bit activations, NEON with int8 matrices (usmmla): two rows x two tokens x eight columns.
#if defined(__aarch64__)
#define TARGET __attribute__((target("dotprod,i8mm")))
#include "unpack_neon.h"

enum { tile_tokens = 4 };

// Two groups of four columns of four rows, as two pairs of rows with eight columns each.
typedef struct {
  uint8x16_t first, second;
} row_pairs;

CK_INLINE TARGET row_pairs load_pairs(const uint8_t *q) {
  const uint32x4_t a = vreinterpretq_u32_u8(vld1q_u8(q)), b = vreinterpretq_u32_u8(vld1q_u8(q + 64));
  return (row_pairs){vreinterpretq_u8_u32(vzip1q_u32(a, b)), vreinterpretq_u8_u32(vzip2q_u32(a, b))};
}

CK_INLINE TARGET void integer_sums(int offset, size_t n, const uint8_t *q, size_t steps, size_t column, int halves,
                                   const ck_block_q8 *const *x, size_t block, int32x4_t (*sums)[2]) {
  int32x4_t squares[tile_tokens / 2][4];  // [pair of tokens][pair of rows]: row, token = 00 01 10 11
  for (size_t p = 0; p < (n + 1) / 2; p++)
    for (size_t k = 0; k < 4; k++) squares[p][k] = vdupq_n_s32(0);
  for (size_t g = 0; g < steps; g += 2) {
    const row_pairs low = load_pairs(q + 64 * g), high = load_pairs(q + 64 * g + 16);
    for (size_t p = 0; p < (n + 1) / 2; p++) {
      const size_t other = 2 * p + 1 < n ? 2 * p + 1 : 2 * p;
      const int8x16_t a = vcombine_s8(vld1_s8(x[2 * p][block].q + column + 4 * g), vld1_s8(x[other][block].q + column + 4 * g));
      squares[p][0] = vusmmlaq_s32(squares[p][0], low.first, a);
      squares[p][1] = vusmmlaq_s32(squares[p][1], low.second, a);
      squares[p][2] = vusmmlaq_s32(squares[p][2], high.first, a);
      squares[p][3] = vusmmlaq_s32(squares[p][3], high.second, a);
    }
  }
  for (size_t t = 0; t < n; t++) {
    const int sum = (halves & 1 ? x[t][block].sums[0] : 0) + (halves & 2 ? x[t][block].sums[1] : 0);
    const int32x4_t start = vdupq_n_s32(-offset * sum);
    for (size_t k = 0; k < 2; k++) {
      const int32x4_t a = squares[t / 2][2 * k], b = squares[t / 2][2 * k + 1];
      sums[t][k] = vaddq_s32(start, t % 2 ? vuzp2q_s32(a, b) : vuzp1q_s32(a, b));
    }
  }
}

#include "kernel_q8_neon.h"
#include "../product_q8.h"

CK_Q8_PRODUCTS(ck_neon_i8mm)
#endif
