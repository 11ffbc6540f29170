// Which rows of float weights to multiply together with one token, and what to prefetch meanwhile.
//
// Memory is fastest read in order, and rows multiplied together are streams apart: so few rows at once, and rows that lie
// together and are short are prefetched as one stream, the next ones in the time of these. Of the read bandwidth on
// Zen 5, F32, 2048 columns: one row 95 %, two 90 %, eight 77 %.
#ifndef CK_STREAM_H
#define CK_STREAM_H

#include "internal.h"

enum { stream_bytes = 8192 };  // waits in the first-level cache beside the rows at work

CK_INLINE size_t stream_size(ck_format format) { return format == CK_F32 ? 4 : format == CK_FP8_E4M3 ? 1 : 2; }

// Rows at once for one token, of 1, 2, 4 ... most: no more than fit a stream, and enough to hide the latency of a sum,
// which in F32, for its bytes, one row does, and in FP8, which converts longest, four.
CK_INLINE size_t stream_rows(ck_format format, size_t row_bytes, size_t most) {
  const size_t least = format == CK_F32 ? 1 : format == CK_FP8_E4M3 ? 4 : 2;
  size_t rows = most;
  while (rows > least && rows * row_bytes > stream_bytes) rows /= 2;
  return rows;
}

// While columns c ..< c + n of `count` rows, row_bytes apart, are multiplied, brings in what comes next: as a stream, or
// `far` bytes ahead in each row and then at that place of the next rows.
CK_INLINE void stream_prefetch(ck_format format, const uint8_t *const *rows, size_t count, size_t row_bytes, size_t c,
                               size_t n, size_t cols, size_t far) {
  const size_t size = stream_size(format), bytes = n * size;
  if (row_bytes == cols * size && count * row_bytes <= stream_bytes) {
    const uint8_t *p = rows[0] + count * (row_bytes + c * size);
    for (size_t i = 0; i < count * bytes; i += 64) __builtin_prefetch(p + i);
    return;
  }
  const size_t ahead = c + CK_MIN(cols, far / size);
#pragma clang loop unroll(full)
  for (size_t r = 0; r < count; r++) {
    const uint8_t *p = rows[r] + (ahead < cols ? ahead * size : count * row_bytes + (ahead - cols) * size);
    for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(p + i);
  }
}

#endif
