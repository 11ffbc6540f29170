// Quantisers of the 256-value formats: our own search for the least squared error, in GGUF's blocks.
#include "quantize_search.h"
#include "quantize_k.h"

static float store_half(uint8_t *out, float value) {
  const uint16_t h = ck_to_f16(value);
  memcpy(out, &h, 2);
  return ck_from_f16(h);
}

static int code_of(float value, float unit, int low, int high) {
  return unit == 0 ? 0 : (int)search_round(value / unit, (float)low, (float)high);
}

// Formats with minima. Scales and minima become codes 0 ... code_top of two half-precision units; then each pair of
// codes is moved by one wherever that lowers the error of what will be read back.
typedef struct {
  float d, dmin;
  uint8_t scale[16], min[16];
} min_codes;

static void refine(const float *x, int n, int top, int code_top, min_codes *c, int j) {
  const int scale = c->scale[j], min = c->min[j];
  float best = INFINITY;
  for (int s = scale - 1; s <= scale + 1; s++)
    for (int m = min - 1; m <= min + 1; m++) {
      if (s < 0 || s > code_top || m < 0 || m > code_top) continue;
      const float error = search_error(x, n, c->d * (float)s, c->dmin * (float)m, 0, (float)top);
      if (error < best) {
        best = error;
        c->scale[j] = (uint8_t)s;
        c->min[j] = (uint8_t)m;
      }
    }
}

static void find_min_codes(const float *x, int n, int top, int code_top, uint8_t *d, uint8_t *dmin, min_codes *c) {
  float scales[16], mins[16], scale = 0, min = 0;
  for (int j = 0; j < 256 / n; j++) {
    search_scale_min(x + j * n, n, top, &scales[j], &mins[j]);
    scale = fmaxf(scale, scales[j]);
    min = fmaxf(min, mins[j]);
  }
  c->d = store_half(d, scale / (float)code_top);
  c->dmin = store_half(dmin, min / (float)code_top);
  for (int j = 0; j < 256 / n; j++) {
    c->scale[j] = (uint8_t)code_of(scales[j], c->d, 0, code_top);
    c->min[j] = (uint8_t)code_of(mins[j], c->dmin, 0, code_top);
    refine(x + j * n, n, top, code_top, c, j);
  }
}

static void final_codes(const float *x, int n, float s, float m, int low, int high, uint8_t *q) {
  const float inverse = s == 0 ? 0 : 1 / s;
  for (int i = 0; i < n; i++) q[i] = (uint8_t)((int)search_round((x[i] + m) * inverse, (float)low, (float)high) - low);
}

static void min_format_codes(const float *x, int n, int top, int code_top, uint8_t *d, uint8_t *dmin, min_codes *c,
                             uint8_t *q) {
  find_min_codes(x, n, top, code_top, d, dmin, c);
  for (int j = 0; j < 256 / n; j++)
    final_codes(x + j * n, n, c->d * (float)c->scale[j], c->dmin * (float)c->min[j], 0, top, q + j * n);
}

// Four codes 32 apart share a byte, two bits each.
static void store_two_bits(const uint8_t *q, uint8_t *out) {
  for (int i = 0; i < 64; i++) {
    const uint8_t *p = q + i / 32 * 128 + i % 32;
    out[i] = (uint8_t)((p[0] & 3) | (p[32] & 3) << 2 | (p[64] & 3) << 4 | (p[96] & 3) << 6);
  }
}

static void quantize_q2_k(const float *x, uint8_t *out) {
  min_codes c;
  uint8_t q[256];
  min_format_codes(x, 16, 3, 15, out + 80, out + 82, &c, q);
  for (int j = 0; j < 16; j++) out[j] = (uint8_t)(c.scale[j] | c.min[j] << 4);
  store_two_bits(q, out + 16);
}

static void quantize_q45_k(ck_format format, const float *x, uint8_t *out) {
  min_codes c;
  uint8_t q[256], *s = out + 4, *qs = out + (format == CK_Q4_K ? 16 : 48);
  min_format_codes(x, 32, format == CK_Q4_K ? 15 : 31, 63, out, out + 2, &c, q);
  for (int j = 0; j < 4; j++) {
    s[j] = (uint8_t)(c.scale[j] | (c.scale[j + 4] >> 4) << 6);
    s[j + 4] = (uint8_t)(c.min[j] | (c.min[j + 4] >> 4) << 6);
    s[j + 8] = (uint8_t)((c.scale[j + 4] & 15) | (c.min[j + 4] & 15) << 4);
  }
  for (int i = 0; i < 128; i++) {
    const uint8_t *p = q + i / 32 * 64 + i % 32;
    qs[i] = (uint8_t)((p[0] & 15) | (p[32] & 15) << 4);
  }
  if (format == CK_Q4_K) return;
  memset(out + 16, 0, 32);
  for (int i = 0; i < 256; i++) out[16 + i % 32] |= (uint8_t)((q[i] >> 4) << (i / 32));
}

// Formats without minima. Scales become signed codes of one half-precision unit, likewise refined.
static void scale_codes(const float *x, int half, int code_low, int code_high, uint8_t *d, int *codes, uint8_t *q) {
  float scales[16], largest = 0;
  for (int j = 0; j < 16; j++) {
    scales[j] = search_scale(x + 16 * j, 16, half);
    if (fabsf(scales[j]) > fabsf(largest)) largest = scales[j];
  }
  const float unit = store_half(d, largest / (float)code_low);
  for (int j = 0; j < 16; j++) {
    const int start = code_of(scales[j], unit, code_low, code_high);
    float best = INFINITY;
    for (int code = start - 1; code <= start + 1; code++) {
      if (code < code_low || code > code_high) continue;
      const float error = search_error(x + 16 * j, 16, unit * (float)code, 0, (float)-half, (float)(half - 1));
      if (error < best) {
        best = error;
        codes[j] = code;
      }
    }
    final_codes(x + 16 * j, 16, unit * (float)codes[j], 0, -half, half - 1, q + 16 * j);
  }
}

static void quantize_q3_k(const float *x, uint8_t *out) {
  int codes[16];
  uint8_t q[256], *s = out + 96;
  scale_codes(x, 4, -32, 31, out + 108, codes, q);
  memset(out, 0, 32);
  memset(s, 0, 12);
  for (int i = 0; i < 256; i++) out[i % 32] |= (uint8_t)((q[i] >> 2) << (i / 32));
  store_two_bits(q, out + 32);
  for (int j = 0; j < 16; j++) {
    const int code = codes[j] + 32;
    s[j % 8] |= (uint8_t)((code & 15) << (j / 8 * 4));
    s[8 + j % 4] |= (uint8_t)((code >> 4) << (j / 4 * 2));
  }
}

static void quantize_q6_k(const float *x, uint8_t *out) {
  int codes[16];
  uint8_t q[256];
  scale_codes(x, 32, -128, 127, out + 208, codes, q);
  for (int j = 0; j < 16; j++) out[192 + j] = (uint8_t)(int8_t)codes[j];
  for (int h = 0; h < 2; h++)
    for (int l = 0; l < 32; l++) {
      const uint8_t *p = q + 128 * h + l;
      out[64 * h + l] = (uint8_t)((p[0] & 15) | (p[64] & 15) << 4);
      out[64 * h + 32 + l] = (uint8_t)((p[32] & 15) | (p[96] & 15) << 4);
      out[128 + 32 * h + l] = (uint8_t)(p[0] >> 4 | (p[32] >> 4) << 2 | (p[64] >> 4) << 4 | (p[96] >> 4) << 6);
    }
}

// The codes of the sixteen uneven levels nearest to x / d, and the error.
static float nearest_levels(const float *x, float d, uint8_t *q) {
  const float inverse = d == 0 ? 0 : 1 / d;
  float error = 0;
  for (int i = 0; i < 32; i++) {
    const float v = x[i] * inverse;
    int code = 0;
    for (int k = 0; k < 15; k++) code += v > 0.5f * (float)(ck_iq4_values[k] + ck_iq4_values[k + 1]);
    q[i] = (uint8_t)code;
    const float difference = d * (float)ck_iq4_values[code] - x[i];
    error += difference * difference;
  }
  return error;
}

// The scale of 32 values on the uneven levels: several first guesses, each followed by a least squares fit.
static float search_levels(const float *x) {
  float farthest = 0, best = INFINITY, scale = 0;
  uint8_t q[32];
  for (int i = 0; i < 32; i++)
    if (fabsf(x[i]) > fabsf(farthest)) farthest = x[i];
  if (fabsf(farthest) < 0x1p-100f) return 0;
  for (int k = 0; k < 14; k++) {
    float d = (k & 1 ? farthest : -farthest) / (101.0f + 4.5f * (float)k), xq = 0, qq = 0;
    nearest_levels(x, d, q);
    for (int i = 0; i < 32; i++) {
      xq += x[i] * (float)ck_iq4_values[q[i]];
      qq += (float)(ck_iq4_values[q[i]] * ck_iq4_values[q[i]]);
    }
    d = qq > 0 ? xq / qq : 0;
    const float error = nearest_levels(x, d, q);
    if (error < best) {
      best = error;
      scale = d;
    }
  }
  return scale;
}

static void store_nibbles(const uint8_t *q, uint8_t *out) {
  for (int i = 0; i < 16; i++) out[i] = (uint8_t)(q[i] | q[i + 16] << 4);
}

static void quantize_iq4_nl(const float *x, uint8_t *out) {
  uint8_t q[32];
  nearest_levels(x, store_half(out, search_levels(x)), q);
  store_nibbles(q, out + 2);
}

static void quantize_iq4_xs(const float *x, uint8_t *out) {
  float scales[8], largest = 0;
  for (int j = 0; j < 8; j++) {
    scales[j] = search_levels(x + 32 * j);
    if (fabsf(scales[j]) > fabsf(largest)) largest = scales[j];
  }
  const float unit = store_half(out, largest / -32);
  uint16_t high = 0;
  memset(out + 4, 0, 4);
  for (int j = 0; j < 8; j++) {
    uint8_t q[32];
    const int start = code_of(scales[j], unit, -32, 31);
    int code = start;
    float best = INFINITY;
    for (int k = start - 1; k <= start + 1; k++) {
      if (k < -32 || k > 31) continue;
      const float error = nearest_levels(x + 32 * j, unit * (float)k, q);
      if (error < best) {
        best = error;
        code = k;
      }
    }
    nearest_levels(x + 32 * j, unit * (float)code, q);
    store_nibbles(q, out + 8 + 16 * j);
    out[4 + j / 2] |= (uint8_t)(((code + 32) & 15) << (4 * (j % 2)));
    high |= (uint16_t)(((code + 32) >> 4) << (2 * j));
  }
  memcpy(out + 2, &high, 2);
}

int ck_quantize_block_k(ck_format format, const float *x, uint8_t *out) {
  switch (format) {
    case CK_Q2_K: quantize_q2_k(x, out); return 0;
    case CK_Q3_K: quantize_q3_k(x, out); return 0;
    case CK_Q4_K:
    case CK_Q5_K: quantize_q45_k(format, x, out); return 0;
    case CK_Q6_K: quantize_q6_k(x, out); return 0;
    case CK_IQ4_NL: quantize_iq4_nl(x, out); return 0;
    case CK_IQ4_XS: quantize_iq4_xs(x, out); return 0;
    default: return -1;
  }
}
