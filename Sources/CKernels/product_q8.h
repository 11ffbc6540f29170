// The loops around a tile kernel for products with 8-bit activations: the same for every instruction set.
//
// Sixteen rows x 256 columns at a time: packed blocks are used where they lie, blocks in file order are packed into a
// buffer first; they become a tile; the tile serves up to `product_tokens` tokens, whose sums wait in memory. Before
// including, define (and see tile.h):
//   TARGET                the function attribute
//   tile_tokens           tokens a call of the kernel takes at most, and kernel_tokens(format) of them
//   kernel(format, n, tile, blocks, x, sums)   adds `blocks` blocks of 32 columns to the sums of n tokens
// and, where packed blocks can be multiplied without a tile, HAS_DIRECT, direct_tokens(format), direct_most and
//   direct(format, n, packed, blocks, x, sums)    for n <= direct_most; direct_tokens says up to how many it pays
// and, where few of them have a quicker way of their own, HAS_JOINT, joint_most(format) and joint, called as direct is,
// and, where two tiles at once pay for more than wide_least tokens, HAS_WIDE, wide_most(format) and
//   wide(format, n, tiles, blocks, x, first sums, second sums)
#ifndef CK_PRODUCT_Q8_H
#define CK_PRODUCT_Q8_H

#include "panel.h"

// Activations of product_tokens tokens stay in the second-level cache. More than wide_least are never cut to fewer than
// three at a time.
enum { product_tokens = 128, wide_least = 8 };

typedef struct {
  const ck_block_q8 *x[product_tokens];
  float sums[product_tokens][CK_GROUP] __attribute__((aligned(64)));
#ifdef HAS_WIDE
  float more[product_tokens][CK_GROUP] __attribute__((aligned(64)));  // of the second sixteen rows
#endif
} product_state;

#ifdef HAS_DIRECT
// All columns at once for few tokens, cut evenly.
CK_INLINE TARGET void sixteen_rows_directly(ck_format format, const ck_matrix *w, size_t row, size_t tokens,
                                            product_state *s) {
  memset(s->sums, 0, tokens * sizeof s->sums[0]);
  const uint8_t *packed = (const uint8_t *)w->data + row * w->row_bytes;
  size_t calls = (tokens + direct_most - 1) / direct_most;
  for (size_t t = 0, n; t < tokens; t += n, calls--) {
    n = (tokens - t + calls - 1) / calls;
#ifdef HAS_JOINT
    if (n <= joint_most(format)) {
      joint(format, n, packed, w->cols / 32, s->x + t, s->sums + t);
      continue;
    }
#endif
    direct(format, n, packed, w->cols / 32, s->x + t, s->sums + t);
  }
}
#endif

CK_INLINE TARGET void sixteen_rows(ck_format format, const ck_matrix *w, size_t row, size_t rows, size_t tokens,
                                   product_state *s) {
  ck_tile tile;
  uint8_t buffer[panel_bytes];
  memset(s->sums, 0, tokens * sizeof s->sums[0]);
  for (size_t c = 0; c < w->cols; c += CK_SPAN) {
    const size_t width = CK_MIN(CK_SPAN, w->cols - c);
    const uint8_t *packed = packed_blocks(format, w, row, rows, c, width / ck_block_of(format), buffer);
    ck_build_tile(format, packed, width / 32, &tile);
    const next_panels next = panels_after(format, w, row, c, 1);
    const size_t all = (tokens + kernel_tokens(format) - 1) / kernel_tokens(format);
    size_t calls = all;
    for (size_t t = 0, n; t < tokens; t += n, calls--) {
      const ck_block_q8 *x[tile_tokens];
      fetch(&next, all - calls, all);
      n = (tokens - t + calls - 1) / calls;
      for (size_t i = 0; i < n; i++) x[i] = s->x[t + i] + c / 32;
      kernel(format, n, &tile, width / 32, x, s->sums + t);
    }
  }
}

#ifdef HAS_WIDE
// Thirty-two rows, more than wide_least tokens: these are cut evenly, so that no call has a few left over.
CK_INLINE TARGET void thirty_two_rows(ck_format format, const ck_matrix *w, size_t row, size_t tokens,
                                      product_state *s) {
  ck_tile tiles[2];
  uint8_t buffer[panel_bytes];
  memset(s->sums, 0, tokens * sizeof s->sums[0]);
  memset(s->more, 0, tokens * sizeof s->more[0]);
  for (size_t c = 0; c < w->cols; c += CK_SPAN) {
    const size_t width = CK_MIN(CK_SPAN, w->cols - c);
    for (size_t i = 0; i < 2; i++) {
      const uint8_t *packed =
          packed_blocks(format, w, row + CK_GROUP * i, CK_GROUP, c, width / ck_block_of(format), buffer);
      ck_build_tile(format, packed, width / 32, &tiles[i]);
    }
    const next_panels next = panels_after(format, w, row, c, 2);
    const size_t all = (tokens + wide_most(format) - 1) / wide_most(format);
    size_t calls = all;
    for (size_t t = 0, n; t < tokens; t += n, calls--) {
      const ck_block_q8 *x[wide_tokens];
      fetch(&next, all - calls, all);
      n = (tokens - t + calls - 1) / calls;
      for (size_t i = 0; i < n; i++) x[i] = s->x[t + i] + c / 32;
      wide(format, n, tiles, width / 32, x, s->sums + t, s->more + t);
    }
  }
}
#endif

CK_INLINE TARGET void product_q8(ck_format format, const ck_matrix *w, size_t row_begin, size_t row_end,
                                 const void *x, size_t x_stride, const int32_t *x_index, size_t tokens, float *y,
                                 size_t y_stride) {
  product_state s;
  for (size_t t0 = 0; t0 < tokens; t0 += product_tokens) {
    const size_t n = CK_MIN(product_tokens, tokens - t0);
    for (size_t t = 0; t < n; t++) s.x[t] = ck_activation_of(x, x_stride, x_index, t0 + t);
    for (size_t r = row_begin; r < row_end; r += CK_GROUP) {
      const size_t rows = CK_MIN(CK_GROUP, row_end - r);
      float *to = y + t0 * y_stride + (r - row_begin);
#ifdef HAS_DIRECT
      if (is_packed(w, r) && n <= direct_tokens(format)) {
        sixteen_rows_directly(format, w, r, n, &s);
        give_out((const float(*)[CK_GROUP])s.sums, rows, n, to, y_stride);
        continue;
      }
#endif
#ifdef HAS_WIDE
      if (n > wide_least && row_end - r >= 2 * CK_GROUP) {
        thirty_two_rows(format, w, r, n, &s);
        give_out((const float(*)[CK_GROUP])s.sums, CK_GROUP, n, to, y_stride);
        give_out((const float(*)[CK_GROUP])s.more, CK_GROUP, n, to + CK_GROUP, y_stride);
        r += CK_GROUP;
        continue;
      }
#endif
      sixteen_rows(format, w, r, rows, n, &s);
      give_out((const float(*)[CK_GROUP])s.sums, rows, n, to, y_stride);
    }
  }
}

#define PRODUCT_Q8(name, format)                                                              \
  TARGET CK_PRODUCT(name) {                                                                   \
    product_q8(format, w, row_begin, row_end, x, x_stride, x_index, tokens, y, y_stride);     \
  }
#define CK_Q8_PRODUCTS(prefix) CK_EACH_BLOCK_FORMAT(PRODUCT_Q8, prefix)

#endif
