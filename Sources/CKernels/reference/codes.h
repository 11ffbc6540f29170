// The meaning of every block format: integer codes, scales and minima, as the GGUF specification defines them.
//
// Plain C, compiled once for the reference and once for each instruction set that dequantises: TARGET is the function
// attribute.
#ifndef CK_CODES_H
#define CK_CODES_H

#include "../internal.h"

// Blocks of a format as integer codes: value = a[i / 16] * q[i] - b[i / 16].
typedef struct ck_codes {
  int8_t q[CK_SPAN];
  float a[CK_SPAN / 16], b[CK_SPAN / 16];
} ck_codes;

CK_INLINE TARGET void fill(float *values, int n, float value) {
  for (int i = 0; i < n; i++) values[i] = value;
}

// Sixteen bytes hold 32 codes: low nibbles are codes 0..15, high ones 16..31.
CK_INLINE TARGET void nibbles(const uint8_t *in, int offset, int8_t *q) {
  for (int i = 0; i < 16; i++) {
    q[i] = (int8_t)((in[i] & 15) - offset);
    q[i + 16] = (int8_t)((in[i] >> 4) - offset);
  }
}

CK_INLINE TARGET void nibbles_lookup(const uint8_t *in, const int8_t *table, int8_t *q) {
  for (int i = 0; i < 16; i++) {
    q[i] = table[in[i] & 15];
    q[i + 16] = table[in[i] >> 4];
  }
}

CK_INLINE TARGET void fifth_bits(const uint8_t *in, int8_t *q) {
  const uint32_t high = ck_load32(in);
  for (int i = 0; i < 32; i++) q[i] = (int8_t)(q[i] + (int)((high >> i & 1) << 4));
}

CK_INLINE TARGET void simple_codes(ck_format format, const uint8_t *p, ck_codes *out) {
  const float d = format == CK_MXFP4 ? ck_from_e8m0_half(p[0]) : ck_from_f16(ck_load16(p));
  fill(out->a, 2, d);
  fill(out->b, 2, 0);
  switch (format) {
    case CK_Q8_0: memcpy(out->q, p + 2, 32); break;
    case CK_Q4_0: nibbles(p + 2, 8, out->q); break;
    case CK_IQ4_NL: nibbles_lookup(p + 2, ck_iq4_values, out->q); break;
    case CK_MXFP4: nibbles_lookup(p + 1, ck_mxfp4_values, out->q); break;
    case CK_Q5_0:
      nibbles(p + 6, 16, out->q);
      fifth_bits(p + 2, out->q);
      break;
    default:  // Q4_1, Q5_1
      nibbles(p + (format == CK_Q4_1 ? 4 : 8), 0, out->q);
      if (format == CK_Q5_1) fifth_bits(p + 4, out->q);
      fill(out->b, 2, -ck_from_f16(ck_load16(p + 2)));
  }
}

// Q2_K and Q3_K: two bits a code, four codes 32 apart share a byte.
CK_INLINE TARGET void two_bits(const uint8_t *in, int8_t *q) {
  for (int h = 0; h < 2; h++)
    for (int k = 0; k < 4; k++)
      for (int i = 0; i < 32; i++) q[128 * h + 32 * k + i] = in[32 * h + i] >> (2 * k) & 3;
}

CK_INLINE TARGET void q2_k_codes(const uint8_t *p, ck_codes *out) {
  const float d = ck_from_f16(ck_load16(p + 80)), dmin = ck_from_f16(ck_load16(p + 82));
  two_bits(p + 16, out->q);
  for (int j = 0; j < 16; j++) {
    out->a[j] = d * (float)(p[j] & 15);
    out->b[j] = dmin * (float)(p[j] >> 4);
  }
}

CK_INLINE TARGET void q3_k_codes(const uint8_t *p, ck_codes *out) {
  const float d = ck_from_f16(ck_load16(p + 108));
  const uint8_t *scales = p + 96;
  two_bits(p + 32, out->q);
  for (int k = 0; k < 8; k++)
    for (int i = 0; i < 32; i++) {
      const int high = (p[i] >> k & 1) << 2;
      out->q[32 * k + i] = (int8_t)(out->q[32 * k + i] + high - 4);
    }
  for (int j = 0; j < 16; j++) {
    const int low = j < 8 ? scales[j] & 15 : scales[j - 8] >> 4, high = scales[8 + j % 4] >> (j / 4 * 2) & 3;
    out->a[j] = d * (float)((low | high << 4) - 32);
  }
  fill(out->b, 16, 0);
}

// Q4_K and Q5_K: eight blocks of 32 with 6-bit scales and minima; Q5_K has the fifth bits apart.
CK_INLINE TARGET void q45_k_codes(ck_format format, const uint8_t *p, ck_codes *out) {
  const float d = ck_from_f16(ck_load16(p)), dmin = ck_from_f16(ck_load16(p + 2));
  const uint8_t *qs = p + (format == CK_Q4_K ? 16 : 48);
  for (int j = 0; j < 8; j++) {
    uint8_t scale, min;
    ck_scale_min_k4(j, p + 4, &scale, &min);
    fill(out->a + 2 * j, 2, d * (float)scale);
    fill(out->b + 2 * j, 2, dmin * (float)min);
    for (int i = 0; i < 32; i++) {
      const int high = format == CK_Q5_K ? (p[16 + i] >> j & 1) << 4 : 0;
      out->q[32 * j + i] = (int8_t)((qs[j / 2 * 32 + i] >> (j % 2 * 4) & 15) | high);
    }
  }
}

CK_INLINE TARGET void q6_k_codes(const uint8_t *p, ck_codes *out) {
  const float d = ck_from_f16(ck_load16(p + 208));
  for (int h = 0; h < 2; h++)
    for (int k = 0; k < 4; k++)
      for (int i = 0; i < 32; i++) {
        const int nibble = p[64 * h + k % 2 * 32 + i] >> (k / 2 * 4) & 15, high = p[128 + 32 * h + i] >> (2 * k) & 3;
        out->q[128 * h + 32 * k + i] = (int8_t)((nibble | high << 4) - 32);
      }
  for (int j = 0; j < 16; j++) out->a[j] = d * (float)(int8_t)p[192 + j];
  fill(out->b, 16, 0);
}

CK_INLINE TARGET void iq4_xs_codes(const uint8_t *p, ck_codes *out) {
  const float d = ck_from_f16(ck_load16(p));
  const int high = ck_load16(p + 2);
  for (int j = 0; j < 8; j++) {
    const int scale = (p[4 + j / 2] >> (4 * (j % 2)) & 15) | (high >> (2 * j) & 3) << 4;
    fill(out->a + 2 * j, 2, d * (float)(scale - 32));
    nibbles_lookup(p + 8 + 16 * j, ck_iq4_values, out->q + 32 * j);
  }
  fill(out->b, 16, 0);
}

// The codes of one block in file order.
CK_INLINE TARGET void block_codes(ck_format format, const uint8_t *block, ck_codes *out) {
  switch (format) {
    case CK_Q2_K: q2_k_codes(block, out); break;
    case CK_Q3_K: q3_k_codes(block, out); break;
    case CK_Q4_K:
    case CK_Q5_K: q45_k_codes(format, block, out); break;
    case CK_Q6_K: q6_k_codes(block, out); break;
    case CK_IQ4_XS: iq4_xs_codes(block, out); break;
    default: simple_codes(format, block, out);
  }
}

#endif
