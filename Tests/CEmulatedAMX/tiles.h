// The tile instructions the AMX products use, in plain C as the Intel SDM (volume 2) defines them.
//
// What would fault on the hardware, a wrong configuration or tiles whose shapes do not fit, ends the program.
#ifndef EMULATED_TILES_H
#define EMULATED_TILES_H

#include <immintrin.h>
#include <string.h>

#include "emulated_amx.h"

typedef struct {
  size_t rows, row_bytes;
  uint8_t bytes[16][64];
} tile;

static _Thread_local tile tiles[8];
static _Thread_local int configured;
static _Thread_local size_t products;
static _Thread_local int broken;

static void require(int condition) {
  if (!condition) __builtin_trap();
}

// Palette 1: eight tiles of up to 16 rows of up to 64 bytes. A tile has both or neither; the rest is zero.
static void load_config(const void *p) {
  const uint8_t *c = p;
  require(c[0] == 1 && c[1] == 0);
  for (int i = 2; i < 16; i++) require(c[i] == 0);
  for (int i = 32; i < 48; i++) require(c[i] == 0);
  for (int i = 56; i < 64; i++) require(c[i] == 0);
  memset(tiles, 0, sizeof tiles);
  for (int i = 0; i < 8; i++) {
    tiles[i].row_bytes = c[16 + 2 * i] | (size_t)c[17 + 2 * i] << 8;
    tiles[i].rows = c[48 + i];
    require(tiles[i].row_bytes <= 64 && tiles[i].rows <= 16 && !tiles[i].rows == !tiles[i].row_bytes);
  }
  configured = 1;
}

static void release(void) {
  memset(tiles, 0, sizeof tiles);
  configured = 0;
}

static void zero(int t) {
  require(configured && tiles[t].rows);
  memset(tiles[t].bytes, 0, sizeof tiles[t].bytes);
}

static void load(int t, const void *base, size_t stride) {
  zero(t);
  for (size_t r = 0; r < tiles[t].rows; r++)
    memcpy(tiles[t].bytes[r], (const uint8_t *)base + r * stride, tiles[t].row_bytes);
}

static void store(int t, void *base, size_t stride) {
  require(configured && tiles[t].rows);
  for (size_t r = 0; r < tiles[t].rows; r++)
    memcpy((uint8_t *)base + r * stride, tiles[t].bytes[r], tiles[t].row_bytes);
}

// tdpbssd: sums[m][n] += the four products of signed bytes a[m][4 k ...] and b[k][4 n ...], for every k.
static void multiply_signed(int sums, int a, int b) {
  tile *c = &tiles[sums];
  const tile *x = &tiles[a], *y = &tiles[b];
  require(configured && sums != a && sums != b && a != b);
  require(c->rows && x->rows == c->rows && y->row_bytes == c->row_bytes && x->row_bytes == 4 * y->rows);
  require(c->row_bytes % 4 == 0 && x->row_bytes % 4 == 0);
  for (size_t m = 0; m < c->rows; m++)
    for (size_t n = 0; n < c->row_bytes / 4; n++) {
      int32_t sum;
      memcpy(&sum, c->bytes[m] + 4 * n, 4);
      for (size_t k = 0; k < x->row_bytes / 4; k++)
        for (size_t i = 0; i < 4; i++) sum += (int8_t)x->bytes[m][4 * k + i] * (int8_t)y->bytes[k][4 * n + i];
      memcpy(c->bytes[m] + 4 * n, &sum, 4);
    }
  if (broken) c->bytes[3][20]++;
  products++;
}

#undef _tile_loadd
#undef _tile_stored
#undef _tile_zero
#undef _tile_dpbssd
#define _tile_loadconfig load_config
#define _tile_release release
#define _tile_zero zero
#define _tile_loadd load
#define _tile_stored store
#define _tile_dpbssd multiply_signed

#endif
