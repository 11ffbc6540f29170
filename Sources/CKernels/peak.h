// The loop that a peak is measured by: multiply-adds in registers, in enough independent chains to hide their latency.
#ifndef CK_PEAK_H
#define CK_PEAK_H

#include "internal.h"

// Defines name(steps). `s` is a chain's sum and `a` the operand, vectors of `type` which the assembler keeps in registers
// of `kind`; `operations` is what `step`, the new sum, does.
#define CK_PEAK(name, type, kind, chains, first, step, operations) \
  double name(size_t steps) {                                      \
    type sums[chains], a = first;                                  \
    for (int k = 0; k < chains; k++) sums[k] = first;              \
    for (size_t i = 0; i < steps; i++) {                           \
      __asm__ volatile("" : "+" kind(a));                          \
      _Pragma("clang loop unroll(full)") for (int k = 0; k < chains; k++) { \
        const type s = sums[k];                                    \
        sums[k] = step;                                            \
        __asm__ volatile("" : "+" kind(sums[k]));                  \
      }                                                            \
    }                                                              \
    return (double)steps * chains * (operations);                  \
  }

#endif
