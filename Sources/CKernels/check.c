// Whether a table's products have the bits of the reference's: asked when the program starts of a table that was written
// for machines nobody could try.
#include "internal.h"

enum { check_rows = 16, check_cols = 256, check_tokens = 20, check_blocks = check_cols / 32 };

// Knuth's linear congruential generator (TAOCP 3.3.4), its upper bits.
static uint32_t next(uint32_t *state) { return (*state = *state * 1664525 + 1013904223) >> 8; }

// Bytes without bit 6: no half-precision number among them is infinite or NaN.
static void random_weights(uint32_t *state, uint8_t *out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = (uint8_t)(next(state) >> 8 & 0xBF);
}

static void random_activations(uint32_t *state, ck_block_q8 *out) {
  for (size_t t = 0; t < check_tokens; t++) {
    float x[check_cols];
    for (size_t c = 0; c < check_cols; c++) x[c] = (float)next(state) * 0x1p-23f - 1;
    ck_table_reference.quantize_q8(x, check_cols, out + t * check_blocks);
  }
}

static int agrees(const ck_kernels *k, ck_format format, const ck_block_q8 *x, uint32_t *state) {
  uint8_t weights[check_rows * check_blocks * 34], packed[sizeof weights];
  float y[check_tokens * check_rows], truth[check_tokens * check_rows];
  ck_matrix w = {.data = weights, .rows = check_rows, .cols = check_cols, .format = format};
  w.row_bytes = check_cols / ck_format_block(format) * ck_format_block_bytes(format);
  random_weights(state, weights, check_rows * w.row_bytes);
  ck_pack(&w, 0, check_rows, packed);
  ck_reference_multiply_q8(&w, 0, check_rows, x, check_blocks * sizeof *x, NULL, check_tokens, truth, check_rows);
  w.data = packed;
  w.layout = CK_ROWS_X16;
  k->multiply[format](&w, 0, check_rows, x, check_blocks * sizeof *x, NULL, check_tokens, y, check_rows);
  for (size_t i = 0; i < check_tokens * check_rows; i++)
    if (y[i] != truth[i]) return 0;
  return 1;
}

int ck_agrees_with_reference(const ck_kernels *k) {
  static const ck_format each_kind[] = {CK_Q8_0, CK_Q4_1, CK_Q6_K, CK_Q2_K};  // with minima or not, whole or halved
  ck_block_q8 x[check_tokens * check_blocks];
  uint32_t state = 1;
  random_activations(&state, x);
  for (size_t i = 0; i < sizeof each_kind / sizeof *each_kind; i++)
    if (!agrees(k, each_kind[i], x, &state)) return 0;
  return 1;
}
