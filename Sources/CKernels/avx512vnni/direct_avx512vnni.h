// Packed blocks multiplied with a few tokens without a tile between: weights go from memory to the dot product in
// registers. For one to eight tokens, where building a tile would not pay; the same sums, to the bit.
#ifndef CK_DIRECT_AVX512_VNNI_H
#define CK_DIRECT_AVX512_VNNI_H

#include "../tile.h"

// How far ahead weights are prefetched: the hardware stops at the end of a page.
enum { prefetch_ahead = 4096 };

CK_INLINE TARGET void prefetch(const uint8_t *p, size_t bytes) {
#pragma clang loop unroll(full)
  for (size_t i = 0; i < bytes; i += 64) _mm_prefetch((const char *)(p + prefetch_ahead + i), _MM_HINT_T0);
}

// Most tokens a direct kernel takes: what the registers hold.
CK_INLINE size_t direct_tokens(ck_format format) {
  switch (format) {
    case CK_Q8_0:
    case CK_Q4_0:
    case CK_Q4_1:
    case CK_IQ4_NL:
    case CK_MXFP4: return 8;
    case CK_Q4_K: return 4;
    case CK_Q6_K: return 1;
    default: return 0;
  }
}

CK_INLINE TARGET __m512 scales_16(const uint8_t *p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

// ck_from_e8m0_half of sixteen bytes.
CK_INLINE TARGET __m512 e8m0_16(const uint8_t *p) {
  const __m512i e = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
  const __m512i normal = _mm512_slli_epi32(_mm512_sub_epi32(e, _mm512_set1_epi32(1)), 23);
  const __m512i subnormal = _mm512_sllv_epi32(_mm512_set1_epi32(0x00200000), e);
  const __mmask16 small = _mm512_cmplt_epu32_mask(e, _mm512_set1_epi32(2));
  return _mm512_castsi512_ps(_mm512_mask_mov_epi32(normal, small, subnormal));
}

CK_INLINE TARGET __m512i low_codes(ck_format format, __m512i v) {
  const __m512i nibbles = _mm512_and_si512(v, _mm512_set1_epi8(15));
  if (format == CK_MXFP4)
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)ck_mxfp4_codes)), nibbles);
  if (format == CK_IQ4_NL)
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)ck_iq4_codes)), nibbles);
  return nibbles;
}

CK_INLINE TARGET __m512i start_sum(int offset, const ck_block_q8 *x) {
  if (offset == 0) return _mm512_setzero_si512();
  return _mm512_dpwssd_epi32(_mm512_setzero_si512(), _mm512_set1_epi16((short)-offset), broadcast_32(x->sums));
}

// One block of 32 columns: Q8_0, and the formats of sixteen bytes of nibbles.
CK_INLINE TARGET void direct_32(ck_format format, size_t n, const uint8_t *p, const ck_block_q8 *const *x, size_t j,
                                __m512 *sums) {
  const int e8m0 = format == CK_MXFP4, eight = format == CK_Q8_0;
  const uint8_t *q = p + (e8m0 ? 16 : format == CK_Q4_1 ? 64 : 32);
  __m512i dots[tile_tokens], more[tile_tokens];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) {
    dots[t] = start_sum(ck_code_offset(format), &x[t][j]);
    more[t] = _mm512_setzero_si512();
  }
#pragma clang loop unroll(full)
  for (size_t g = 0; g < 4; g++) {
    const __m512i v = _mm512_loadu_si512(q + 64 * g);
    const __m512i low = eight ? v : low_codes(format, v);
    const __m512i high = eight ? _mm512_loadu_si512(q + 64 * (g + 4)) : low_codes(format, _mm512_srli_epi16(v, 4));
#pragma clang loop unroll(full)
    for (size_t t = 0; t < n; t++) {
      dots[t] = _mm512_dpbusd_epi32(dots[t], low, broadcast_32(x[t][j].q + 4 * g));
      if (n <= 4)  // two chains where there are few
        more[t] = _mm512_dpbusd_epi32(more[t], high, broadcast_32(x[t][j].q + 16 + 4 * g));
      else
        dots[t] = _mm512_dpbusd_epi32(dots[t], high, broadcast_32(x[t][j].q + 16 + 4 * g));
    }
  }
  const __m512 a = e8m0 ? e8m0_16(p) : scales_16(p);
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) {
    if (n <= 4) dots[t] = _mm512_add_epi32(dots[t], more[t]);
    const __m512 v = _mm512_mul_ps(_mm512_cvtepi32_ps(dots[t]), a);
    sums[t] = _mm512_fmadd_ps(v, _mm512_set1_ps(x[t][j].scale), sums[t]);
    if (format == CK_Q4_1) sums[t] = _mm512_fmadd_ps(scales_16(p + 32), _mm512_set1_ps(x[t][j].scaled_sum), sums[t]);
  }
}

CK_INLINE TARGET __m512 byte_floats(const uint8_t *p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)));
}

// The 6-bit scales (first 128 bytes) and minima of eight blocks of sixteen rows.
CK_INLINE TARGET void scale_bytes_k4(const uint8_t *s, uint8_t *out) {
  const __m512i first = _mm512_loadu_si512(s), second = _mm512_loadu_si512(s + 64), last = _mm512_loadu_si512(s + 128);
  const __m512i six = _mm512_set1_epi8(63), four = _mm512_set1_epi8(15), top = _mm512_set1_epi8(0x30);
  const __m512i scale_top = _mm512_and_si512(_mm512_srli_epi16(first, 2), top);
  const __m512i min_top = _mm512_and_si512(_mm512_srli_epi16(second, 2), top);
  _mm512_store_si512(out, _mm512_and_si512(first, six));
  _mm512_store_si512(out + 64, _mm512_or_si512(_mm512_and_si512(last, four), scale_top));
  _mm512_store_si512(out + 128, _mm512_and_si512(second, six));
  const __m512i min_low = _mm512_and_si512(_mm512_srli_epi16(last, 4), four);
  _mm512_store_si512(out + 192, _mm512_or_si512(min_low, min_top));
}

CK_INLINE TARGET void direct_q4_k(size_t n, const uint8_t *p, const ck_block_q8 *const *x, size_t j, __m512 *sums) {
  uint8_t bytes[256] __attribute__((aligned(64)));
  scale_bytes_k4(p + 64, bytes);
  const __m512 d = scales_16(p), dmin = scales_16(p + 32);
#pragma clang loop unroll(disable)
  for (size_t c = 0; c < 4; c++) {
    const uint8_t *q = p + 256 + 512 * c;
    __m512i low[4], high[4];
#pragma clang loop unroll(full)
    for (size_t t = 0; t < n; t++) low[t] = high[t] = _mm512_setzero_si512();
#pragma clang loop unroll(full)
    for (size_t g = 0; g < 8; g++) {
      const __m512i v = _mm512_loadu_si512(q + 64 * g);
      const __m512i v0 = low_codes(CK_Q4_K, v), v1 = low_codes(CK_Q4_K, _mm512_srli_epi16(v, 4));
#pragma clang loop unroll(full)
      for (size_t t = 0; t < n; t++) {
        low[t] = _mm512_dpbusd_epi32(low[t], v0, broadcast_32(x[t][j + 2 * c].q + 4 * g));
        high[t] = _mm512_dpbusd_epi32(high[t], v1, broadcast_32(x[t][j + 2 * c + 1].q + 4 * g));
      }
    }
    prefetch(q, 512);
#pragma clang loop unroll(full)
    for (size_t k = 0; k < 2; k++) {
      const __m512 a = _mm512_mul_ps(d, byte_floats(bytes + 32 * c + 16 * k));
      const __m512 b = _mm512_mul_ps(dmin, byte_floats(bytes + 128 + 32 * c + 16 * k));
#pragma clang loop unroll(full)
      for (size_t t = 0; t < n; t++) {
        const ck_block_q8 *block = &x[t][j + 2 * c + k];
        const __m512 v = _mm512_mul_ps(_mm512_cvtepi32_ps(k ? high[t] : low[t]), a);
        sums[t] = _mm512_fmadd_ps(v, _mm512_set1_ps(block->scale), sums[t]);
        sums[t] = _mm512_fnmadd_ps(b, _mm512_set1_ps(block->scaled_sum), sums[t]);
      }
    }
  }
}

// Six bits: a nibble and two bits of another byte.
CK_INLINE TARGET __m512i six_bits(__m512i nibble, __m512i bits, int shift) {
  const __m512i top = shift < 4 ? _mm512_slli_epi16(bits, (unsigned)(4 - shift)) : _mm512_srli_epi16(bits, (unsigned)(shift - 4));
  return _mm512_or_si512(_mm512_and_si512(nibble, _mm512_set1_epi8(15)), _mm512_and_si512(top, _mm512_set1_epi8(0x30)));
}

// Groups of four columns g0 ... g0 + 3 of the four quarters of half h: four integer sums of 16 columns.
CK_INLINE TARGET void sums_q6_k(const uint8_t *p, size_t h, size_t g0, const ck_block_q8 *x, __m512i *dots) {
  const uint8_t *high = p + 288 + 512 * h, *low = p + 1312 + 1024 * h;
  const __m512i correction = _mm512_set1_epi32(g0 ? (int)((unsigned)-32 << 16) : (-32 & 0xFFFF));
#pragma clang loop unroll(full)
  for (size_t k = 0; k < 4; k++)
    dots[k] = _mm512_dpwssd_epi32(_mm512_setzero_si512(), correction, broadcast_32(x[k].sums));
#pragma clang loop unroll(full)
  for (size_t g = g0; g < g0 + 4; g++) {
    const __m512i bits = _mm512_loadu_si512(high + 64 * g);
    const __m512i first = _mm512_loadu_si512(low + 64 * g), second = _mm512_loadu_si512(low + 512 + 64 * g);
    dots[0] = _mm512_dpbusd_epi32(dots[0], six_bits(first, bits, 0), broadcast_32(x[0].q + 4 * g));
    dots[1] = _mm512_dpbusd_epi32(dots[1], six_bits(second, bits, 2), broadcast_32(x[1].q + 4 * g));
    const __m512i first_high = _mm512_srli_epi16(first, 4), second_high = _mm512_srli_epi16(second, 4);
    dots[2] = _mm512_dpbusd_epi32(dots[2], six_bits(first_high, bits, 4), broadcast_32(x[2].q + 4 * g));
    dots[3] = _mm512_dpbusd_epi32(dots[3], six_bits(second_high, bits, 6), broadcast_32(x[3].q + 4 * g));
  }
  prefetch(high + 64 * g0, 256);
  prefetch(low + 64 * g0, 256);
  prefetch(low + 512 + 64 * g0, 256);
}

CK_INLINE TARGET void direct_q6_k(const uint8_t *p, const ck_block_q8 *x, __m512 *sum) {
  const __m512 d = scales_16(p);
#pragma clang loop unroll(disable)
  for (size_t h = 0; h < 2; h++) {
    __m512i dots[8];
    sums_q6_k(p, h, 0, x + 4 * h, dots);
    sums_q6_k(p, h, 4, x + 4 * h, dots + 4);
#pragma clang loop unroll(full)
    for (size_t k = 0; k < 4; k++) {
      const uint8_t *scale = p + 32 + 128 * h + 32 * k;
      const __m512i s0 = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)scale));
      const __m512i s1 = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(scale + 16)));
      const __m512 a0 = _mm512_mul_ps(d, _mm512_cvtepi32_ps(s0)), a1 = _mm512_mul_ps(d, _mm512_cvtepi32_ps(s1));
      __m512 v = _mm512_mul_ps(_mm512_cvtepi32_ps(dots[k]), a0);
      v = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots[k + 4]), a1, v);
      *sum = _mm512_fmadd_ps(v, _mm512_set1_ps(x[4 * h + k].scale), *sum);
    }
  }
}

CK_INLINE TARGET void direct_n(ck_format format, size_t n, const uint8_t *p, size_t blocks,
                               const ck_block_q8 *const *x, float (*sums)[CK_GROUP]) {
  const size_t bytes = CK_GROUP * ck_block_bytes_of(format);
  __m512 s[tile_tokens];
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) s[t] = _mm512_loadu_ps(sums[t]);
  if (format == CK_Q4_K)
    for (size_t j = 0; j < blocks; j += 8, p += bytes) direct_q4_k(n, p, x, j, s);
  else if (format == CK_Q6_K)
    for (size_t j = 0; j < blocks; j += 8, p += bytes) direct_q6_k(p, x[0] + j, s);
  else
    for (size_t j = 0; j < blocks; j++, p += bytes) {
      prefetch(p, bytes);
      direct_32(format, n, p, x, j, s);
    }
#pragma clang loop unroll(full)
  for (size_t t = 0; t < n; t++) _mm512_storeu_ps(sums[t], s[t]);
}

// `blocks` blocks of 32 columns of sixteen packed rows, n <= direct_tokens(format) tokens.
CK_INLINE TARGET void direct(ck_format format, size_t n, const uint8_t *p, size_t blocks,
                             const ck_block_q8 *const *x, float (*sums)[CK_GROUP]) {
  if (direct_tokens(format) >= 1 && n == 1) direct_n(format, 1, p, blocks, x, sums);
  if (direct_tokens(format) >= 2 && n == 2) direct_n(format, 2, p, blocks, x, sums);
  if (direct_tokens(format) >= 3 && n == 3) direct_n(format, 3, p, blocks, x, sums);
  if (direct_tokens(format) >= 4 && n == 4) direct_n(format, 4, p, blocks, x, sums);
  if (direct_tokens(format) >= 5 && n == 5) direct_n(format, 5, p, blocks, x, sums);
  if (direct_tokens(format) >= 6 && n == 6) direct_n(format, 6, p, blocks, x, sums);
  if (direct_tokens(format) >= 7 && n == 7) direct_n(format, 7, p, blocks, x, sums);
  if (direct_tokens(format) >= 8 && n == 8) direct_n(format, 8, p, blocks, x, sums);
}

#endif
