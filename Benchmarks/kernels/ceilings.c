// Loops of nothing but loads.
#include "ceilings.h"

static volatile double sink;
void ceiling_sink(double value) { sink = value; }

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw")))
#define AVX2 __attribute__((target("avx2")))

static int has_avx512(void) { return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"); }

AVX512 static double read_512(const uint8_t *p, size_t bytes) {
  __m512i s[8] = {0};
  for (size_t i = 0; i + 512 <= bytes; i += 512)
    for (int k = 0; k < 8; k++) s[k] = _mm512_or_si512(s[k], _mm512_loadu_si512(p + i + 64 * k));
  for (int k = 1; k < 8; k++) s[0] = _mm512_or_si512(s[0], s[k]);
  return (double)_mm512_reduce_or_epi64(s[0]);
}

AVX2 static double read_256(const uint8_t *p, size_t bytes) {
  __m256i s[8] = {0};
  for (size_t i = 0; i + 256 <= bytes; i += 256)
    for (int k = 0; k < 8; k++)
      s[k] = _mm256_or_si256(s[k], _mm256_loadu_si256((const __m256i *)(p + i + 32 * k)));
  for (int k = 1; k < 8; k++) s[0] = _mm256_or_si256(s[0], s[k]);
  return (double)_mm256_extract_epi64(s[0], 0);
}

double ceiling_read(const uint8_t *p, size_t bytes) {
  return has_avx512() ? read_512(p, bytes) : read_256(p, bytes);
}

#elif defined(__aarch64__)
#include <arm_neon.h>

double ceiling_read(const uint8_t *p, size_t bytes) {
  uint8x16_t s[8] = {0};
  for (size_t i = 0; i + 128 <= bytes; i += 128)
    for (int k = 0; k < 8; k++) s[k] = vorrq_u8(s[k], vld1q_u8(p + i + 16 * k));
  for (int k = 1; k < 8; k++) s[0] = vorrq_u8(s[0], s[k]);
  return (double)vmaxvq_u8(s[0]);
}

#endif
