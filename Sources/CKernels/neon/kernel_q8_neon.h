// The tile kernel for 8-bit activations, NEON: a lane a row, eight rows a pass.
//
// The integer dot products differ between the three instruction sets; before including, define TARGET, tile_tokens and
//   integer_sums(offset, n, q, steps, column, halves, x, block, sums)
// sums of eight rows (two registers a token) over `steps` groups of four columns from byte q (64 bytes a group) and
// column `column` of the activations' block, less offset * (sum of those activations); bit i of `halves` says whether
// sums[i] of the block counts.
#ifndef CK_KERNEL_Q8_NEON_H
#define CK_KERNEL_Q8_NEON_H

CK_INLINE size_t kernel_tokens(ck_format format) { return (void)format, tile_tokens; }

// One scale for 32 columns, eight rows from row h.
CK_INLINE TARGET void whole_block(ck_format format, size_t n, const ck_tile *tile, size_t h, size_t j,
                                  const ck_block_q8 *const *x, float32x4_t (*sums)[2]) {
  int32x4_t dots[tile_tokens][2];
  integer_sums(ck_code_offset(format), n, tile->q[8 * j] + 4 * h, 8, 0, 3, x, j, dots);
  for (size_t t = 0; t < n; t++)
    for (size_t k = 0; k < 2; k++) {
      const float32x4_t v = vmulq_f32(vcvtq_f32_s32(dots[t][k]), vld1q_f32(tile->a[j] + h + 4 * k));
      sums[t][k] = vfmaq_n_f32(sums[t][k], v, x[t][j].scale);
      if (ck_format_min_of(format))
        sums[t][k] = vfmsq_n_f32(sums[t][k], vld1q_f32(tile->b[j] + h + 4 * k), x[t][j].scaled_sum);
    }
}

// A scale for each 16 columns.
CK_INLINE TARGET void two_halves(ck_format format, size_t n, const ck_tile *tile, size_t h, size_t j,
                                 const ck_block_q8 *const *x, float32x4_t (*sums)[2]) {
  int32x4_t low[tile_tokens][2], high[tile_tokens][2];
  integer_sums(ck_code_offset(format), n, tile->q[8 * j] + 4 * h, 4, 0, 1, x, j, low);
  integer_sums(ck_code_offset(format), n, tile->q[8 * j + 4] + 4 * h, 4, 16, 2, x, j, high);
  for (size_t t = 0; t < n; t++)
    for (size_t k = 0; k < 2; k++) {
      const size_t at = h + 4 * k;
      float32x4_t v = vmulq_f32(vcvtq_f32_s32(low[t][k]), vld1q_f32(tile->a[2 * j] + at));
      v = vfmaq_f32(v, vcvtq_f32_s32(high[t][k]), vld1q_f32(tile->a[2 * j + 1] + at));
      if (ck_format_min_of(format)) {
        v = vfmsq_n_f32(v, vld1q_f32(tile->b[2 * j] + at), x[t][j].sums[0]);
        v = vfmsq_n_f32(v, vld1q_f32(tile->b[2 * j + 1] + at), x[t][j].sums[1]);
      }
      sums[t][k] = vfmaq_n_f32(sums[t][k], v, x[t][j].scale);
    }
}

CK_INLINE TARGET void kernel_n(ck_format format, size_t n, const ck_tile *tile, size_t blocks,
                               const ck_block_q8 *const *x, float (*sums)[CK_GROUP]) {
  for (size_t h = 0; h < CK_GROUP; h += 8) {
    float32x4_t s[tile_tokens][2];
    for (size_t t = 0; t < n; t++)
      for (size_t k = 0; k < 2; k++) s[t][k] = vld1q_f32(sums[t] + h + 4 * k);
    for (size_t j = 0; j < blocks; j++) {
      if (ck_format_halves_of(format))
        two_halves(format, n, tile, h, j, x, s);
      else
        whole_block(format, n, tile, h, j, x, s);
    }
    for (size_t t = 0; t < n; t++)
      for (size_t k = 0; k < 2; k++) vst1q_f32(sums[t] + h + 4 * k, s[t][k]);
  }
}

CK_INLINE TARGET void kernel(ck_format format, size_t n, const ck_tile *tile, size_t blocks,
                             const ck_block_q8 *const *x, float (*sums)[CK_GROUP]) {
  switch (n) {
    case 1: kernel_n(format, 1, tile, blocks, x, sums); break;
    case 2: kernel_n(format, 2, tile, blocks, x, sums); break;
    case 3: kernel_n(format, 3, tile, blocks, x, sums); break;
    default: kernel_n(format, 4, tile, blocks, x, sums);
  }
}

#endif
