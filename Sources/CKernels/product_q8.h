// The loops around a tile kernel for products with 8-bit activations: the same for every instruction set.
//
// Sixteen rows x 256 columns at a time: packed blocks are used where they lie, blocks in file order are packed into a
// buffer first; they become a tile; the tile serves up to `product_tokens` tokens, whose sums wait in memory. Before
// including, define (and see tile.h):
//   TARGET                the function attribute
//   tile_tokens           tokens a call of the kernel takes at most
//   kernel(format, n, tile, blocks, x, sums)   adds `blocks` blocks of 32 columns to the sums of n tokens
// and, where packed blocks can be multiplied without a tile, HAS_DIRECT, direct_tokens(format) and
//   direct(format, n, packed, blocks, x, sums)
#ifndef CK_PRODUCT_Q8_H
#define CK_PRODUCT_Q8_H

#include "tile.h"

enum { product_tokens = 128 };  // activations of so many tokens stay in the second-level cache

typedef struct {
  const ck_block_q8 *x[product_tokens];
  float sums[product_tokens][CK_GROUP] __attribute__((aligned(64)));
} product_state;

CK_INLINE int is_packed(const ck_matrix *w, size_t row) {
  return w->layout == CK_ROWS_X16 && row + CK_GROUP <= w->rows;
}

// Sixteen rows' blocks from column c on, packed: in place, or in `buffer`.
CK_INLINE TARGET const uint8_t *packed_blocks(ck_format format, const ck_matrix *w, size_t row, size_t rows, size_t c,
                                              size_t blocks, uint8_t *buffer) {
  const size_t bytes = ck_block_bytes_of(format), first = c / ck_block_of(format);
  const uint8_t *data = w->data;
  if (is_packed(w, row))
    return data + row * w->row_bytes + first * bytes * CK_GROUP;
  for (size_t i = 0; i < blocks; i++) {
    const uint8_t *from[CK_GROUP];
    for (size_t r = 0; r < CK_GROUP; r++)
      from[r] = data + (row + CK_MIN(r, rows - 1)) * w->row_bytes + (first + i) * bytes;
    ck_pack_blocks(format, from, buffer + i * bytes * CK_GROUP);
  }
  return buffer;
}

#ifdef HAS_DIRECT
// All columns at once for few tokens. Q8_0 needs no unpacking and never a tile: more tokens take a span of columns
// in turn, while it is in the first-level cache.
CK_INLINE TARGET void sixteen_rows_directly(ck_format format, const ck_matrix *w, size_t row, size_t tokens,
                                            product_state *s) {
  const uint8_t *data = (const uint8_t *)w->data + row * w->row_bytes;
  const size_t most = direct_tokens(format), span = tokens <= most ? w->cols : CK_SPAN;
  memset(s->sums, 0, tokens * sizeof s->sums[0]);
  for (size_t c = 0; c < w->cols; c += span) {
    const uint8_t *packed = data + c / ck_block_of(format) * ck_block_bytes_of(format) * CK_GROUP;
    for (size_t t = 0; t < tokens; t += most) {
      const ck_block_q8 *x[product_tokens];
      const size_t n = CK_MIN(most, tokens - t);
      for (size_t i = 0; i < n; i++) x[i] = s->x[t + i] + c / 32;
      direct(format, n, packed, CK_MIN(span, w->cols - c) / 32, x, s->sums + t);
    }
  }
}
#endif

CK_INLINE TARGET void sixteen_rows(ck_format format, const ck_matrix *w, size_t row, size_t rows, size_t tokens,
                                   product_state *s) {
  ck_tile tile;
  uint8_t buffer[CK_GROUP * 34 * 8];
  memset(s->sums, 0, tokens * sizeof s->sums[0]);
  for (size_t c = 0; c < w->cols; c += CK_SPAN) {
    const size_t width = CK_MIN(CK_SPAN, w->cols - c);
    const uint8_t *packed = packed_blocks(format, w, row, rows, c, width / ck_block_of(format), buffer);
    ck_build_tile(format, packed, width / 32, &tile);
    for (size_t t = 0; t < tokens; t += tile_tokens) {
      const ck_block_q8 *x[tile_tokens];
      const size_t n = CK_MIN(tile_tokens, tokens - t);
      for (size_t i = 0; i < n; i++) x[i] = s->x[t + i] + c / 32;
      kernel(format, n, &tile, width / 32, x, s->sums + t);
    }
  }
}

CK_INLINE TARGET void product_q8(ck_format format, const ck_matrix *w, size_t row_begin, size_t row_end,
                                 const void *x, size_t x_stride, const int32_t *x_index, size_t tokens, float *y,
                                 size_t y_stride) {
  product_state s;
  for (size_t t0 = 0; t0 < tokens; t0 += product_tokens) {
    const size_t n = CK_MIN(product_tokens, tokens - t0);
    for (size_t t = 0; t < n; t++) s.x[t] = ck_activation_of(x, x_stride, x_index, t0 + t);
    for (size_t r = row_begin; r < row_end; r += CK_GROUP) {
      const size_t rows = CK_MIN(CK_GROUP, row_end - r);
#ifdef HAS_DIRECT
      if (is_packed(w, r) && (n <= direct_tokens(format) || format == CK_Q8_0))
        sixteen_rows_directly(format, w, r, n, &s);
      else
#endif
        sixteen_rows(format, w, r, rows, n, &s);
      for (size_t t = 0; t < n; t++)
        memcpy(y + (t0 + t) * y_stride + (r - row_begin), s.sums[t], rows * sizeof(float));
    }
  }
}

#define PRODUCT_Q8(name, format)                                                              \
  TARGET CK_PRODUCT(name) {                                                                   \
    product_q8(format, w, row_begin, row_end, x, x_stride, x_index, tokens, y, y_stride);     \
  }
#define CK_Q8_PRODUCTS(prefix) CK_EACH_BLOCK_FORMAT(PRODUCT_Q8, prefix)

#endif
