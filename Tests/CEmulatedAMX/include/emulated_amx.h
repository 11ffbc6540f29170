// The AMX products over tiles in plain C, so that machines without AMX test what runs on those with it.
#ifndef EMULATED_AMX_H
#define EMULATED_AMX_H

#include "ck.h"

// The AVX-512 VNNI table with the products of the AMX table, emulated; `name` is NULL without AVX-512 VNNI.
ck_kernels emulated_amx_table(void);

// Whether this thread's tiles are released; and the products of tiles it has made, so that a test can see that it did.
int emulated_amx_released(void);
size_t emulated_amx_products(void);

// Makes every product of tiles wrong by one in one element, until called with 0.
void emulated_amx_break(int broken);

#endif
