// Sixteen rows on their way in and out of a product with 8-bit activations; define TARGET and what tile.h asks first.
#ifndef CK_PANEL_H
#define CK_PANEL_H

#include "tile.h"

enum { panel_bytes = CK_GROUP * 34 * 8 };  // the most that sixteen rows x 256 columns have: Q8_0

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

// What follows the packed blocks of `groups` times sixteen rows from column c on: those at the next columns, or the first
// of the next rows. While many tokens meet a panel memory would be idle, so the next one is fetched to the second-level
// cache meanwhile, a part with each call of a kernel.
typedef struct {
  const uint8_t *at[2];
  size_t groups, bytes;
} next_panels;

CK_INLINE TARGET next_panels panels_after(ck_format format, const ck_matrix *w, size_t row, size_t c, size_t groups) {
  next_panels next = {.groups = groups};
  c += CK_SPAN;
  if (c >= w->cols) c = 0, row += CK_GROUP * groups;
  if (!is_packed(w, row + CK_GROUP * (groups - 1))) return next;
  const size_t block = ck_block_bytes_of(format) * CK_GROUP, blocks = ck_block_of(format);
  next.bytes = CK_MIN(CK_SPAN, w->cols - c) / blocks * block;
  for (size_t i = 0; i < groups; i++)
    next.at[i] = (const uint8_t *)w->data + (row + CK_GROUP * i) * w->row_bytes + c / blocks * block;
  return next;
}

// Part `part` of `parts`.
CK_INLINE TARGET void fetch(const next_panels *next, size_t part, size_t parts) {
  const size_t lines = (next->bytes + 63) / 64;
  for (size_t i = 0; i < next->groups; i++)
    for (size_t line = lines * part / parts; line < lines * (part + 1) / parts; line++)
      __builtin_prefetch(next->at[i] + 64 * line, 0, 2);
}

// Puts the sums of up to sixteen rows where they belong.
CK_INLINE TARGET void give_out(const float (*sums)[CK_GROUP], size_t rows, size_t tokens, float *y, size_t y_stride) {
  for (size_t t = 0; t < tokens; t++) memcpy(y + t * y_stride, sums[t], rows * sizeof(float));
}

#endif
