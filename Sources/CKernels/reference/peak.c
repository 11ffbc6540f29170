// The peaks of plain C: one product and its sum after the other.
#include <math.h>

#include "../peak.h"

double ck_reference_peak_f32(size_t steps) {
  volatile float result;
  float sums[8] = {0};
  for (size_t i = 0; i < steps; i++)
    for (int k = 0; k < 8; k++) sums[k] = fmaf(sums[k], 0.5f, 0.5f);
  for (int k = 0; k < 8; k++) result = sums[k];
  (void)result;
  return (double)steps * 8 * 2;
}

double ck_reference_peak_int8(size_t steps) {
  volatile int8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  volatile int32_t result;
  int32_t sum = 0;
  for (size_t i = 0; i < steps; i++)
    for (int k = 0; k < 8; k++) sum = (int32_t)((uint32_t)sum + (uint32_t)(bytes[k] * 3));
  result = sum;
  (void)result;
  return (double)steps * 8 * 2;
}
