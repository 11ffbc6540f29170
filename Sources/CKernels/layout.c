// CK_ROWS_X16: which bytes of sixteen blocks lie where, packing and finding a block again.
//
// A block is a list of fields, a field `count` elements of `width` bytes. Sixteen blocks of one column range lie
// together: field by field, element by element, the sixteen rows side by side. Codes are elements of four bytes, so
// a vector of sixteen 32-bit lanes holds four codes (or eight nibbles) of every row, ready for a dot product of
// groups of four; scales are elements of one or two bytes. Q8_0 codes are stored with the top bit turned (offset
// 128), as the unsigned operand of vpdpbusd.
#include "internal.h"

typedef struct {
  uint8_t offset, width, count, flip;
} ck_field;

static const ck_field fields[CK_FORMATS][6] = {
    [CK_Q8_0] = {{0, 2, 1, 0}, {2, 4, 8, 0x80}},
    [CK_Q4_0] = {{0, 2, 1, 0}, {2, 4, 4, 0}},
    [CK_Q4_1] = {{0, 2, 2, 0}, {4, 4, 4, 0}},
    [CK_Q5_0] = {{0, 2, 1, 0}, {2, 4, 1, 0}, {6, 4, 4, 0}},
    [CK_Q5_1] = {{0, 2, 2, 0}, {4, 4, 1, 0}, {8, 4, 4, 0}},
    [CK_Q2_K] = {{80, 2, 2, 0}, {0, 1, 16, 0}, {16, 4, 16, 0}},
    [CK_Q3_K] = {{108, 2, 1, 0}, {96, 1, 12, 0}, {0, 4, 8, 0}, {32, 4, 16, 0}},
    [CK_Q4_K] = {{0, 2, 2, 0}, {4, 1, 12, 0}, {16, 4, 32, 0}},
    [CK_Q5_K] = {{0, 2, 2, 0}, {4, 1, 12, 0}, {16, 4, 8, 0}, {48, 4, 32, 0}},
    [CK_Q6_K] = {{208, 2, 1, 0}, {192, 1, 16, 0}, {128, 4, 16, 0}, {0, 4, 32, 0}},
    [CK_IQ4_NL] = {{0, 2, 1, 0}, {2, 4, 4, 0}},
    [CK_IQ4_XS] = {{0, 2, 2, 0}, {4, 1, 4, 0}, {8, 4, 32, 0}},
    [CK_MXFP4] = {{0, 1, 1, 0}, {1, 4, 4, 0}},
};

CK_INLINE void interleave(const uint8_t *const *rows, size_t at, size_t width, size_t count, uint8_t *out) {
  for (size_t i = 0; i < count; i++)
    for (size_t r = 0; r < CK_GROUP; r++)
      memcpy(out + (i * CK_GROUP + r) * width, rows[r] + at + i * width, width);
}

typedef uint32_t words __attribute__((vector_size(16)));

CK_INLINE words load_words(const uint8_t *p) {
  words w;
  memcpy(&w, p, sizeof w);
  return w;
}

// Four words of each of sixteen rows, as squares of four by four: nearly all bytes of a model are such codes, and word
// by word loading it would wait for them.
CK_INLINE void interleave_words(const uint8_t *const *rows, size_t at, uint32_t flip, uint8_t *out) {
  for (size_t r = 0; r < CK_GROUP; r += 4) {
    const words a = load_words(rows[r] + at), b = load_words(rows[r + 1] + at);
    const words c = load_words(rows[r + 2] + at), d = load_words(rows[r + 3] + at);
    const words ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const words cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    const words columns[4] = {
        __builtin_shufflevector(ab, cd, 0, 1, 4, 5) ^ flip, __builtin_shufflevector(ab, cd, 2, 3, 6, 7) ^ flip,
        __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5) ^ flip, __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7) ^ flip};
    for (size_t i = 0; i < 4; i++) memcpy(out + (i * CK_GROUP + r) * 4, &columns[i], sizeof columns[i]);
  }
}

// Sixteen blocks, one of each row, to their packed form.
void ck_pack_blocks(ck_format format, const uint8_t *const *rows, uint8_t *out) {
  for (const ck_field *f = fields[format]; f->width; f++) {
    const size_t bytes = (size_t)f->count * f->width * CK_GROUP;
    if (f->width == 4 && f->count % 4 == 0) {
      for (size_t i = 0; i < f->count; i += 4)
        interleave_words(rows, f->offset + i * 4, f->flip * 0x01010101u, out + i * 4 * CK_GROUP);
    } else {
      switch (f->width) {
        case 1: interleave(rows, f->offset, 1, f->count, out); break;
        case 2: interleave(rows, f->offset, 2, f->count, out); break;
        default: interleave(rows, f->offset, 4, f->count, out);
      }
      if (f->flip)
        for (size_t i = 0; i < bytes; i++) out[i] ^= f->flip;
    }
    out += bytes;
  }
}

// Row r's elements of a field, taken from between those of the other rows.
CK_INLINE void gather(const uint8_t *in, size_t r, size_t width, size_t count, uint8_t *out) {
  for (size_t i = 0; i < count; i++) memcpy(out + i * width, in + (i * CK_GROUP + r) * width, width);
}

const uint8_t *ck_file_block(const ck_matrix *w, size_t row, size_t index, uint8_t *buffer) {
  const size_t bytes = ck_format_block_bytes(w->format);
  const uint8_t *data = w->data;
  if (w->layout == CK_ROWS || row >= w->rows / CK_GROUP * CK_GROUP)
    return data + row * w->row_bytes + index * bytes;
  const size_t r = row % CK_GROUP;
  const uint8_t *in = data + (row - r) * w->row_bytes + index * bytes * CK_GROUP;
  for (const ck_field *f = fields[w->format]; f->width; f++) {
    const size_t length = (size_t)f->count * f->width;
    uint8_t *out = buffer + f->offset;
    switch (f->width) {
      case 1: gather(in, r, 1, f->count, out); break;
      case 2: gather(in, r, 2, f->count, out); break;
      default: gather(in, r, 4, f->count, out);
    }
    if (f->flip)
      for (size_t i = 0; i < length; i++) out[i] ^= f->flip;
    in += length * CK_GROUP;
  }
  return buffer;
}

size_t ck_packed_bytes(ck_format format, size_t rows, size_t cols) {
  if (fields[format][0].width == 0) return 0;
  return rows * (cols / ck_format_block(format) * ck_format_block_bytes(format));
}

void ck_pack(const ck_matrix *w, size_t row_begin, size_t row_end, void *out) {
  const size_t bytes = ck_format_block_bytes(w->format), blocks = w->cols / ck_format_block(w->format);
  const uint8_t *in = w->data;
  uint8_t *to = out;
  for (size_t row = row_begin; row < row_end; row += CK_GROUP) {
    if (row + CK_GROUP > row_end) {
      for (; row < row_end; row++, to += blocks * bytes) memcpy(to, in + row * w->row_bytes, blocks * bytes);
      return;
    }
    // Sixteen streams of few bytes each are more than the processor foresees by itself.
    const uint8_t *next = row + 2 * CK_GROUP <= w->rows ? in + (row + CK_GROUP) * w->row_bytes : NULL;
    for (size_t b = 0; b < blocks; b++, to += CK_GROUP * bytes) {
      const uint8_t *rows[CK_GROUP];
      if (next)
        for (size_t i = 0; i < CK_GROUP * bytes; i += 64) __builtin_prefetch(next + b * CK_GROUP * bytes + i);
      for (size_t r = 0; r < CK_GROUP; r++) rows[r] = in + (row + r) * w->row_bytes + b * bytes;
      ck_pack_blocks(w->format, rows, to);
    }
  }
}
