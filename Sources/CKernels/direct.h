// Packed blocks multiplied with a few tokens without a tile between: weights go from memory to the dot product in
// registers. For the few tokens of decoding, where building a tile would not pay; the same sums, to the bit.
//
// One text for vectors of any width. Before including, define TARGET, direct_bytes (bytes of a vector: so many codes,
// of a quarter as many rows) and direct_most (tokens at once), include tile.h, and after DIRECT_TYPES:
//   direct_sum                                    a struct with the integer sums, `total`
//   direct_begin(offset, first, second, x, sum)   starts a sum less offset * (sums of the halves of x that count)
//   direct_add(format, g, sum, codes, x)          adds group g of four columns, of 4 (formats of halves) or 8
//   direct_lookup(table, nibbles)                 bytes of a table of sixteen
//   direct_fifth_bits(words, g)                   16 in each code of group g whose bit of the row's word is set
//   direct_halves(p)                              half-precision numbers to floats
#ifndef CK_DIRECT_H
#define CK_DIRECT_H

#include "tile.h"

enum { direct_ahead = 4096 };  // bytes to prefetch ahead: the hardware stops at the end of a page

CK_INLINE TARGET codes_v direct_load(const uint8_t *p) {
  codes_v v;
  memcpy(&v, p, sizeof v);
  return v;
}

CK_INLINE TARGET codes_v direct_nibbles(const uint8_t *p, int high) {
  const codes_v v = direct_load(p);
  return high ? v >> 4 : v & 15;
}

// Columns 4 g ..< 4 g + 4 of a block of 32; `p` is the packed block plus the byte of the first row.
CK_INLINE TARGET codes_v direct_code_32(ck_format format, const uint8_t *p, size_t g) {
  const int high = g >= 4;
  const uint8_t *q = p + 64 * (g % 4);
  switch (format) {
    case CK_Q8_0: return direct_load(p + 32 + 64 * g) ^ tile_flip;
    case CK_Q4_0: return direct_nibbles(q + 32, high);
    case CK_Q4_1: return direct_nibbles(q + 64, high);
    case CK_IQ4_NL: return direct_lookup(ck_iq4_codes, direct_nibbles(q + 32, high));
    case CK_MXFP4: return direct_lookup(ck_mxfp4_codes, direct_nibbles(q + 16, high));
    case CK_Q5_0: return direct_nibbles(q + 96, high) | direct_fifth_bits(direct_load(p + 32), g);
    default: return direct_nibbles(q + 128, high) | direct_fifth_bits(direct_load(p + 64), g);  // Q5_1
  }
}

// Blocks of 32 columns of a block of 256 that share bytes are a chunk.
CK_INLINE size_t direct_chunk(ck_format format) {
  switch (format) {
    case CK_Q4_K:
    case CK_Q5_K: return 2;
    case CK_IQ4_XS: return 1;
    default: return 4;
  }
}

// Columns 4 g ..< 4 g + 4 of block k of chunk c.
CK_INLINE TARGET codes_v direct_code_256(ck_format format, const uint8_t *p, size_t c, size_t k, size_t g) {
  const uint8_t *q = p + 64 * g;
  switch (format) {
    case CK_Q4_K: return direct_nibbles(q + 256 + 512 * c, k == 1);
    case CK_Q5_K: {
      const codes_v bits = (codes_v)((words_v)direct_load(q + 256) >> (uint16_t)(2 * c));
      return direct_nibbles(q + 768 + 512 * c, k == 1) | (k ? bits << 3 & 16 : bits << 4 & 16);
    }
    case CK_Q6_K: {
      const codes_v bits = direct_load(q + 288 + 512 * c);
      const codes_v top = k == 0 ? bits << 4 : k == 1 ? bits << 2 : k == 2 ? bits : bits >> 2;
      return direct_nibbles(q + 1312 + 1024 * c + 512 * (k % 2), k >= 2) | (top & 48);
    }
    case CK_Q2_K: return direct_load(q + 320 + 512 * c) >> (uint8_t)(2 * k) & 3;
    case CK_Q3_K: {
      const codes_v bits = (codes_v)((words_v)direct_load(q + 224) >> (uint16_t)(4 * c));
      const codes_v top = k == 3 ? bits >> 1 : k == 2 ? bits : k == 1 ? bits << 1 : bits << 2;
      return (direct_load(q + 736 + 512 * c) >> (uint8_t)(2 * k) & 3) | (top & 4);
    }
    default: return direct_lookup(ck_iq4_codes, direct_nibbles(p + 128 + 256 * c + 64 * (g % 4), g >= 4));
  }
}

CK_INLINE TARGET floats_v direct_bytes_as_floats(const int8_t *p) {
  quarter_v v;
  memcpy(&v, p, sizeof v);
  return __builtin_convertvector(__builtin_convertvector(v, ints_v), floats_v);
}

// ck_from_e8m0_half of each row.
CK_INLINE TARGET floats_v direct_e8m0(const uint8_t *p) {
  unsigned_quarter_v v;
  memcpy(&v, p, sizeof v);
  const ints_v e = __builtin_convertvector(v, ints_v), small = e < 2;
  return (floats_v)((small & (0x00200000 << (e & 1))) | (~small & ((e - 1) << 23)));
}

// The scales (and minima) of a block of 32 columns, or of its two halves.
typedef struct {
  floats_v a[2], b[2];
} direct_scales;

CK_INLINE TARGET direct_scales direct_scales_32(ck_format format, const uint8_t *p, size_t at) {
  direct_scales s = {0};
  s.a[0] = format == CK_MXFP4 ? direct_e8m0(p + at / 4) : direct_halves(p + at / 2);
  if (ck_format_min_of(format)) s.b[0] = -direct_halves(p + 32 + at / 2);
  return s;
}

CK_INLINE TARGET direct_scales direct_scales_256(ck_format format, const ck_scale_codes *codes, floats_v d,
                                                 floats_v dmin, size_t j, size_t at) {
  const size_t parts = ck_format_halves_of(format) ? 2 : 1;
  direct_scales s = {0};
#pragma clang loop unroll(full)
  for (size_t i = 0; i < parts; i++) {
    s.a[i] = d * direct_bytes_as_floats(codes->scale[parts * j + i] + at / 4);
    if (ck_format_min_of(format)) s.b[i] = dmin * direct_bytes_as_floats(codes->min[parts * j + i] + at / 4);
  }
  return s;
}

CK_INLINE TARGET floats_v direct_fma(floats_v a, floats_v b, floats_v c) { return __builtin_elementwise_fma(a, b, c); }

// Groups g0 ..< g0 + count of a block: integer sums of n tokens as floats.
CK_INLINE TARGET void direct_dots(ck_format format, size_t n, const uint8_t *p, size_t c, size_t k, size_t g0,
                                  size_t count, const ck_block_q8 *const *x, size_t j, floats_v *out) {
  direct_sum s[direct_most];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++)
    direct_begin(ck_code_offset(format), g0 == 0, g0 + count == 8, &x[t][j], &s[t]);
#pragma clang loop unroll(full)
  for (size_t g = g0; g < g0 + count; g++) {
    const codes_v codes =
        ck_block_of(format) == 32 ? direct_code_32(format, p, g) : direct_code_256(format, p, c, k, g);
#pragma clang loop unroll(full)
    for (size_t t = 0; t < n; t++) direct_add(format, g, &s[t], codes, x[t][j].q + 4 * g);
  }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) out[t] = __builtin_convertvector(s[t].total, floats_v);
}

// Adds block k of chunk c, block j of the activations, to the sums of n tokens.
CK_INLINE TARGET void direct_block(ck_format format, size_t n, const uint8_t *p, size_t c, size_t k,
                                   const direct_scales *scales, const ck_block_q8 *const *x, size_t j,
                                   floats_v *sums) {
  const int halves = ck_format_halves_of(format), min = ck_format_min_of(format);
  floats_v v[direct_most], more[direct_most];
  direct_dots(format, n, p, c, k, 0, halves ? 4 : 8, x, j, v);
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) v[t] = v[t] * scales->a[0];
  if (halves) direct_dots(format, n, p, c, k, 4, 4, x, j, more);
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) {
    const ck_block_q8 *block = &x[t][j];
    if (halves) v[t] = direct_fma(more[t], scales->a[1], v[t]);
    if (halves && min) {
      v[t] = direct_fma(-scales->b[0], (floats_v)(float)block->sums[0], v[t]);
      v[t] = direct_fma(-scales->b[1], (floats_v)(float)block->sums[1], v[t]);
    }
    sums[t] = direct_fma(v[t], (floats_v)block->scale, sums[t]);
    if (!halves && min) sums[t] = direct_fma(-scales->b[0], (floats_v)block->scaled_sum, sums[t]);
  }
}

// A part of what comes later, evenly: in each pass over the same bytes its share of `bytes`.
CK_INLINE TARGET void direct_prefetch(const uint8_t *p, size_t at, size_t bytes) {
  const size_t share = bytes * direct_bytes / 64;
#pragma clang loop unroll(full)
  for (size_t i = 0; i < share; i += 64) __builtin_prefetch(p + direct_ahead + at * bytes / 64 + i);
}

// A block of 256 columns.
CK_INLINE TARGET void direct_span(ck_format format, size_t n, const uint8_t *p, size_t at,
                                  const ck_block_q8 *const *x, size_t j, floats_v *sums) {
  const size_t chunk = direct_chunk(format), share = CK_GROUP * ck_block_bytes_of(format) / 8;
  ck_scale_codes codes;
  ck_read_scale_codes(format, p, &codes);
  const floats_v d = direct_halves(p + at / 2);
  const floats_v dmin = ck_format_min_of(format) ? direct_halves(p + 32 + at / 2) : d;
#pragma clang loop unroll(disable)
  for (size_t c = 0; c < 8 / chunk; c++) {
#pragma clang loop unroll(full)
    for (size_t k = 0; k < chunk; k++) {
      direct_prefetch(p + share * (chunk * c + k), at, share);
      const direct_scales scales = direct_scales_256(format, &codes, d, dmin, chunk * c + k, at);
      direct_block(format, n, p + at, c, k, &scales, x, j + chunk * c + k, sums);
      if (n > 4) __asm__ volatile("" ::: "memory");  // bytes shared by blocks are read again: registers are short
    }
  }
}

CK_INLINE TARGET void direct_n(ck_format format, size_t n, const uint8_t *p, size_t blocks,
                               const ck_block_q8 *const *x, float (*out)[CK_GROUP]) {
  const size_t bytes = CK_GROUP * ck_block_bytes_of(format), step = ck_block_of(format) / 32;
  const size_t span = direct_bytes == 64 ? blocks : 8;  // so much is read again for the other rows, from the cache
  for (size_t first = 0; first < blocks; first += span, p += span / step * bytes)
    for (size_t at = 0; at < 64; at += direct_bytes) {
      const size_t end = CK_MIN(blocks, first + span);
      const uint8_t *q = p;
      floats_v sums[direct_most];
#pragma clang loop unroll(full)
      for (size_t t = 0; t < n; t++) memcpy(&sums[t], out[t] + at / 4, sizeof sums[t]);
      for (size_t j = first; j < end; j += step, q += bytes) {
        if (step == 8) {
          direct_span(format, n, q, at, x, j, sums);
          continue;
        }
        direct_prefetch(q, at, bytes);
        const direct_scales scales = direct_scales_32(format, q, at);
        direct_block(format, n, q + at, 0, 0, &scales, x, j, sums);
      }
#pragma clang loop unroll(full)
      for (size_t t = 0; t < n; t++) memcpy(out[t] + at / 4, &sums[t], sizeof sums[t]);
    }
}

// `blocks` blocks of 32 columns of sixteen packed rows, n <= direct_most tokens.
CK_INLINE TARGET void direct(ck_format format, size_t n, const uint8_t *p, size_t blocks,
                             const ck_block_q8 *const *x, float (*sums)[CK_GROUP]) {
  if (n == 1) direct_n(format, 1, p, blocks, x, sums);
  if (n == 2) direct_n(format, 2, p, blocks, x, sums);
  if (n == 3) direct_n(format, 3, p, blocks, x, sums);
  if (n == 4) direct_n(format, 4, p, blocks, x, sums);
  if (direct_most >= 5 && n == 5) direct_n(format, 5, p, blocks, x, sums);
  if (direct_most >= 6 && n == 6) direct_n(format, 6, p, blocks, x, sums);
  if (direct_most >= 7 && n == 7) direct_n(format, 7, p, blocks, x, sums);
  if (direct_most >= 8 && n == 8) direct_n(format, 8, p, blocks, x, sums);
}

#endif
