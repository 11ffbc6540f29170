// Kernels of the forward pass: matrix products straight from stored weights, and vector operations.
//
// One table (`ck_kernels`) per instruction set; `reference` is plain C and the truth the others are tested
// against. Nothing here allocates, and there is no global but the tables. Every function takes any size,
// 0 included, and any alignment.
#ifndef CK_H
#define CK_H

#include <stddef.h>
#include <stdint.h>

// Storage format of a weight matrix. Block formats are laid out as in the GGUF specification.
typedef enum ck_format {
  CK_F32,
  CK_F16,
  CK_BF16,
  CK_Q8_0,
  CK_Q4_0,
  CK_Q4_1,
  CK_Q5_0,
  CK_Q5_1,
  CK_Q2_K,
  CK_Q3_K,
  CK_Q4_K,
  CK_Q5_K,
  CK_Q6_K,
  CK_IQ4_NL,
  CK_IQ4_XS,
  CK_MXFP4,
  CK_FP8_E4M3,  // one float scale per 128 x 128 block, in ck_matrix.scales
  CK_FORMATS
} ck_format;

// How the rows of a matrix lie in memory.
typedef enum ck_layout {
  CK_ROWS,      // row after row, as in the file
  CK_ROWS_X16,  // sixteen rows interleaved for the vector units (see ck_pack)
} ck_layout;

// A weight matrix [rows, cols]; y = W x.
typedef struct ck_matrix {
  const void *data;
  const float *scales;   // CK_FP8_E4M3: [ceil((scale_row + rows) / 128), scale_cols]; NULL otherwise
  size_t scale_cols;     // CK_FP8_E4M3: ceil(cols / 128)
  size_t scale_row;      // CK_FP8_E4M3: row of `data` inside its scale grid (a view into a fused tensor)
  size_t rows, cols;
  size_t row_bytes;      // distance between rows in CK_ROWS
  ck_format format;
  ck_layout layout;
} ck_matrix;

// What a product reads its activations as.
typedef enum ck_activation {
  CK_ACT_F32,  // floats
  CK_ACT_Q8,   // blocks of 32: int8 values, one float scale, the sums of the values (ck_block_q8)
} ck_activation;

typedef struct ck_block_q8 {
  float scale;         // NaN or infinite where an activation was: such a product is never finite
  float scaled_sum;    // scale * (sums[0] + sums[1])
  int16_t sums[2];     // of q[0..15] and q[16..31]
  int8_t q[32];
} ck_block_q8;

// y[t * y_stride + (r - row_begin)] = sum_c W[r, c] x_t[c]   for r in row_begin ..< row_end, t in 0 ..< tokens,
// where x_t starts x_stride * (x_index ? x_index[t] : t) BYTES after x and is of the format's activation kind.
// The sum over c has one order, whatever row_begin, row_end, tokens, the layout and the instruction set are, so
// results do not depend on how the work is cut, and all tables agree to the bit:
// - floats: lane l of 16 sums the products of columns c = l mod 16 by fused multiply-add, c rising; then lanes are
//   added in halves (l and l + 8, l + 4, l + 2, l + 1).
// - 8-bit activations: exact integer sums a block of 32 (or two halves of 16), scaled, added by fused
//   multiply-add, blocks rising (reference/multiply_q8.c is the definition).
// In CK_ROWS_X16 row_begin is a multiple of 16 and row_end too unless it is w->rows.
typedef void (*ck_multiply_fn)(const ck_matrix *w, size_t row_begin, size_t row_end, const void *x,
                               size_t x_stride, const int32_t *x_index, size_t tokens, float *y,
                               size_t y_stride);

typedef struct ck_kernels {
  const char *name;
  // The fast product: activations are of the kind ck_format_activation(format) says.
  ck_multiply_fn multiply[CK_FORMATS];
  // The exact product: activations are floats for every format, weights are dequantised on the fly.
  ck_multiply_fn multiply_f32[CK_FORMATS];

  // The most tokens for which `multiply` of F32, F16, BF16 and FP8 is no slower than a BLAS library; INT_MAX: any number,
  // 0: not measured.
  int float_tokens;
  // `steps` steps of nothing but what those products are made of, in registers: the most that floats, and 8-bit integers,
  // can do here. Operations done, two for a product and its sum.
  double (*peak_f32)(size_t steps);
  double (*peak_int8)(size_t steps);

  // out[0..cols) = row `row` of w, dequantised exactly as the format says.
  void (*dequantize_row)(const ck_matrix *w, size_t row, float *out);
  // n floats to ceil(n / 32) blocks; a partial block is padded with zeros.
  void (*quantize_q8)(const float *x, size_t n, ck_block_q8 *out);

  float (*dot)(const float *a, const float *b, size_t n);
  float (*dot_f16)(const float *a, const uint16_t *b, size_t n);     // b in IEEE half precision
  void (*axpy)(float alpha, const float *x, float *y, size_t n);      // y += alpha x
  void (*axpy_f16)(float alpha, const uint16_t *x, float *y, size_t n);
  // out_i += sum over j of p[i * p_stride + j] * v_j, for i in 0 ..< queries: what attention does with its values.
  // Rows v_j of n numbers start v_stride BYTES apart, in CK_F32 or CK_F16; out_i starts at out + i * out_stride. One
  // fused multiply-add an element, j rising, on top of what out holds: the same bits however keys, queries and
  // columns are cut. (Scores are a product: multiply[CK_F16] with the keys as the matrix and the queries as tokens.)
  void (*mix)(ck_format format, const float *p, size_t p_stride, size_t queries, const void *v, size_t v_stride,
              size_t keys, size_t n, float *out, size_t out_stride);
  void (*to_f16)(const float *x, uint16_t *out, size_t n);            // round to nearest even
  void (*scale)(float alpha, float *x, size_t n);
  // out = x * rsqrt(mean(x^2) + eps) * (weight + weight_offset); weight NULL: all ones. out may be x.
  void (*rms_norm)(const float *x, const float *weight, float weight_offset, float eps, float *out, size_t n);
  float (*sum_of_squares)(const float *x, size_t n);
  uint32_t (*read_words)(const uint32_t *x, size_t n);                // all combined by exclusive or, at memory's rate
  float (*max)(const float *x, size_t n);                             // -inf for n == 0; NaN if any is NaN
  // x = exp(x - max), returns the sum of the results.
  float (*exp_minus)(float *x, float max, size_t n);
  void (*silu_multiply)(const float *gate, const float *up, float *out, size_t n);  // out = silu(gate) * up
  void (*silu)(float *x, size_t n);
  void (*sigmoid)(float *x, size_t n);
} ck_kernels;

typedef enum ck_isa {
  CK_REFERENCE,
  CK_AVX2,          // AVX2 + FMA + F16C
  CK_AVX2_VNNI,     // AVX-VNNI beside them: dot products of bytes without AVX-512
  CK_AVX512,        // F, BW, DQ, VL
  CK_AVX512_VNNI,
  CK_AMX,           // AMX-INT8 over CK_AVX512_VNNI
  CK_NEON,
  CK_NEON_DOTPROD,
  CK_NEON_I8MM,
  CK_ISAS
} ck_isa;

const char *ck_isa_name(ck_isa isa);           // "avx512vnni", ...
int ck_isa_available(ck_isa isa);              // compiled in, this CPU and system support it, and it is not refused
// Why an instruction set this CPU has is not used all the same: a sentence's end, in English. NULL if it is used, or not
// there.
const char *ck_isa_refusal(ck_isa isa);
ck_isa ck_isa_best(void);
const ck_kernels *ck_kernels_for(ck_isa isa);  // NULL if not available
// Whether the products of a few random blocks have the reference's bits, for one format of each kind; under a
// millisecond.
int ck_agrees_with_reference(const ck_kernels *k);

ck_activation ck_format_activation(ck_format format);
size_t ck_format_block(ck_format format);        // values a block: 1, 32 or 256
size_t ck_format_block_bytes(ck_format format);
const char *ck_format_name(ck_format format);    // "q8_0", ...

// Quantises one row of n floats (a multiple of the block) into `out`, the same bits as the gguf Python
// package for the formats it can quantise. Returns 0, -1 if the format has no quantiser (FP8), or -2 if a value is
// NaN, infinite or beyond 65504, which a block of half-precision scales may not hold.
int ck_quantize_row(ck_format format, const float *x, size_t n, void *out);

// CK_ROWS_X16: sixteen rows block by block, their fields interleaved (layout.c), in exactly the bytes of the same
// rows in CK_ROWS, so a matrix can be packed in place, sixteen rows at a time through a buffer. Rows beyond the
// last multiple of sixteen stay as they are. ck_packed_bytes is 0 where the format has no packed layout.
size_t ck_packed_bytes(ck_format format, size_t rows, size_t cols);

// Packs rows row_begin ..< row_end of a CK_ROWS matrix; `out` is where row_begin's bytes go, and must not overlap
// w->data. row_begin is a multiple of 16, row_end too unless it is w->rows.
void ck_pack(const ck_matrix *w, size_t row_begin, size_t row_end, void *out);

// Processors this process may run on, at least 1.
int ck_processors(void);

static inline void ck_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

#endif
