// Quantisers of the simple formats: the same bits as the gguf Python package (version 0.19) makes.
#include "quantize_k.h"

// Half away from zero, as that package rounds Q8_0.
static float round_away(float v) {
  const float a = fabsf(v), whole = floorf(a);
  return copysignf(whole + floorf(2 * (a - whole)), v);
}

static uint8_t clip(float v, int top) { return (uint8_t)(v > 0 ? fminf(v, (float)top) : 0); }

static void store_f16(uint8_t *out, float value) {
  const uint16_t h = ck_to_f16(value);
  memcpy(out, &h, 2);
}

// Of a scale so small that its inverse overflows, 0: in half precision the scale is 0 too, whatever the codes.
static float inverse(float d) { return fabsf(d) < 0x1p-120f ? 0 : 1 / d; }

static void q8_0(const float *x, uint8_t *out) {
  float largest = 0;
  for (int i = 0; i < 32; i++) largest = fmaxf(largest, fabsf(x[i]));
  const float d = largest / 127, id = inverse(d);
  store_f16(out, d);
  for (int i = 0; i < 32; i++) out[2 + i] = (uint8_t)(int8_t)round_away(x[i] * id);
}

static void store_codes(const uint8_t *q, uint8_t *low, uint8_t *high) {
  for (int i = 0; i < 16; i++) low[i] = (uint8_t)((q[i] & 15) | q[i + 16] << 4);
  uint32_t bits = 0;
  for (int i = 0; i < 32; i++) bits |= (uint32_t)(q[i] >> 4) << i;
  if (high) memcpy(high, &bits, 4);
}

// Q4_0 (half = 8) and Q5_0 (half = 16): the value farthest from zero, the first of equals, becomes code 0.
static void symmetric(const float *x, int half, uint8_t *out) {
  float farthest = x[0];
  for (int i = 1; i < 32; i++)
    if (fabsf(x[i]) > fabsf(farthest)) farthest = x[i];
  const float d = farthest / (float)-half, id = inverse(d);
  uint8_t q[32];
  for (int i = 0; i < 32; i++) q[i] = clip(x[i] * id + ((float)half + 0.5f), 2 * half - 1);
  store_f16(out, d);
  store_codes(q, out + (half == 8 ? 2 : 6), half == 8 ? NULL : out + 2);
}

// Q4_1 (top = 15) and Q5_1 (top = 31): from the minimum to the maximum.
static void with_min(const float *x, int top, uint8_t *out) {
  float min = x[0], max = x[0];
  for (int i = 1; i < 32; i++) {
    min = x[i] < min ? x[i] : min;
    max = x[i] > max ? x[i] : max;
  }
  const float d = (max - min) / (float)top, id = inverse(d);
  uint8_t q[32];
  for (int i = 0; i < 32; i++) q[i] = clip((x[i] - min) * id + 0.5f, top);
  store_f16(out, d);
  store_f16(out + 2, min);
  store_codes(q, out + (top == 15 ? 4 : 8), top == 15 ? NULL : out + 4);
}

static void mxfp4(const float *x, uint8_t *out) {
  float largest = 0;
  for (int i = 0; i < 32; i++) largest = fmaxf(largest, fabsf(x[i]));
  const int e = largest > 0 ? (int)floorf(log2f(largest)) - 2 + 127 : 0;
  const float d = ck_from_e8m0_half((uint8_t)(e < 0 ? 0 : e));
  uint8_t q[32];
  for (int i = 0; i < 32; i++) {
    int best = 0;
    for (int k = 1; k < 16; k++)
      if (fabsf(d * (float)ck_mxfp4_values[k] - x[i]) < fabsf(d * (float)ck_mxfp4_values[best] - x[i])) best = k;
    q[i] = (uint8_t)best;
  }
  out[0] = (uint8_t)(e < 0 ? 0 : e);
  store_codes(q, out + 1, NULL);
}

static void block_32(ck_format format, const float *x, uint8_t *out) {
  switch (format) {
    case CK_Q8_0: q8_0(x, out); break;
    case CK_Q4_0: symmetric(x, 8, out); break;
    case CK_Q5_0: symmetric(x, 16, out); break;
    case CK_Q4_1: with_min(x, 15, out); break;
    case CK_Q5_1: with_min(x, 31, out); break;
    default: mxfp4(x, out);
  }
}

// NaN and infinity are in no block; 65504 and less always are, scales being half-precision numbers but in MXFP4.
static int fits_blocks(ck_format format, const float *x, size_t n) {
  uint32_t largest = 0;
  for (size_t i = 0; i < n; i++) {
    const uint32_t magnitude = ck_bits(x[i]) & 0x7FFFFFFF;
    largest = magnitude > largest ? magnitude : largest;
  }
  return format == CK_MXFP4 ? largest < 0x7F800000 : largest <= ck_bits(65504.0f);
}

int ck_quantize_row(ck_format format, const float *x, size_t n, void *out) {
  if (ck_format_block(format) > 1 && !fits_blocks(format, x, n)) return -2;
  switch (format) {
    case CK_F32: memcpy(out, x, 4 * n); return 0;
    case CK_F16:
      for (size_t i = 0; i < n; i++) store_f16((uint8_t *)out + 2 * i, x[i]);
      return 0;
    case CK_BF16:
      for (size_t i = 0; i < n; i++) {
        const uint16_t b = ck_to_bf16(x[i]);
        memcpy((uint8_t *)out + 2 * i, &b, 2);
      }
      return 0;
    case CK_Q8_0:
    case CK_Q4_0:
    case CK_Q4_1:
    case CK_Q5_0:
    case CK_Q5_1:
    case CK_MXFP4:
      for (size_t c = 0; c < n; c += 32)
        block_32(format, x + c, (uint8_t *)out + c / 32 * ck_format_block_bytes(format));
      return 0;
    case CK_FP8_E4M3: return -1;  // its scales are not in the row
    default:
      for (size_t c = 0; c < n; c += ck_format_block(format))
        if (ck_quantize_block_k(format, x + c, (uint8_t *)out + c / ck_format_block(format) * ck_format_block_bytes(format)))
          return -1;
      return 0;
  }
}
