// The memory's ceiling: plain reads with the widest vectors this machine has.
#ifndef CEILINGS_H
#define CEILINGS_H

#include <stddef.h>
#include <stdint.h>

double ceiling_read(const uint8_t *p, size_t bytes);  // touches every cache line; returns something to keep
void ceiling_sink(double value);

#endif
