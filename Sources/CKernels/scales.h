// The integer scales and minima of sixteen packed blocks of the K and XS formats, a byte each.
//
// Plain C which the includer's target vectorises: define TARGET first.
#ifndef CK_SCALES_H
#define CK_SCALES_H

#include "internal.h"

// scale[s][row], min[s][row]: s counts blocks of 32 columns, or of 16 in the formats of halves.
typedef struct ck_scale_codes {
  int8_t scale[16][CK_GROUP], min[16][CK_GROUP];
} __attribute__((aligned(64))) ck_scale_codes;

// Q4_K and Q5_K: twelve bytes a row, each byte of sixteen rows together.
CK_INLINE TARGET void scale_codes_k4(const uint8_t *s, ck_scale_codes *out) {
  int8_t *scale = out->scale[0], *min = out->min[0];
  for (size_t i = 0; i < 64; i++) {
    scale[i] = s[i] & 63;
    min[i] = s[64 + i] & 63;
    scale[64 + i] = (int8_t)((s[128 + i] & 15) | (s[i] >> 6) << 4);
    min[64 + i] = (int8_t)(s[128 + i] >> 4 | (s[64 + i] >> 6) << 4);
  }
}

// Q3_K: twelve bytes a row; the last four hold two more bits of each of the sixteen.
CK_INLINE TARGET void scale_codes_q3_k(const uint8_t *s, ck_scale_codes *out) {
  int8_t *scale = out->scale[0];
  for (size_t i = 0; i < 64; i++) {
    const int high = s[128 + i];
    scale[i] = (int8_t)(((s[i] & 15) | (high & 3) << 4) - 32);
    scale[64 + i] = (int8_t)(((s[64 + i] & 15) | (high >> 2 & 3) << 4) - 32);
    scale[128 + i] = (int8_t)((s[i] >> 4 | (high >> 4 & 3) << 4) - 32);
    scale[192 + i] = (int8_t)((s[64 + i] >> 4 | (high >> 6) << 4) - 32);
  }
}

// IQ4_XS: a word a row with two bits for each of eight blocks, and four bytes of nibbles.
CK_INLINE TARGET void scale_codes_iq4_xs(const uint8_t *words, const uint8_t *nibbles, ck_scale_codes *out) {
  for (size_t j = 0; j < 8; j += 2)
    for (size_t r = 0; r < CK_GROUP; r++) {
      const int low = nibbles[8 * j + r], high = ck_load16(words + 2 * r) >> (2 * j) & 15;
      out->scale[j][r] = (int8_t)(((low & 15) | (high & 3) << 4) - 32);
      out->scale[j + 1][r] = (int8_t)((low >> 4 | (high >> 2) << 4) - 32);
    }
}

CK_INLINE TARGET void scale_codes_q2_k(const uint8_t *s, ck_scale_codes *out) {
  int8_t *scale = out->scale[0], *min = out->min[0];
  for (size_t i = 0; i < 256; i++) {
    scale[i] = s[i] & 15;
    min[i] = s[i] >> 4;
  }
}

// The scales of the packed block p.
CK_INLINE TARGET void ck_read_scale_codes(ck_format format, const uint8_t *p, ck_scale_codes *out) {
  switch (format) {
    case CK_Q2_K: scale_codes_q2_k(p + 64, out); break;
    case CK_Q3_K: scale_codes_q3_k(p + 32, out); break;
    case CK_Q4_K:
    case CK_Q5_K: scale_codes_k4(p + 64, out); break;
    case CK_Q6_K: memcpy(out->scale, p + 32, 256); break;
    case CK_IQ4_XS: scale_codes_iq4_xs(p + 32, p + 64, out); break;
    default: break;
  }
}

#endif
