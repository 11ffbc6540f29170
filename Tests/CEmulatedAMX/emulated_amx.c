// The source file of the AMX products once more, with tiles in plain C.
#include "emulated_amx.h"

#if defined(__x86_64__)
#include "tiles.h"

#define CK_AMX_TARGET CK_AVX512_VNNI_TARGET
#define CK_AMX_PREFIX emulated

#include "../../Sources/CKernels/avx512vnni/avx512vnni.h"
#include "../../Sources/CKernels/amx/multiply_q8_amx.c"

ck_kernels emulated_amx_table(void) {
  static const ck_multiply_fn products[CK_FORMATS] = {CK_Q8_TABLE(emulated)};
  const ck_kernels *base = ck_kernels_for(CK_AVX512_VNNI);
  ck_kernels table = {0};
  if (!base) return table;
  table = *base;
  table.name = "amx, emulated";
  for (int f = 0; f < CK_FORMATS; f++)
    if (products[f]) table.multiply[f] = products[f];
  return table;
}

int emulated_amx_released(void) { return !configured; }
size_t emulated_amx_products(void) { return products; }
void emulated_amx_break(int on) { broken = on; }
#else
ck_kernels emulated_amx_table(void) { return (ck_kernels){0}; }
int emulated_amx_released(void) { return 1; }
size_t emulated_amx_products(void) { return 0; }
void emulated_amx_break(int on) { (void)on; }
#endif
