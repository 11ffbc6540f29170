// The quantisers that search: one block of floats to one block of bytes. Returns -1 for another format.
#ifndef CK_QUANTIZE_K_H
#define CK_QUANTIZE_K_H

#include "internal.h"

int ck_quantize_block_k(ck_format format, const float *x, uint8_t *out);

#endif
