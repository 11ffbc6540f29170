// Loops of nothing but loads, dot products or multiply-adds: twelve independent chains, so that latency is hidden.
#include "ceilings.h"

static volatile double sink;
void ceiling_sink(double value) { sink = value; }

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vnni")))
#define AVX2 __attribute__((target("avx2,fma")))

static int has_avx512(void) { return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"); }
static int has_vnni(void) { return has_avx512() && __builtin_cpu_supports("avx512vnni"); }

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

AVX512 static double int8_512(size_t steps) {
  __m512i s[12] = {0}, a = _mm512_set1_epi8(3);
  for (size_t i = 0; i < steps; i++)
    for (int k = 0; k < 12; k++) {
      s[k] = _mm512_dpbusd_epi32(s[k], a, a);
      __asm__ volatile("" : "+v"(s[k]));
    }
  for (int k = 1; k < 12; k++) s[0] = _mm512_add_epi32(s[0], s[k]);
  return (double)_mm512_reduce_add_epi32(s[0]);
}

// Without VNNI a dot product of bytes is three instructions.
AVX2 static double int8_256(size_t steps) {
  __m256i s[8] = {0}, a = _mm256_set1_epi8(3), ones = _mm256_set1_epi16(1);
  for (size_t i = 0; i < steps; i++)
    for (int k = 0; k < 8; k++) {
      __asm__ volatile("" : "+x"(a));
      s[k] = _mm256_add_epi32(s[k], _mm256_madd_epi16(_mm256_maddubs_epi16(a, a), ones));
    }
  for (int k = 1; k < 8; k++) s[0] = _mm256_add_epi32(s[0], s[k]);
  return (double)_mm256_extract_epi32(s[0], 0);
}

double ceiling_int8(size_t steps) { return has_vnni() ? int8_512(steps) : int8_256(steps); }
double ceiling_int8_operations(size_t steps) { return (double)steps * (has_vnni() ? 12 * 128 : 8 * 64); }

AVX512 static double fma_512(size_t steps) {
  __m512 s[12] = {0}, a = _mm512_set1_ps(0.5f);
  for (size_t i = 0; i < steps; i++)
    for (int k = 0; k < 12; k++) {
      s[k] = _mm512_fmadd_ps(s[k], a, a);
      __asm__ volatile("" : "+v"(s[k]));
    }
  for (int k = 1; k < 12; k++) s[0] = _mm512_add_ps(s[0], s[k]);
  return (double)_mm512_reduce_add_ps(s[0]);
}

AVX2 static double fma_256(size_t steps) {
  __m256 s[12] = {0}, a = _mm256_set1_ps(0.5f);
  for (size_t i = 0; i < steps; i++)
    for (int k = 0; k < 12; k++) {
      s[k] = _mm256_fmadd_ps(s[k], a, a);
      __asm__ volatile("" : "+x"(s[k]));
    }
  for (int k = 1; k < 12; k++) s[0] = _mm256_add_ps(s[0], s[k]);
  return (double)_mm256_cvtss_f32(s[0]);
}

double ceiling_fma(size_t steps) { return has_avx512() ? fma_512(steps) : fma_256(steps); }
double ceiling_fma_operations(size_t steps) { return (double)steps * (has_avx512() ? 12 * 32 : 12 * 16); }

#elif defined(__aarch64__)
#include <arm_neon.h>

double ceiling_read(const uint8_t *p, size_t bytes) {
  uint8x16_t s[8] = {0};
  for (size_t i = 0; i + 128 <= bytes; i += 128)
    for (int k = 0; k < 8; k++) s[k] = vorrq_u8(s[k], vld1q_u8(p + i + 16 * k));
  for (int k = 1; k < 8; k++) s[0] = vorrq_u8(s[0], s[k]);
  return (double)vmaxvq_u8(s[0]);
}

__attribute__((target("dotprod"))) double ceiling_int8(size_t steps) {
  int32x4_t s[12] = {0};
  const int8x16_t a = vdupq_n_s8(3);
  for (size_t i = 0; i < steps; i++)
    for (int k = 0; k < 12; k++) {
      s[k] = vdotq_s32(s[k], a, a);
      __asm__ volatile("" : "+w"(s[k]));
    }
  for (int k = 1; k < 12; k++) s[0] = vaddq_s32(s[0], s[k]);
  return (double)vaddvq_s32(s[0]);
}

double ceiling_int8_operations(size_t steps) { return (double)steps * 12 * 32; }

double ceiling_fma(size_t steps) {
  float32x4_t s[12] = {0};
  const float32x4_t a = vdupq_n_f32(0.5f);
  for (size_t i = 0; i < steps; i++)
    for (int k = 0; k < 12; k++) {
      s[k] = vfmaq_f32(a, s[k], a);
      __asm__ volatile("" : "+w"(s[k]));
    }
  for (int k = 1; k < 12; k++) s[0] = vaddq_f32(s[0], s[k]);
  return (double)vaddvq_f32(s[0]);
}

double ceiling_fma_operations(size_t steps) { return (double)steps * 12 * 8; }
#endif
