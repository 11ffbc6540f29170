// Packed blocks multiplied with one token or two, vectors of 32 bytes: direct.h with fewer instructions, which there, not
// memory, take the time.
//
// Both vectors of eight rows meet an activation while it is in a register; low and high nibbles of a byte are unpacked from
// one load; some codes keep the place they have in their byte, and the scale makes up for it: 4 * dot and a / 4 multiply to
// the same float.
#ifndef CK_DIRECT_AVX2_H
#define CK_DIRECT_AVX2_H

#include "../direct.h"

enum { joint_tokens = 2 };

// Most tokens for which it is quicker than direct.h: not for codes that take most shifts to unpack, and with sums of pairs
// beside the totals registers suffice for one token, or the scales of Q2_K.
CK_INLINE size_t joint_most(ck_format format) {
  if (format == CK_Q3_K || (format == CK_Q5_K && direct_sums_are_wide)) return 0;
  return direct_sums_are_wide || format == CK_Q2_K ? joint_tokens : 1;
}

// Whether a block of 32 columns has its low nibbles first, then its high ones.
CK_INLINE int joint_nibbles(ck_format format) {
  return format == CK_IQ4_XS || (ck_block_of(format) == 32 && format != CK_Q8_0);
}

// What the codes of block k of a chunk are multiplied by: with sums in 16 bits they stay below 32.
CK_INLINE int joint_factor(ck_format format, size_t k) {
  if (format == CK_Q2_K) return direct_sums_are_wide ? 1 << (2 * k) : k % 2 ? 4 : 1;
  return format == CK_Q4_K && direct_sums_are_wide && k == 1 ? 16 : 1;
}

// 16 where the bit of a code is set: bits 4 g ..< 4 g + 4 of the row's word, moved to the upper half of byte g / 2.
CK_INLINE TARGET codes_v joint_fifth_bits(codes_v words, size_t g) {
  const __m256i places = _mm256_broadcastsi128_si256(_mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0C0C0C0C));
  const __m256i upper = g % 2 ? (__m256i)words : _mm256_slli_epi32((__m256i)words, 4);
  const __m256i spread = _mm256_shuffle_epi8(upper, _mm256_add_epi8(places, _mm256_set1_epi8((char)(g / 2))));
  const __m256i set = _mm256_and_si256(spread, _mm256_set1_epi32((int)0x80402010));
  return (codes_v)_mm256_min_epu8(set, _mm256_set1_epi8(16));
}

// Groups g and g + 4 of a block that starts with low nibbles.
CK_INLINE TARGET void joint_two(ck_format format, const uint8_t *p, size_t c, size_t g, codes_v out[2]) {
  const size_t at = format == CK_MXFP4                         ? 16
                    : format == CK_Q4_1                        ? 64
                    : format == CK_Q5_0                        ? 96
                    : format == CK_Q5_1                        ? 128
                    : format == CK_IQ4_XS                      ? 128 + 256 * c
                                                               : 32;
  const codes_v v = direct_load(p + at + 64 * g);
  out[0] = v & 15, out[1] = v >> 4;
  if (format == CK_IQ4_NL || format == CK_IQ4_XS || format == CK_MXFP4) {
    const uint8_t *table = format == CK_MXFP4 ? ck_mxfp4_codes : ck_iq4_codes;
    out[0] = direct_lookup(table, out[0]), out[1] = direct_lookup(table, out[1]);
  }
  if (format == CK_Q5_0 || format == CK_Q5_1) {
    const codes_v words = direct_load(p + (format == CK_Q5_0 ? 32 : 64));
    out[0] |= joint_fifth_bits(words, g), out[1] |= joint_fifth_bits(words, g + 4);
  }
}

// Group g of block k of chunk c, times joint_factor.
CK_INLINE TARGET codes_v joint_one(ck_format format, const uint8_t *p, size_t c, size_t k, size_t g) {
  if (format == CK_Q8_0) return direct_code_32(format, p, g);
  const int factor = joint_factor(format, k);
  if (factor == 1) return direct_code_256(format, p, c, k, g);
  if (format == CK_Q4_K) return direct_load(p + 256 + 512 * c + 64 * g) & 240;
  const codes_v v = direct_load(p + 320 + 512 * c + 64 * g);
  return direct_sums_are_wide || k == 1 ? v & (uint8_t)(3 << (2 * k)) : v >> 4 & 12;
}

// Scales and minima of a block of 32 columns, or of its halves: those of direct_scales, but where integers multiply to
// the same number with fewer conversions, `a` and `b` are the factors of the integers `by` and `min`.
typedef struct {
  floats_v a[2], b[2];
  ints_v by[2], min[2];
} joint_scales;

CK_INLINE TARGET joint_scales joint_scales_32(ck_format format, const uint8_t *p, size_t at) {
  const direct_scales s = direct_scales_32(format, p, at);
  return (joint_scales){.a = {s.a[0]}, .b = {s.b[0]}};
}

// Of block j of 256 columns; d and dmin times the integers.
CK_INLINE TARGET joint_scales joint_scales_256(ck_format format, const ck_scale_codes *codes, floats_v d, floats_v dmin,
                                               size_t j, size_t at) {
  const size_t parts = ck_format_halves_of(format) ? 2 : 1;
  joint_scales s = {0};
#pragma clang loop unroll(full)
  for (size_t i = 0; i < parts; i++) {
    const int8_t *scale = codes->scale[parts * j + i] + at / 4, *min = codes->min[parts * j + i] + at / 4;
    s.a[i] = d;
    if (direct_scales_pairs(format))
      s.by[i] = direct_scale_pairs(scale);
    else
      s.a[i] *= direct_bytes_as_floats(scale);
    if (!ck_format_min_of(format)) continue;
    s.b[i] = dmin;
    if (parts == 2)
      s.min[i] = (ints_v)_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)min));
    else
      s.b[i] *= direct_bytes_as_floats(min);
  }
  return s;
}

// Dot products of block k of chunk c, or of its half `half`, as floats.
CK_INLINE TARGET void joint_dots(ck_format format, size_t n, const uint8_t *p, size_t c, size_t k, size_t half,
                                 const joint_scales *scales, const ck_block_q8 *const *x, size_t j,
                                 floats_v (*out)[2]) {
  const int whole = !ck_format_halves_of(format), nibbles = joint_nibbles(format);
  const int factor = ck_code_offset(format) == 128 ? 1 : joint_factor(format, k);
  direct_sum s[joint_tokens][2];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) {
    direct_begin(ck_code_offset(format) * factor, whole || half == 0, whole || half == 1, &x[t][j], &s[t][0]);
    s[t][1] = s[t][0];
    for (size_t i = 0; i < 2 && direct_scales_pairs(format); i++) direct_scale(&s[t][i], scales[i].by[half]);
  }
#pragma clang loop unroll(full)
  for (size_t g = 0; g < (whole && !nibbles ? 8 : 4); g++)
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 2; i++) {
      codes_v codes[2];
      if (nibbles)
        joint_two(format, p + 32 * i, c, g, codes);
      else
        codes[0] = joint_one(format, p + 32 * i, c, k, 4 * half + g);
#pragma clang loop unroll(full)
      for (size_t u = 0; u < (nibbles ? 2 : 1); u++)
#pragma clang loop unroll(full)
        for (size_t t = 0; t < n; t++)
          joint_add(format, nibbles ? 2 * g + u : g, &s[t][i], codes[u], x[t][j].q + 4 * (g + 4 * (half + u)));
    }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++)
    for (size_t i = 0; i < 2; i++) out[t][i] = __builtin_convertvector(s[t][i].total, floats_v);
}

// The products of integer minima, below 16, and a sum of activations; what follows the sum meets zeros.
CK_INLINE TARGET floats_v joint_min(ints_v min, const int16_t *sum) {
  return __builtin_convertvector((ints_v)_mm256_madd_epi16((__m256i)min, broadcast_32(sum)), floats_v);
}

// Adds block k of chunk c, block j of the activations, to the sums of n tokens.
CK_INLINE TARGET void joint_block(ck_format format, size_t n, const uint8_t *p, size_t c, size_t k,
                                  const joint_scales *scales, const ck_block_q8 *const *x, size_t j,
                                  floats_v (*sums)[2]) {
  const int halves = ck_format_halves_of(format), min = ck_format_min_of(format);
  floats_v v[joint_tokens][2], more[joint_tokens][2];
  joint_dots(format, n, p, c, k, 0, scales, x, j, v);
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++)
    for (size_t i = 0; i < 2; i++) v[t][i] *= scales[i].a[0];
  if (halves) joint_dots(format, n, p, c, k, 1, scales, x, j, more);
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++)
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 2; i++) {
      const ck_block_q8 *block = &x[t][j];
      const joint_scales *s = &scales[i];
      floats_v w = v[t][i];
      if (halves) w = direct_fma(more[t][i], s->a[1], w);
      if (halves && min) {
        w = direct_fma(-s->b[0], joint_min(s->min[0], &block->sums[0]), w);
        w = direct_fma(-s->b[1], joint_min(s->min[1], &block->sums[1]), w);
      }
      sums[t][i] = direct_fma(w, (floats_v)block->scale, sums[t][i]);
      if (!halves && min) sums[t][i] = direct_fma(-s->b[0], (floats_v)block->scaled_sum, sums[t][i]);
    }
}

// A block of 256 columns.
CK_INLINE TARGET void joint_span(ck_format format, size_t n, const uint8_t *p, const ck_block_q8 *const *x, size_t j,
                                 floats_v (*sums)[2]) {
  const size_t chunk = direct_chunk(format), share = CK_GROUP * ck_block_bytes_of(format) / 8;
  ck_scale_codes codes;
  ck_read_scale_codes(format, p, &codes);
  floats_v d[2], dmin[2];
  for (size_t i = 0; i < 2; i++) {
    d[i] = direct_halves(p + 16 * i);
    dmin[i] = ck_format_min_of(format) ? direct_halves(p + 32 + 16 * i) : d[i];
  }
#pragma clang loop unroll(disable)
  for (size_t c = 0; c < 8 / chunk; c++)
#pragma clang loop unroll(full)
    for (size_t k = 0; k < chunk; k++) {
      const size_t b = chunk * c + k;
      const float part = 1.0f / (float)joint_factor(format, k);
      joint_scales scales[2];
      for (size_t i = 0; i < 2; i++) {
        direct_prefetch(p + share * b, 32 * i, share);
        scales[i] = joint_scales_256(format, &codes, d[i] * part, dmin[i], b, 32 * i);
      }
      joint_block(format, n, p, c, k, scales, x, j + b, sums);
      __asm__ volatile("" ::: "memory");  // bytes shared by blocks are read again: registers are short
    }
}

CK_INLINE TARGET void joint_n(ck_format format, size_t n, const uint8_t *p, size_t blocks,
                              const ck_block_q8 *const *x, float (*out)[CK_GROUP]) {
  const size_t bytes = CK_GROUP * ck_block_bytes_of(format), step = ck_block_of(format) / 32;
  floats_v sums[joint_tokens][2];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++)
    for (size_t i = 0; i < 2; i++) memcpy(&sums[t][i], out[t] + 8 * i, sizeof sums[t][i]);
  for (size_t j = 0; j < blocks; j += step, p += bytes) {
    if (step == 8) {
      joint_span(format, n, p, x, j, sums);
      continue;
    }
    joint_scales scales[2];
    for (size_t i = 0; i < 2; i++) {
      direct_prefetch(p, 32 * i, bytes);
      scales[i] = joint_scales_32(format, p, 32 * i);
    }
    joint_block(format, n, p, 0, 0, scales, x, j, sums);
  }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++)
    for (size_t i = 0; i < 2; i++) memcpy(out[t] + 8 * i, &sums[t][i], sizeof sums[t][i]);
}

// `blocks` blocks of 32 columns of sixteen packed rows, n <= joint_most(format) tokens.
CK_INLINE TARGET void joint(ck_format format, size_t n, const uint8_t *p, size_t blocks,
                            const ck_block_q8 *const *x, float (*sums)[CK_GROUP]) {
  if (joint_most(format) >= 1 && n == 1) joint_n(format, 1, p, blocks, x, sums);
  if (joint_most(format) >= 2 && n == 2) joint_n(format, 2, p, blocks, x, sums);
}

#endif
