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

// Puts the sums of up to sixteen rows where they belong.
CK_INLINE TARGET void give_out(const float (*sums)[CK_GROUP], size_t rows, size_t tokens, float *y, size_t y_stride) {
  for (size_t t = 0; t < tokens; t++) memcpy(y + t * y_stride, sums[t], rows * sizeof(float));
}

#endif
