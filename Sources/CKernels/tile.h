// A tile: sixteen rows x 256 columns of a block format as unsigned bytes, with the scales as floats.
//
// Built once from packed blocks and used for all tokens of a group. Plain C which the includer's target vectorises;
// before including, define TARGET (the function attribute) and:
//   halves_16(const uint8_t *in, float *out)                         sixteen half-precision numbers to floats
//   lookup(const uint8_t *in, const uint8_t *table, uint8_t *low, uint8_t *high, size_t n)
//                                                                     table[in & 15] and table[in >> 4], n % 64 == 0
//   scale_16(const float *d, const int8_t *codes, float *out)          sixteen products
//   fifth_bits(const uint8_t *in, uint8_t *q)                          adds 16 to the codes of eight groups of four
//                                                                      columns whose bit of 32 (a word a row) is set
// and, where codes with offset 128 are better signed, WIDE_CODES_SIGNED.
#ifndef CK_TILE_H
#define CK_TILE_H

#include "scales.h"

// value[row][4 g + k] = a[s][row] * (q[g][row][k] - offset) - b[s][row], where s is the block of 32 columns, or of
// 16 in the formats of halves.
typedef struct ck_tile {
  uint8_t q[CK_SPAN / 4][CK_GROUP * 4];
  float a[CK_SPAN / 16][CK_GROUP], b[CK_SPAN / 16][CK_GROUP];
} __attribute__((aligned(64))) ck_tile;

// What is subtracted from the unsigned codes of a format.
CK_INLINE int ck_code_offset(ck_format format) {
  switch (format) {
    case CK_Q8_0:
    case CK_IQ4_NL:
    case CK_IQ4_XS: return 128;
    case CK_Q6_K: return 32;
    case CK_Q5_0: return 16;
    case CK_MXFP4: return 12;
    case CK_Q4_0: return 8;
    case CK_Q3_K: return 4;
    default: return 0;
  }
}

static const uint8_t ck_mxfp4_codes[16] = {12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0};
#ifdef WIDE_CODES_SIGNED
enum { tile_flip = 0x80 };  // what turns the stored codes of Q8_0 into those of a tile
static const uint8_t ck_iq4_codes[16] = {129, 152, 173, 191, 207, 221, 234, 246, 1, 13, 25, 38, 53, 69, 89, 113};
#else
enum { tile_flip = 0 };
static const uint8_t ck_iq4_codes[16] = {1,   24,  45,  63,  79,  93,  106, 118,
                                         129, 141, 153, 166, 181, 197, 217, 241};
#endif

CK_INLINE TARGET void tile_nibbles(const uint8_t *restrict in, uint8_t *restrict low, uint8_t *restrict high,
                                   size_t n) {
  for (size_t i = 0; i < n; i++) {
    low[i] = in[i] & 15;
    high[i] = in[i] >> 4;
  }
}

// One block of 32 columns of a format with such blocks, to place j of the tile.
CK_INLINE TARGET void tile_block_32(ck_format format, const uint8_t *p, size_t j, ck_tile *t) {
  uint8_t(*q)[CK_GROUP * 4] = t->q + 8 * j;
  float *a = t->a[j], *b = t->b[j];
  if (format == CK_MXFP4) {
    for (size_t r = 0; r < CK_GROUP; r++) a[r] = ck_from_e8m0_half(p[r]);
    lookup(p + 16, ck_mxfp4_codes, q[0], q[4], 256);
    return;
  }
  halves_16(p, a);
  switch (format) {
    case CK_Q4_0: tile_nibbles(p + 32, q[0], q[4], 256); break;
    case CK_IQ4_NL: lookup(p + 32, ck_iq4_codes, q[0], q[4], 256); break;
    case CK_Q5_0:
      tile_nibbles(p + 96, q[0], q[4], 256);
      fifth_bits(p + 32, q[0]);
      break;
    case CK_Q8_0:
      for (size_t i = 0; i < 512; i++) q[0][i] = p[32 + i] ^ tile_flip;
      break;
    default:  // Q4_1, Q5_1
      halves_16(p + 32, b);
      for (size_t r = 0; r < CK_GROUP; r++) b[r] = -b[r];
      tile_nibbles(p + (format == CK_Q4_1 ? 64 : 128), q[0], q[4], 256);
      if (format == CK_Q5_1) fifth_bits(p + 64, q[0]);
  }
}

// The scales of a block of 256 columns, and its minima if it has them.
CK_INLINE TARGET void tile_scales(ck_format format, const uint8_t *p, ck_tile *t) {
  float d[CK_GROUP], dmin[CK_GROUP];
  ck_scale_codes codes;
  ck_read_scale_codes(format, p, &codes);
  halves_16(p, d);
  for (size_t j = 0; j < (ck_format_halves_of(format) ? 16 : 8); j++) scale_16(d, codes.scale[j], t->a[j]);
  if (!ck_format_min_of(format)) return;
  halves_16(p + 32, dmin);
  for (size_t j = 0; j < (ck_format_halves_of(format) ? 16 : 8); j++) scale_16(dmin, codes.min[j], t->b[j]);
}

CK_INLINE TARGET void tile_q4_k(const uint8_t *p, ck_tile *t) {
  for (size_t c = 0; c < 4; c++) tile_nibbles(p + 256 + 512 * c, t->q[16 * c], t->q[16 * c + 8], 512);
}

CK_INLINE TARGET void tile_q5_k(const uint8_t *p, ck_tile *t) {
  const uint8_t *high = p + 256, *qs = p + 768;
  for (size_t c = 0; c < 4; c++)
    for (size_t i = 0; i < 512; i++) {
      const uint8_t byte = qs[512 * c + i], bits = (uint8_t)(high[i] >> (2 * c));
      t->q[16 * c][i] = (uint8_t)((byte & 15) | (bits & 1) << 4);
      t->q[16 * c + 8][i] = (uint8_t)(byte >> 4 | (bits >> 1 & 1) << 4);
    }
}

CK_INLINE TARGET void tile_q6_k(const uint8_t *p, ck_tile *t) {
  for (size_t h = 0; h < 2; h++) {
    const uint8_t *high = p + 288 + 512 * h, *low = p + 1312 + 1024 * h;
    uint8_t(*q)[CK_GROUP * 4] = t->q + 32 * h;
    for (size_t i = 0; i < 512; i++) {
      const uint8_t bits = high[i], first = low[i], second = low[512 + i];
      q[0][i] = (uint8_t)((first & 15) | (bits & 3) << 4);
      q[8][i] = (uint8_t)((second & 15) | (bits >> 2 & 3) << 4);
      q[16][i] = (uint8_t)(first >> 4 | (bits >> 4 & 3) << 4);
      q[24][i] = (uint8_t)(second >> 4 | (bits >> 6) << 4);
    }
  }
}

CK_INLINE TARGET void tile_q2_k(const uint8_t *p, ck_tile *t) {
  for (size_t h = 0; h < 2; h++)
    for (size_t s = 0; s < 4; s++)
      for (size_t i = 0; i < 512; i++) t->q[32 * h + 8 * s][i] = (p + 320)[512 * h + i] >> (2 * s) & 3;
}

CK_INLINE TARGET void tile_q3_k(const uint8_t *p, ck_tile *t) {
  const uint8_t *mask = p + 224, *qs = p + 736;
  for (size_t h = 0; h < 2; h++)
    for (size_t s = 0; s < 4; s++)
      for (size_t i = 0; i < 512; i++)
        t->q[32 * h + 8 * s][i] =
            (uint8_t)((qs[512 * h + i] >> (2 * s) & 3) | (mask[i] >> (4 * h + s) & 1) << 2);
}

// `blocks` packed blocks of 32 columns, or one of 256.
CK_INLINE TARGET void ck_build_tile(ck_format format, const uint8_t *p, size_t blocks, ck_tile *t) {
  if (ck_block_of(format) == CK_SPAN) tile_scales(format, p, t);
  switch (format) {
    case CK_Q2_K: tile_q2_k(p, t); break;
    case CK_Q3_K: tile_q3_k(p, t); break;
    case CK_Q4_K: tile_q4_k(p, t); break;
    case CK_Q5_K: tile_q5_k(p, t); break;
    case CK_Q6_K: tile_q6_k(p, t); break;
    case CK_IQ4_XS:
      for (size_t j = 0; j < 8; j++) lookup(p + 128 + 256 * j, ck_iq4_codes, t->q[8 * j], t->q[8 * j + 4], 256);
      break;
    default:
      for (size_t j = 0; j < blocks; j++)
        tile_block_32(format, p + j * CK_GROUP * ck_block_bytes_of(format), j, t);
  }
}

#endif
