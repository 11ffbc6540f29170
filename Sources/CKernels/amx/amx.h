// What the AMX files share: the target and the products of the table.
#ifndef CK_AMX_H
#define CK_AMX_H

#include "../internal.h"

#ifndef CK_AMX_TARGET  // the tests compile the products again, over tiles in plain C and under another name
#define CK_AMX_TARGET \
  __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,amx-tile,amx-int8")))
#define CK_AMX_PREFIX ck_amx
#endif

CK_DECLARE_Q8_PRODUCTS(CK_AMX_PREFIX)

#endif
