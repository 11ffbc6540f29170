// The machine's ceilings: plain reads, int8 dot products, fused multiply-adds, with the widest vectors it has.
#ifndef CEILINGS_H
#define CEILINGS_H

#include <stddef.h>
#include <stdint.h>

double ceiling_read(const uint8_t *p, size_t bytes);  // touches every cache line; returns something to keep
double ceiling_int8(size_t steps);
double ceiling_fma(size_t steps);
double ceiling_int8_operations(size_t steps);  // operations in `steps` steps on this machine
double ceiling_fma_operations(size_t steps);
void ceiling_sink(double value);

#endif
