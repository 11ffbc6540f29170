// What the AVX-512 files share: the target and the products of the two tables.
#ifndef CK_AVX512_H
#define CK_AVX512_H

#include "../internal.h"

#define CK_AVX512_TARGET __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")))

CK_PRODUCT(ck_avx512_multiply_f32);
CK_PRODUCT(ck_avx512_multiply_f16);
CK_PRODUCT(ck_avx512_multiply_bf16);
CK_PRODUCT(ck_avx512_multiply_fp8);
CK_PRODUCT(ck_avx512_multiply_blocks_f32);

#endif
