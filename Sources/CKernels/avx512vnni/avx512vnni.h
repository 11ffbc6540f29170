// What the AVX-512 VNNI files share: the target and the products of the table.
#ifndef CK_AVX512_VNNI_H
#define CK_AVX512_VNNI_H

#include "../internal.h"

#define CK_AVX512_VNNI_TARGET \
  __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

CK_DECLARE_Q8_PRODUCTS(ck_avx512vnni)

#endif
