// Reading memory for its own sake, with the widest loads an instruction set has.
#ifndef CK_READ_H
#define CK_READ_H

#include "internal.h"

// Integers, since the bits of weights are any: as floats some would be denormal, and slow on many processors.
#define CK_READ_WORDS(target, width)                                         \
  target static uint32_t read_words(const uint32_t *x, size_t n) {           \
    typedef uint32_t vector __attribute__((vector_size(width)));             \
    vector sums[4] = {{0}};                                                  \
    size_t i = 0;                                                            \
    for (; i + (width) <= n; i += (width))                                   \
      for (size_t k = 0; k < 4; k++) {                                       \
        vector part;                                                         \
        memcpy(&part, x + i + k * (width) / 4, sizeof part);                 \
        sums[k] ^= part;                                                     \
      }                                                                      \
    sums[0] ^= sums[1] ^ sums[2] ^ sums[3];                                  \
    uint32_t result = 0;                                                     \
    for (size_t lane = 0; lane < (width) / 4; lane++) result ^= sums[0][lane]; \
    for (; i < n; i++) result ^= x[i];                                       \
    return result;                                                           \
  }

#endif
