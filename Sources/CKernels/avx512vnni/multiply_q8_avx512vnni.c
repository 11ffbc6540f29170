// Products with 8-bit activations, AVX-512 VNNI: a lane a row, four columns a step (vpdpbusd).
#if defined(__x86_64__)
#include "avx512vnni.h"

#define TARGET CK_AVX512_VNNI_TARGET

#include "unpack_avx512vnni.h"

enum { tile_tokens = 8 };  // with 8 integer and 8 float sums half the registers are left for weights
CK_INLINE size_t kernel_tokens(ck_format format) { return (void)format, tile_tokens; }

CK_INLINE TARGET __m512i broadcast_32(const void *p) { return _mm512_set1_epi32((int)ck_load32(p)); }

// Integer sums of `steps` groups of four columns, started with -offset * (sum of the activations): `correction` has
// -offset in the half words whose activation sums count.
CK_INLINE TARGET void integer_sums(size_t n, const uint8_t (*q)[64], size_t steps, size_t at, __m512i correction,
                                   int corrected, const ck_block_q8 *const *x, size_t block, __m512i *sums) {
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) {
    sums[t] = _mm512_setzero_si512();
    if (corrected) sums[t] = _mm512_dpwssd_epi32(sums[t], correction, broadcast_32(x[t][block].sums));
  }
#pragma clang loop unroll(full)
  for (size_t g = 0; g < steps; g++) {
    const __m512i v = _mm512_loadu_si512(q[g]);
#pragma clang loop unroll(full)
    for (size_t t = 0; t < n; t++)
      sums[t] = _mm512_dpbusd_epi32(sums[t], v, broadcast_32(x[t][block].q + at + 4 * g));
  }
}

// One scale for 32 columns.
CK_INLINE TARGET void whole_block(ck_format format, size_t n, const ck_tile *tile, size_t j,
                                  const ck_block_q8 *const *x, __m512 *sums) {
  const int offset = ck_code_offset(format);
  __m512i dots[tile_tokens];
  integer_sums(n, tile->q + 8 * j, 8, 0, _mm512_set1_epi16((short)-offset), offset != 0, x, j, dots);
  const __m512 a = _mm512_loadu_ps(tile->a[j]), b = _mm512_loadu_ps(tile->b[j]);
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) {
    const __m512 v = _mm512_mul_ps(_mm512_cvtepi32_ps(dots[t]), a);
    sums[t] = _mm512_fmadd_ps(v, _mm512_set1_ps(x[t][j].scale), sums[t]);
    if (ck_format_min_of(format)) sums[t] = _mm512_fnmadd_ps(b, _mm512_set1_ps(x[t][j].scaled_sum), sums[t]);
  }
}

// A scale for each 16 columns.
CK_INLINE TARGET void two_halves(ck_format format, size_t n, const ck_tile *tile, size_t j,
                                 const ck_block_q8 *const *x, __m512 *sums) {
  const int offset = ck_code_offset(format);
  const __m512i first = _mm512_set1_epi32(-offset & 0xFFFF), second = _mm512_set1_epi32((int)((unsigned)-offset << 16));
  __m512i low[tile_tokens], high[tile_tokens];
  integer_sums(n, tile->q + 8 * j, 4, 0, first, offset != 0, x, j, low);
  __m512 v[tile_tokens];
  const __m512 a0 = _mm512_loadu_ps(tile->a[2 * j]), a1 = _mm512_loadu_ps(tile->a[2 * j + 1]);
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) v[t] = _mm512_mul_ps(_mm512_cvtepi32_ps(low[t]), a0);
  integer_sums(n, tile->q + 8 * j + 4, 4, 16, second, offset != 0, x, j, high);
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) {
    v[t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(high[t]), a1, v[t]);
    if (ck_format_min_of(format)) {
      v[t] = _mm512_fnmadd_ps(_mm512_loadu_ps(tile->b[2 * j]), _mm512_set1_ps(x[t][j].sums[0]), v[t]);
      v[t] = _mm512_fnmadd_ps(_mm512_loadu_ps(tile->b[2 * j + 1]), _mm512_set1_ps(x[t][j].sums[1]), v[t]);
    }
    sums[t] = _mm512_fmadd_ps(v[t], _mm512_set1_ps(x[t][j].scale), sums[t]);
  }
}

CK_INLINE TARGET void kernel_n(ck_format format, size_t n, const ck_tile *tile, size_t blocks,
                               const ck_block_q8 *const *x, float (*sums)[CK_GROUP]) {
  __m512 s[tile_tokens];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) s[t] = _mm512_loadu_ps(sums[t]);
  for (size_t j = 0; j < blocks; j++) {
    if (ck_format_halves_of(format))
      two_halves(format, n, tile, j, x, s);
    else
      whole_block(format, n, tile, j, x, s);
  }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) _mm512_storeu_ps(sums[t], s[t]);
}

CK_INLINE TARGET void kernel(ck_format format, size_t n, const ck_tile *tile, size_t blocks,
                             const ck_block_q8 *const *x, float (*sums)[CK_GROUP]) {
  switch (n) {
    case 1: kernel_n(format, 1, tile, blocks, x, sums); break;
    case 2: kernel_n(format, 2, tile, blocks, x, sums); break;
    case 3: kernel_n(format, 3, tile, blocks, x, sums); break;
    case 4: kernel_n(format, 4, tile, blocks, x, sums); break;
    case 5: kernel_n(format, 5, tile, blocks, x, sums); break;
    case 6: kernel_n(format, 6, tile, blocks, x, sums); break;
    case 7: kernel_n(format, 7, tile, blocks, x, sums); break;
    default: kernel_n(format, 8, tile, blocks, x, sums);
  }
}

#define HAS_DIRECT 1
#include "direct_avx512vnni.h"
#define HAS_WIDE 1
#include "wide_avx512vnni.h"
#include "../product_q8.h"

CK_Q8_PRODUCTS(ck_avx512vnni)
#endif
