// The meaning of every block format: integer codes, scales and minima, as the GGUF specification defines them.
#include "../internal.h"

const int8_t ck_mxfp4_values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
const int8_t ck_iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

static void fill(float *values, int n, float value) {
  for (int i = 0; i < n; i++) values[i] = value;
}

// Sixteen bytes hold 32 codes: low nibbles are codes 0..15, high ones 16..31.
static void nibbles(const uint8_t *in, int offset, int8_t *q) {
  for (int i = 0; i < 16; i++) {
    q[i] = (int8_t)((in[i] & 15) - offset);
    q[i + 16] = (int8_t)((in[i] >> 4) - offset);
  }
}

static void nibbles_lookup(const uint8_t *in, const int8_t *table, int8_t *q) {
  for (int i = 0; i < 16; i++) {
    q[i] = table[in[i] & 15];
    q[i + 16] = table[in[i] >> 4];
  }
}

static void fifth_bits(const uint8_t *in, int8_t *q) {
  const uint32_t high = ck_load32(in);
  for (int i = 0; i < 32; i++) q[i] = (int8_t)(q[i] + (int)((high >> i & 1) << 4));
}

static void simple_codes(ck_format format, const uint8_t *p, ck_codes *out) {
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
static void two_bits(const uint8_t *in, int8_t *q) {
  for (int i = 0; i < 256; i++) q[i] = (in[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2)) & 3;
}

static void q2_k_codes(const uint8_t *p, ck_codes *out) {
  const float d = ck_from_f16(ck_load16(p + 80)), dmin = ck_from_f16(ck_load16(p + 82));
  two_bits(p + 16, out->q);
  for (int j = 0; j < 16; j++) {
    out->a[j] = d * (float)(p[j] & 15);
    out->b[j] = dmin * (float)(p[j] >> 4);
  }
}

static void q3_k_codes(const uint8_t *p, ck_codes *out) {
  const float d = ck_from_f16(ck_load16(p + 108));
  const uint8_t *scales = p + 96;
  two_bits(p + 32, out->q);
  for (int i = 0; i < 256; i++) out->q[i] = (int8_t)(out->q[i] - ((p[i % 32] >> (i / 32) & 1) ? 0 : 4));
  for (int j = 0; j < 16; j++) {
    const int low = j < 8 ? scales[j] & 15 : scales[j - 8] >> 4, high = scales[8 + j % 4] >> (j / 4 * 2) & 3;
    out->a[j] = d * (float)((low | high << 4) - 32);
  }
  fill(out->b, 16, 0);
}

// Q4_K and Q5_K: eight blocks of 32 with 6-bit scales and minima; Q5_K has the fifth bits apart.
static void q45_k_codes(ck_format format, const uint8_t *p, ck_codes *out) {
  const float d = ck_from_f16(ck_load16(p)), dmin = ck_from_f16(ck_load16(p + 2));
  const uint8_t *qs = p + (format == CK_Q4_K ? 16 : 48);
  for (int j = 0; j < 8; j++) {
    uint8_t scale, min;
    ck_scale_min_k4(j, p + 4, &scale, &min);
    fill(out->a + 2 * j, 2, d * (float)scale);
    fill(out->b + 2 * j, 2, dmin * (float)min);
    for (int i = 0; i < 32; i++) {
      const uint8_t byte = qs[j / 2 * 32 + i];
      const int high = format == CK_Q5_K ? (p[16 + i] >> j & 1) << 4 : 0;
      out->q[32 * j + i] = (int8_t)((j % 2 ? byte >> 4 : byte & 15) | high);
    }
  }
}

static void q6_k_codes(const uint8_t *p, ck_codes *out) {
  const float d = ck_from_f16(ck_load16(p + 208));
  for (int i = 0; i < 256; i++) {
    const int half = i / 128, quarter = i % 128 / 32, l = i % 32;
    const uint8_t low = p[64 * half + quarter % 2 * 32 + l], high = p[128 + 32 * half + l];
    const int nibble = quarter < 2 ? low & 15 : low >> 4;
    out->q[i] = (int8_t)((nibble | (high >> (2 * quarter) & 3) << 4) - 32);
  }
  for (int j = 0; j < 16; j++) out->a[j] = d * (float)(int8_t)p[192 + j];
  fill(out->b, 16, 0);
}

static void iq4_xs_codes(const uint8_t *p, ck_codes *out) {
  const float d = ck_from_f16(ck_load16(p));
  const int high = ck_load16(p + 2);
  for (int j = 0; j < 8; j++) {
    const int scale = (p[4 + j / 2] >> (4 * (j % 2)) & 15) | (high >> (2 * j) & 3) << 4;
    fill(out->a + 2 * j, 2, d * (float)(scale - 32));
    nibbles_lookup(p + 8 + 16 * j, ck_iq4_values, out->q + 32 * j);
  }
  fill(out->b, 16, 0);
}

void ck_block_codes(ck_format format, const uint8_t *block, ck_codes *out) {
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
