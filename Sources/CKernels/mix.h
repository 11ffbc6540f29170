// The loops around a mixing kernel: the same for every instruction set.
//
// Before including, define TARGET, mix_queries, mix_columns and
//   mix_tile(format, queries, p, p_stride, v, v_stride, keys, n, out, out_stride)
// for up to mix_queries queries and n <= mix_columns columns.
#ifndef CK_MIX_H
#define CK_MIX_H

#include "internal.h"

enum { mix_keys = 128 };  // so many rows of values stay in the first-level cache while all queries use them

CK_INLINE TARGET void mix_format(ck_format format, const float *p, size_t p_stride, size_t queries, const uint8_t *v,
                                 size_t v_stride, size_t keys, size_t n, float *out, size_t out_stride) {
  const size_t size = format == CK_F16 ? 2 : 4;
  for (size_t j = 0; j < keys; j += mix_keys)
    for (size_t i = 0, taken; i < queries; i += taken) {
      taken = queries - i >= mix_queries ? mix_queries : queries - i >= 2 ? 2 : 1;
      for (size_t c = 0; c < n; c += mix_columns) {
        const float *weights = p + i * p_stride + j;
        const uint8_t *values = v + j * v_stride + c * size;
        float *to = out + i * out_stride + c;
        const size_t some = CK_MIN(mix_keys, keys - j), width = CK_MIN(mix_columns, n - c);
        if (taken == mix_queries)
          mix_tile(format, mix_queries, weights, p_stride, values, v_stride, some, width, to, out_stride);
        else if (taken == 2)
          mix_tile(format, 2, weights, p_stride, values, v_stride, some, width, to, out_stride);
        else
          mix_tile(format, 1, weights, p_stride, values, v_stride, some, width, to, out_stride);
      }
    }
}

TARGET static void mix(ck_format format, const float *p, size_t p_stride, size_t queries, const void *v,
                       size_t v_stride, size_t keys, size_t n, float *out, size_t out_stride) {
  if (format == CK_F16)
    mix_format(CK_F16, p, p_stride, queries, v, v_stride, keys, n, out, out_stride);
  else
    mix_format(CK_F32, p, p_stride, queries, v, v_stride, keys, n, out, out_stride);
}

#endif
