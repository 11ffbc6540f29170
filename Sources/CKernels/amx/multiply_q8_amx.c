// Products of many tokens with 8-bit activations, AMX: sixteen tokens x sixteen rows x 32 columns an instruction.
//
// Compiled and emulated (Tests/CEmulatedAMX), never run on hardware: so the table is only offered where its products
// agree with the reference's when the program starts (check.c).
//
// Weights unpacked as in tile.h are what tdpbssd wants of its second operand, four columns of sixteen rows in 64 bytes;
// activations are gathered once for 64 rows. A block's scale keeps a step to 32 columns, half of what the instruction
// takes, so most of the time goes to floats: all but the tiles takes 38 to 50 % of the time of AVX-512 VNNI from 64 tokens
// on, Q2_K 62 % (Zen 5, tiles left out). 2.0 to 2.6 times its speed is the most to expect.
#if defined(__x86_64__)
#include "amx.h"

#define TARGET CK_AMX_TARGET

#include "../avx512vnni/unpack_avx512vnni.h"
#include "../panel.h"

enum { amx_tokens = 16, amx_most = 128, amx_panels = 4 };

// 256 columns of a tile's tokens, a block of 32 after the other.
typedef struct {
  int8_t q[8][amx_tokens][32];
  float scale[8][amx_tokens], scaled_sum[8][amx_tokens], sums[8][2][amx_tokens];
} __attribute__((aligned(64))) activations;

typedef struct {
  activations x[amx_most / amx_tokens];
  ck_tile tile;
  uint8_t buffer[panel_bytes];
  float sums[amx_panels][amx_most][CK_GROUP] __attribute__((aligned(64)));
} product_state;

// Integer sums of a block, or of its two halves.
typedef int32_t block_dots[2][amx_tokens][CK_GROUP] __attribute__((aligned(64)));

// What ldtilecfg reads (Intel SDM volume 2). Tiles: 0 and 3 sums, 1 and 4 activations, 2 and 5 weights.
typedef struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} tile_shapes;

static const tile_shapes shapes[2] = {
    {.palette = 1, .row_bytes = {64, 32, 64}, .rows = {16, 16, 8}},
    {.palette = 1, .row_bytes = {64, 16, 64, 64, 16, 64}, .rows = {16, 16, 4, 16, 16, 4}},
};

CK_INLINE TARGET void multiply_block(int halves, const ck_tile *tile, const activations *x, size_t j,
                                     block_dots out) {
  _tile_zero(0);
  _tile_loadd(1, x->q[j], 32);
  _tile_loadd(2, tile->q[8 * j], 64);
  _tile_dpbssd(0, 1, 2);
  if (halves) {
    _tile_zero(3);
    _tile_loadd(4, x->q[j][0] + 16, 32);
    _tile_loadd(5, tile->q[8 * j + 4], 64);
    _tile_dpbssd(3, 4, 5);
    _tile_stored(3, out[1], 64);
  }
  _tile_stored(0, out[0], 64);
}

CK_INLINE TARGET __m512 dots_of(const int32_t *dots) { return _mm512_cvtepi32_ps(_mm512_load_si512(dots)); }

// One scale for 32 columns.
CK_INLINE TARGET void add_whole(int min, const ck_tile *tile, const activations *x, size_t j,
                                const block_dots dots, __m512 *sums) {
  const __m512 a = _mm512_load_ps(tile->a[j]), b = _mm512_load_ps(tile->b[j]);
#pragma clang loop unroll(full)
  for (size_t i = 0; i < amx_tokens; i++) {
    const __m512 v = _mm512_mul_ps(dots_of(dots[0][i]), a);
    sums[i] = _mm512_fmadd_ps(v, _mm512_set1_ps(x->scale[j][i]), sums[i]);
    if (min) sums[i] = _mm512_fnmadd_ps(b, _mm512_set1_ps(x->scaled_sum[j][i]), sums[i]);
  }
}

// A scale for each 16 columns.
CK_INLINE TARGET void add_halves(int min, const ck_tile *tile, const activations *x, size_t j,
                                 const block_dots dots, __m512 *sums) {
  const __m512 a0 = _mm512_load_ps(tile->a[2 * j]), a1 = _mm512_load_ps(tile->a[2 * j + 1]);
#pragma clang loop unroll(full)
  for (size_t i = 0; i < amx_tokens; i++) {
    __m512 v = _mm512_mul_ps(dots_of(dots[0][i]), a0);
    v = _mm512_fmadd_ps(dots_of(dots[1][i]), a1, v);
    if (min) {
      v = _mm512_fnmadd_ps(_mm512_load_ps(tile->b[2 * j]), _mm512_set1_ps(x->sums[j][0][i]), v);
      v = _mm512_fnmadd_ps(_mm512_load_ps(tile->b[2 * j + 1]), _mm512_set1_ps(x->sums[j][1][i]), v);
    }
    sums[i] = _mm512_fmadd_ps(v, _mm512_set1_ps(x->scale[j][i]), sums[i]);
  }
}

// Sixteen tokens and rows. The tiles of a block are under way while the floats of the one before are added.
CK_INLINE TARGET void kernel(ck_format format, const ck_tile *tile, size_t blocks, const activations *x,
                             float (*sums)[CK_GROUP]) {
  const int halves = ck_format_halves_of(format), min = ck_format_min_of(format);
  block_dots dots[2];
  __m512 s[amx_tokens];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < amx_tokens; i++) s[i] = _mm512_load_ps(sums[i]);
  multiply_block(halves, tile, x, 0, dots[0]);
  for (size_t j = 0; j < blocks; j++) {
    if (j + 1 < blocks) multiply_block(halves, tile, x, j + 1, dots[(j + 1) % 2]);
    if (halves)
      add_halves(min, tile, x, j, dots[j % 2], s);
    else
      add_whole(min, tile, x, j, dots[j % 2], s);
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < amx_tokens; i++) _mm512_store_ps(sums[i], s[i]);
}

// `blocks` blocks of the token of a tile's row t; of none, zeros, where tokens do not fill a tile.
CK_INLINE TARGET void gather(ck_format format, const ck_block_q8 *in, size_t blocks, size_t t, activations *x) {
  static const ck_block_q8 none;
  for (size_t j = 0; j < blocks; j++) {
    const ck_block_q8 *block = in ? in + j : &none;
    memcpy(x->q[j][t], block->q, 32);
    x->scale[j][t] = block->scale;
    x->scaled_sum[j][t] = block->scaled_sum;
    if (ck_format_halves_of(format) && ck_format_min_of(format))
      for (size_t h = 0; h < 2; h++) x->sums[j][h][t] = block->sums[h];
  }
}

// The tile with signed codes: the offset of the unsigned ones is taken off once, not from the sums of every token.
CK_INLINE TARGET void build_signed_tile(ck_format format, const uint8_t *packed, size_t blocks, ck_tile *tile) {
  ck_build_tile(format, packed, blocks, tile);
  if (ck_code_offset(format) == 0) return;
  const __m512i offset = _mm512_set1_epi8((char)ck_code_offset(format));
  for (size_t g = 0; g < 8 * blocks; g++)
    _mm512_store_si512(tile->q[g], _mm512_sub_epi8(_mm512_load_si512(tile->q[g]), offset));
}

// Up to amx_panels times sixteen rows of up to amx_most tokens.
CK_INLINE TARGET void many_rows(ck_format format, const ck_matrix *w, size_t row, size_t rows, const void *x,
                                size_t x_stride, const int32_t *x_index, size_t tokens, product_state *s) {
  const size_t filled = (tokens + amx_tokens - 1) / amx_tokens * amx_tokens;
  memset(s->sums, 0, (rows + CK_GROUP - 1) / CK_GROUP * sizeof s->sums[0]);
  for (size_t c = 0; c < w->cols; c += CK_SPAN) {
    const size_t width = CK_MIN(CK_SPAN, w->cols - c);
    for (size_t t = 0; t < filled; t++) {
      const ck_block_q8 *in = t < tokens ? ck_activation_of(x, x_stride, x_index, t) : NULL;
      gather(format, in ? in + c / 32 : NULL, width / 32, t % amx_tokens, &s->x[t / amx_tokens]);
    }
    for (size_t r = 0; r < rows; r += CK_GROUP) {
      const uint8_t *packed = packed_blocks(format, w, row + r, CK_MIN(CK_GROUP, rows - r), c,
                                            width / ck_block_of(format), s->buffer);
      build_signed_tile(format, packed, width / 32, &s->tile);
      for (size_t t = 0; t < filled; t += amx_tokens)
        kernel(format, &s->tile, width / 32, &s->x[t / amx_tokens], s->sums[r / CK_GROUP] + t);
    }
  }
}

// The tiles are configured for the length of a product: elsewhere the system has no tiles to save.
CK_INLINE TARGET void product(ck_format format, const ck_matrix *w, size_t row_begin, size_t row_end, const void *x,
                              size_t x_stride, const int32_t *x_index, size_t tokens, float *y, size_t y_stride) {
  enum { most_rows = amx_panels * CK_GROUP };
  product_state s;
  _tile_loadconfig(&shapes[ck_format_halves_of(format)]);
  for (size_t t = 0; t < tokens; t += amx_most) {
    const size_t n = CK_MIN(amx_most, tokens - t);
    const void *from = x_index ? x : (const uint8_t *)x + t * x_stride;
    for (size_t row = row_begin; row < row_end; row += most_rows) {
      const size_t rows = CK_MIN(most_rows, row_end - row);
      many_rows(format, w, row, rows, from, x_stride, x_index ? x_index + t : NULL, n, &s);
      for (size_t r = 0; r < rows; r += CK_GROUP)
        give_out((const float(*)[CK_GROUP])s.sums[r / CK_GROUP], CK_MIN(CK_GROUP, rows - r), n,
                 y + t * y_stride + (row - row_begin) + r, y_stride);
    }
  }
  _tile_release();
}

// Products of many tokens by tiles, of the few left over by AVX-512 VNNI: with twelve all but the tiles takes 72 to
// 93 % of its time, with sixteen 53 to 75 % (Zen 5, tiles left out).
CK_INLINE TARGET void product_and_rest(ck_format format, const ck_matrix *w, size_t row_begin, size_t row_end,
                                       const void *x, size_t x_stride, const int32_t *x_index, size_t tokens, float *y,
                                       size_t y_stride) {
  const size_t over = tokens % amx_most, few = over < amx_tokens ? over : 0, many = tokens - few;
  if (many) product(format, w, row_begin, row_end, x, x_stride, x_index, many, y, y_stride);
  if (few)
    ck_table_avx512vnni.multiply[format](w, row_begin, row_end, x_index ? x : (const uint8_t *)x + many * x_stride,
                                         x_stride, x_index ? x_index + many : NULL, few, y + many * y_stride, y_stride);
}

#define PRODUCT_AMX(name, format)                                                              \
  TARGET CK_PRODUCT(name) {                                                                    \
    product_and_rest(format, w, row_begin, row_end, x, x_stride, x_index, tokens, y, y_stride); \
  }
#define PRODUCTS_AMX(prefix) CK_EACH_BLOCK_FORMAT(PRODUCT_AMX, prefix)
PRODUCTS_AMX(CK_AMX_PREFIX)
#endif
