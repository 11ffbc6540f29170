// The peak of tile products of bytes, AMX: sixteen rows x sixteen columns x 64 deep an instruction, four tiles of sums.
#if defined(__x86_64__)
#include <immintrin.h>

#include "amx.h"

CK_AMX_TARGET double ck_amx_peak_int8(size_t steps) {
  // What ldtilecfg reads: palette 1, six tiles of 16 rows x 64 bytes.
  static const struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
  } shapes = {.palette = 1, .row_bytes = {64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16}};
  _tile_loadconfig(&shapes);
  _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3), _tile_zero(4), _tile_zero(5);
  for (size_t i = 0; i < steps; i++) {
    _tile_dpbssd(0, 4, 5);
    _tile_dpbssd(1, 4, 5);
    _tile_dpbssd(2, 4, 5);
    _tile_dpbssd(3, 4, 5);
  }
  _tile_release();
  return (double)steps * 4 * 2 * 16 * 16 * 64;
}
#endif
