// What the kernel files share: number conversions, block shapes, the tables. Not part of the interface.
#ifndef CK_INTERNAL_H
#define CK_INTERNAL_H

#include <math.h>
#include <string.h>

#include "ck.h"

#define CK_INLINE static inline __attribute__((always_inline))
#define CK_MIN(a, b) ((a) < (b) ? (a) : (b))

#define CK_SPAN 256    // columns dequantised at a time: a multiple of every block
#define CK_GROUP 16    // rows interleaved in CK_ROWS_X16

// Bits of 2^-100. A block of activations below it quantises to zeros: 127 / max stays finite, the scale normal.
#define CK_SMALLEST_MAX 0x0D800000u

// Initialisers of a table of products: every block format, every float format.
#define CK_BLOCK_FORMATS(fn)                                                                                \
  [CK_Q8_0] = fn, [CK_Q4_0] = fn, [CK_Q4_1] = fn, [CK_Q5_0] = fn, [CK_Q5_1] = fn, [CK_Q2_K] = fn,           \
  [CK_Q3_K] = fn, [CK_Q4_K] = fn, [CK_Q5_K] = fn, [CK_Q6_K] = fn, [CK_IQ4_NL] = fn, [CK_IQ4_XS] = fn,       \
  [CK_MXFP4] = fn
#define CK_Q8_TABLE(prefix)                                                                                 \
  [CK_Q8_0] = prefix##_q8_0, [CK_Q4_0] = prefix##_q4_0, [CK_Q4_1] = prefix##_q4_1,                          \
  [CK_Q5_0] = prefix##_q5_0, [CK_Q5_1] = prefix##_q5_1, [CK_Q2_K] = prefix##_q2_k,                          \
  [CK_Q3_K] = prefix##_q3_k, [CK_Q4_K] = prefix##_q4_k, [CK_Q5_K] = prefix##_q5_k,                          \
  [CK_Q6_K] = prefix##_q6_k, [CK_IQ4_NL] = prefix##_iq4_nl, [CK_IQ4_XS] = prefix##_iq4_xs,                  \
  [CK_MXFP4] = prefix##_mxfp4
#define CK_FLOAT_FORMATS(fn) [CK_F32] = fn, [CK_F16] = fn, [CK_BF16] = fn, [CK_FP8_E4M3] = fn

extern const ck_kernels ck_table_reference;
#if defined(__x86_64__)
extern const ck_kernels ck_table_avx2, ck_table_avx2vnni, ck_table_avx512, ck_table_avx512vnni, ck_table_amx;
#elif defined(__aarch64__)
extern const ck_kernels ck_table_neon, ck_table_neon_dotprod, ck_table_neon_i8mm;
#endif

CK_INLINE float ck_float(uint32_t bits) {
  float f;
  memcpy(&f, &bits, 4);
  return f;
}

CK_INLINE uint32_t ck_bits(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  return bits;
}

CK_INLINE uint16_t ck_load16(const void *p) {
  uint16_t v;
  memcpy(&v, p, 2);
  return v;
}

CK_INLINE uint32_t ck_load32(const void *p) {
  uint32_t v;
  memcpy(&v, p, 4);
  return v;
}

// IEEE half to float without branches: normal numbers by moving the exponent, subnormal ones by a subtraction
// that normalises.
CK_INLINE float ck_from_f16(uint16_t h) {
  const uint32_t sign = (uint32_t)(h & 0x8000) << 16, w = (uint32_t)h << 16, twice = w + w;
  const float normal = ck_float((twice >> 4) + (0xE0u << 23)) * 0x1p-112f;
  const float subnormal = ck_float((twice >> 17) | (126u << 23)) - 0.5f;
  return ck_float(sign | ck_bits(twice < (1u << 27) ? subnormal : normal));
}

// Float to IEEE half, to nearest even. NaN stays a (quiet) NaN.
CK_INLINE uint16_t ck_to_f16(float f) {
  const uint32_t bits = ck_bits(f), sign = (bits >> 16) & 0x8000, magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return (uint16_t)(sign | 0x7E00 | ((magnitude >> 13) & 0x1FF));
  if (magnitude >= 0x477FF000) return (uint16_t)(sign | 0x7C00);  // 65520 and more round to infinity
  if (magnitude < 0x38800000) {  // below 2^-14: the float adder rounds at 2^-24
    const float shifted = ck_float(magnitude) + 0.5f;
    return (uint16_t)(sign | (ck_bits(shifted) - 0x3F000000));
  }
  const uint32_t odd = (magnitude >> 13) & 1;
  return (uint16_t)(sign | ((magnitude - 0x38000000 + 0xFFF + odd) >> 13));
}

CK_INLINE float ck_from_bf16(uint16_t b) { return ck_float((uint32_t)b << 16); }

CK_INLINE uint16_t ck_to_bf16(float f) {
  const uint32_t bits = ck_bits(f);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return (uint16_t)((bits >> 16) | 0x40);
  return (uint16_t)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

// FP8 E4M3 (no infinities, S.1111.111 is NaN; OCP 8-bit floating point specification, 2023).
CK_INLINE float ck_from_e4m3(uint8_t b) {
  if ((b & 0x7F) == 0x7F) return ck_float(((uint32_t)(b & 0x80) << 24) | 0x7FC00000);
  return ck_from_f16((uint16_t)((b & 0x80) << 8 | (b & 0x7F) << 7)) * 256.0f;
}

// Half of 2^(e - 127), as MXFP4 blocks of GGUF use it (their code values are doubled).
CK_INLINE float ck_from_e8m0_half(uint8_t e) {
  return ck_float(e < 2 ? 0x00200000u << e : (uint32_t)(e - 1) << 23);
}

// The 6-bit scale and minimum of block j of 8, from the 12 bytes Q4_K and Q5_K keep them in.
CK_INLINE void ck_scale_min_k4(int j, const uint8_t *s, uint8_t *scale, uint8_t *min) {
  if (j < 4) {
    *scale = s[j] & 63;
    *min = s[j + 4] & 63;
  } else {
    *scale = (uint8_t)((s[j + 4] & 15) | (s[j - 4] >> 6) << 4);
    *min = (uint8_t)(s[j + 4] >> 4 | (s[j] >> 6) << 4);
  }
}

extern const int8_t ck_mxfp4_values[16];  // E2M1 values, doubled
extern const int8_t ck_iq4_values[16];

// ck_format_block and ck_format_block_bytes where the compiler should see a constant.
CK_INLINE size_t ck_block_of(ck_format format) {
  switch (format) {
    case CK_Q2_K:
    case CK_Q3_K:
    case CK_Q4_K:
    case CK_Q5_K:
    case CK_Q6_K:
    case CK_IQ4_XS: return 256;
    default: return 32;
  }
}

CK_INLINE size_t ck_block_bytes_of(ck_format format) {
  switch (format) {
    case CK_Q8_0: return 34;
    case CK_Q4_0:
    case CK_IQ4_NL: return 18;
    case CK_Q4_1: return 20;
    case CK_Q5_0: return 22;
    case CK_Q5_1: return 24;
    case CK_Q2_K: return 84;
    case CK_Q3_K: return 110;
    case CK_Q4_K: return 144;
    case CK_Q5_K: return 176;
    case CK_Q6_K: return 210;
    case CK_IQ4_XS: return 136;
    default: return 17;  // MXFP4
  }
}

CK_INLINE int ck_format_min_of(ck_format format) {
  return format == CK_Q4_1 || format == CK_Q5_1 || format == CK_Q2_K || format == CK_Q4_K || format == CK_Q5_K;
}

// Whether scales change every 16 values, not every 32.
CK_INLINE int ck_format_halves_of(ck_format format) {
  return format == CK_Q2_K || format == CK_Q3_K || format == CK_Q6_K;
}

// The block `index` of `row`, in file order: in place, or gathered from CK_ROWS_X16 into `buffer` (256 bytes).
const uint8_t *ck_file_block(const ck_matrix *w, size_t row, size_t index, uint8_t *buffer);
// Sixteen blocks in file order, one of each row, to their packed form.
void ck_pack_blocks(ck_format format, const uint8_t *const *rows, uint8_t *out);

void ck_reference_multiply_f32(const ck_matrix *w, size_t row_begin, size_t row_end, const void *x,
                               size_t x_stride, const int32_t *x_index, size_t tokens, float *y,
                               size_t y_stride);
void ck_reference_multiply_q8(const ck_matrix *w, size_t row_begin, size_t row_end, const void *x,
                              size_t x_stride, const int32_t *x_index, size_t tokens, float *y,
                              size_t y_stride);

// A product; the products of all block formats with 8-bit activations.
#define CK_PRODUCT(name)                                                                                   \
  void name(const ck_matrix *w, size_t row_begin, size_t row_end, const void *x, size_t x_stride,          \
            const int32_t *x_index, size_t tokens, float *y, size_t y_stride)
#define CK_EACH_BLOCK_FORMAT(DO, prefix)                                                                   \
  DO(prefix##_q8_0, CK_Q8_0)                                                                               \
  DO(prefix##_q4_0, CK_Q4_0)                                                                               \
  DO(prefix##_q4_1, CK_Q4_1)                                                                               \
  DO(prefix##_q5_0, CK_Q5_0)                                                                               \
  DO(prefix##_q5_1, CK_Q5_1)                                                                               \
  DO(prefix##_q2_k, CK_Q2_K)                                                                               \
  DO(prefix##_q3_k, CK_Q3_K)                                                                               \
  DO(prefix##_q4_k, CK_Q4_K)                                                                               \
  DO(prefix##_q5_k, CK_Q5_K)                                                                               \
  DO(prefix##_q6_k, CK_Q6_K)                                                                               \
  DO(prefix##_iq4_nl, CK_IQ4_NL)                                                                           \
  DO(prefix##_iq4_xs, CK_IQ4_XS)                                                                           \
  DO(prefix##_mxfp4, CK_MXFP4)
#define CK_DECLARE_PRODUCT(name, format) CK_PRODUCT(name);
#define CK_DECLARE_Q8_PRODUCTS(prefix) CK_EACH_BLOCK_FORMAT(CK_DECLARE_PRODUCT, prefix)

double ck_reference_peak_f32(size_t steps);
double ck_reference_peak_int8(size_t steps);
double ck_avx2_peak_int8(size_t steps);
double ck_avx2vnni_peak_int8(size_t steps);
double ck_avx512vnni_peak_int8(size_t steps);
double ck_amx_peak_int8(size_t steps);

// The activations of token t.
CK_INLINE const void *ck_activation_of(const void *x, size_t x_stride, const int32_t *x_index, size_t t) {
  return (const uint8_t *)x + x_stride * (x_index ? (size_t)x_index[t] : t);
}

#endif
