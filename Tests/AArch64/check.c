// Every instruction set of this machine against the reference, without Swift: for machines and emulators that have no
// toolchain. Prints what it ran; exits 1 at the first difference.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ck.h"

static uint64_t state = 1;

static uint32_t next(void) {  // splitmix64, the high half
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return (uint32_t)((z ^ (z >> 31)) >> 32);
}

static float uniform(void) { return (float)next() * 0x1p-31f - 1; }

static void fail(const char *what, const ck_kernels *k, int format, size_t a, size_t b) {
  printf("%s differs: %s, %s, %zu, %zu\n", what, k->name, format < 0 ? "-" : ck_format_name((ck_format)format), a, b);
  exit(1);
}

// Codes whose half-precision scales are normal and small, wherever they lie in a block.
static uint8_t *random_rows(size_t bytes) {
  uint8_t *p = malloc(bytes + 1);
  for (size_t i = 0; i < bytes; i++) p[i] = (uint8_t)(next() & 0xBF & ~0x40u);
  return p;
}

static void check_format(const ck_kernels *k, ck_format format, size_t rows, size_t blocks, size_t tokens) {
  const ck_kernels *truth = ck_kernels_for(CK_REFERENCE);
  const size_t block = ck_format_block(format), cols = block * blocks;
  const size_t row_bytes = blocks * ck_format_block_bytes(format);
  uint8_t *data = random_rows(rows * row_bytes), *packed = malloc(rows * row_bytes + 1);
  float scales[16] = {1.5f, 0.75f, 2, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, *x = malloc(tokens * cols * 4);
  float *y = malloc(rows * tokens * 4), *expected = malloc(rows * tokens * 4);
  const size_t q_stride = (cols + 31) / 32 * sizeof(ck_block_q8);
  ck_block_q8 *q = malloc(tokens * q_stride);
  for (size_t i = 0; i < tokens * cols; i++) x[i] = uniform();
  for (size_t t = 0; t < tokens; t++)
    truth->quantize_q8(x + t * cols, cols, (ck_block_q8 *)(void *)((uint8_t *)q + t * q_stride));
  ck_matrix m = {.data = data, .scales = scales, .scale_cols = (cols + 127) / 128, .rows = rows, .cols = cols,
                 .row_bytes = row_bytes, .format = format};
  for (int exact = 0; exact < 2; exact++) {
    const int q8 = !exact && ck_format_activation(format) == CK_ACT_Q8;
    const void *in = q8 ? (void *)q : (void *)x;
    const size_t stride = q8 ? q_stride : cols * 4;
    m.data = data;
    m.layout = CK_ROWS;
    (exact ? truth->multiply_f32 : truth->multiply)[format](&m, 0, rows, in, stride, NULL, tokens, expected, rows);
    const ck_multiply_fn f = exact ? k->multiply_f32[format] : k->multiply[format];
    f(&m, 0, rows, in, stride, NULL, tokens, y, rows);
    for (size_t i = 0; i < rows * tokens; i++)
      if (!(y[i] == expected[i])) fail(exact ? "exact product" : "product", k, format, rows, tokens);
    if (!ck_packed_bytes(format, rows, cols)) continue;
    ck_pack(&m, 0, rows, packed);
    m.data = packed;
    m.layout = CK_ROWS_X16;
    f(&m, 0, rows, in, stride, NULL, tokens, y, rows);
    for (size_t i = 0; i < rows * tokens; i++)
      if (!(y[i] == expected[i])) fail("packed product", k, format, rows, tokens);
  }
  float *a = malloc(cols * 4), *b = malloc(cols * 4);
  m.data = data;
  m.layout = CK_ROWS;
  truth->dequantize_row(&m, rows - 1, a);
  k->dequantize_row(&m, rows - 1, b);
  if (memcmp(a, b, cols * 4)) fail("row", k, format, rows, cols);
  free(a), free(b), free(data), free(packed), free(x), free(y), free(expected), free(q);
}

static void close_enough(const char *what, const ck_kernels *k, size_t n, float got, float expected, float tolerance) {
  if (isnan(expected) ? isnan(got) : got == expected || fabsf(got - expected) <= tolerance * (1 + fabsf(expected))) return;
  fail(what, k, -1, n, (size_t)(fabsf(got - expected) * 1e9f));
}

static void check_vectors(const ck_kernels *k, size_t n) {
  const ck_kernels *truth = ck_kernels_for(CK_REFERENCE);
  float a[300] = {0}, b[300] = {0}, c[300], d[300];
  uint16_t h[300], g[300];
  ck_block_q8 p[10], q[10];
  for (size_t i = 0; i < n; i++) a[i] = 20 * uniform(), b[i] = uniform();
  truth->to_f16(a, h, n);
  k->to_f16(a, g, n);
  if (memcmp(h, g, 2 * n)) fail("to_f16", k, -1, n, 0);
  close_enough("dot", k, n, k->dot(a, b, n), truth->dot(a, b, n), 1e-4f);
  close_enough("dot_f16", k, n, k->dot_f16(a, h, n), truth->dot_f16(a, h, n), 1e-5f);
  uint32_t words[300];
  memcpy(words, a, 4 * n);
  if (k->read_words(words, n) != truth->read_words(words, n)) fail("read_words", k, -1, n, 0);
  close_enough("max", k, n, k->max(a, n), truth->max(a, n), 0);
  memcpy(c, b, 4 * n), memcpy(d, b, 4 * n);
  k->axpy_f16(1.25f, h, c, n), truth->axpy_f16(1.25f, h, d, n);
  if (memcmp(c, d, 4 * n)) fail("axpy_f16", k, -1, n, 0);
  k->axpy(1.25f, a, c, n), truth->axpy(1.25f, a, d, n);
  if (memcmp(c, d, 4 * n)) fail("axpy", k, -1, n, 0);
  k->mix(CK_F16, b, 2, n < 5 ? n : 5, h, 2, n / 4, 1, c, 1), truth->mix(CK_F16, b, 2, n < 5 ? n : 5, h, 2, n / 4, 1, d, 1);
  k->mix(CK_F32, b, 0, 1, a, 4, 1, n, c, n), truth->mix(CK_F32, b, 0, 1, a, 4, 1, n, d, n);
  if (memcmp(c, d, 4 * n)) fail("mix", k, -1, n, 0);
  memcpy(c, a, 4 * n), memcpy(d, a, 4 * n);
  close_enough("exp_minus sum", k, n, k->exp_minus(c, 20, n), truth->exp_minus(d, 20, n), 1e-6f);
  for (size_t i = 0; i < n; i++) close_enough("exp_minus", k, n, c[i], d[i], 4e-7f);
  k->silu_multiply(a, b, c, n), truth->silu_multiply(a, b, d, n);
  for (size_t i = 0; i < n; i++) close_enough("silu_multiply", k, n, c[i], d[i], 1e-6f);
  if (n) k->rms_norm(a, b, 1, 1e-6f, c, n), truth->rms_norm(a, b, 1, 1e-6f, d, n);
  for (size_t i = 0; i < n; i++) close_enough("rms_norm", k, n, c[i], d[i], 1e-6f);
  k->quantize_q8(a, n, p), truth->quantize_q8(a, n, q);
  if (memcmp(p, q, (n + 31) / 32 * sizeof *p)) fail("quantize_q8", k, -1, n, 0);
  if (n == 0) return;
  a[n / 2] = NAN;
  if (!isnan(k->max(a, n)) || !isnan(k->dot(a, b, n))) fail("NaN", k, -1, n, 0);
  float edges[6] = {-INFINITY, INFINITY, 0, 1000, -1000, NAN};
  k->exp_minus(edges, 0, 6);
  if (edges[0] != 0 || edges[1] != INFINITY || edges[2] != 1 || edges[3] != INFINITY || edges[4] != 0 || !isnan(edges[5]))
    fail("edges of exp", k, -1, 6, 0);
}

int main(void) {
  for (int isa = 0; isa < CK_ISAS; isa++) {
    const ck_kernels *k = ck_kernels_for((ck_isa)isa);
    if (!k) continue;
    for (int format = 0; format < CK_FORMATS; format++)
      for (size_t tokens = 1; tokens <= 9; tokens += tokens < 5 ? 1 : 4)
        for (size_t rows = 1; rows <= 35; rows += 17)
          check_format(k, (ck_format)format, rows, ck_format_block((ck_format)format) == 1 ? 77 : 3, tokens);
    for (size_t n = 0; n <= 257; n++) check_vectors(k, n);
    printf("%s agrees with the reference\n", k->name);
  }
  return 0;
}
