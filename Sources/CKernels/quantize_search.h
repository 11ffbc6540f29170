// Searches for the scale (and minimum) of a few values that leave the least squared error. Loops are written in lanes
// of eight so that they vectorise without reordering sums.
#ifndef CK_QUANTIZE_SEARCH_H
#define CK_QUANTIZE_SEARCH_H

#include "internal.h"

enum { search_lanes = 8 };

CK_INLINE float search_sum(const float *lane) {
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

// Nearest integer within low ... high, ties to even: adding 1.5 * 2^23 leaves no room for a fraction.
CK_INLINE float search_round(float v, float low, float high) {
  v = v < low ? low : v > high ? high : v;
  return (v + 12582912.0f) - 12582912.0f;
}

typedef struct {
  float q, qq, xq, x, xx;  // sums of products of codes and values
} search_sums;

// Codes round((x + shift) * inverse) within low ... high, and their sums.
CK_INLINE search_sums search_codes(const float *x, int n, float shift, float inverse, float low, float high) {
  float q[search_lanes] = {0}, qq[search_lanes] = {0}, xq[search_lanes] = {0}, sx[search_lanes] = {0};
  float xx[search_lanes] = {0};
  for (int i = 0; i < n; i += search_lanes)
    for (int l = 0; l < search_lanes; l++) {
      const float v = x[i + l], code = search_round((v + shift) * inverse, low, high);
      q[l] += code;
      qq[l] += code * code;
      xq[l] += v * code;
      sx[l] += v;
      xx[l] += v * v;
    }
  return (search_sums){search_sum(q), search_sum(qq), search_sum(xq), search_sum(sx), search_sum(xx)};
}

// Squared error of s * code - m, the codes being the best for that s and m.
CK_INLINE float search_error(const float *x, int n, float s, float m, float low, float high) {
  const float inverse = s == 0 ? 0 : 1 / s;
  float e[search_lanes] = {0};
  for (int i = 0; i < n; i += search_lanes)
    for (int l = 0; l < search_lanes; l++) {
      const float d = s * search_round((x[i + l] + m) * inverse, low, high) - m - x[i + l];
      e[l] += d * d;
    }
  return search_sum(e);
}

// x = s q - m, q in 0 ... top, m >= 0: several widths of the grid are tried, each followed by a least squares fit.
CK_INLINE void search_scale_min(const float *x, int n, int top, float *scale, float *min) {
  float low = 0, high = x[0];
  for (int i = 0; i < n; i++) {
    low = x[i] < low ? x[i] : low;
    high = x[i] > high ? x[i] : high;
  }
  *scale = 0;
  *min = -low;
  if (!(high > low)) return;
  float best = INFINITY;
  for (int k = 0; k < 11; k++) {
    const float inverse = ((float)top - 0.8f + 0.2f * (float)k) / (high - low);
    const search_sums t = search_codes(x, n, -low, inverse, 0, (float)top);
    const float determinant = (float)n * t.qq - t.q * t.q;
    float s = 1 / inverse, m = -low;
    if (determinant > 0) {
      s = ((float)n * t.xq - t.x * t.q) / determinant;
      m = (s * t.q - t.x) / (float)n;
      if (m < 0) {
        m = 0;
        s = t.xq / t.qq;
      }
    }
    const float error = s > 0 ? search_error(x, n, s, m, 0, (float)top) : INFINITY;
    if (error < best) {
      best = error;
      *scale = s;
      *min = m;
    }
  }
}

// x = s q, q in -half ... half - 1; s may be negative, so that the farthest value takes the longer side.
CK_INLINE float search_scale(const float *x, int n, int half) {
  float farthest = 0, best = -1, scale = 0;
  for (int i = 0; i < n; i++)
    if (fabsf(x[i]) > fabsf(farthest)) farthest = x[i];
  if (fabsf(farthest) < 0x1p-120f) return 0;
  for (int k = -5; k <= 5; k++) {
    const float inverse = -((float)half + 0.1f * (float)k * (half > 8 ? 2 : 1)) / farthest;
    const search_sums t = search_codes(x, n, 0, inverse, (float)-half, (float)(half - 1));
    if (t.qq > 0 && t.xq * t.xq > best * t.qq) {
      best = t.xq * t.xq / t.qq;
      scale = t.xq / t.qq;
    }
  }
  return scale;
}

#endif
