// Which instruction sets this CPU and system have, and the table of each.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE  // syscall, sched_getaffinity
#endif
#include "internal.h"

#if defined(__linux__)
#include <sched.h>
#endif
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

static const char *const names[CK_ISAS] = {
    [CK_REFERENCE] = "reference",     [CK_AVX2] = "avx2",
    [CK_AVX2_VNNI] = "avx2vnni",      [CK_AVX512] = "avx512",
    [CK_AVX512_VNNI] = "avx512vnni",  [CK_AMX] = "amx",
    [CK_NEON] = "neon",               [CK_NEON_DOTPROD] = "neon-dotprod",
    [CK_NEON_I8MM] = "neon-i8mm",
};

const char *ck_isa_name(ck_isa isa) { return names[isa]; }

#if defined(__x86_64__)
// The register state the system saves (XCR0): bits 1-2 SSE and AVX, 5-7 AVX-512, 17-18 AMX.
static uint64_t saved_state(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

// Linux gives a process the state of its tiles (component 18) when it asks, for all its threads (kernel documentation,
// arch/x86/xstate). Other systems are not known to.
static int permits_tiles(void) {
#if defined(__linux__)
  enum { ARCH_REQ_XCOMP_PERM = 0x1023, tile_data = 18 };
  return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, tile_data) == 0;
#else
  return 0;
#endif
}

// Bits of CPUID leaf 1 ECX, leaf 7 EBX / ECX / EDX and its subleaf 1 EAX (Intel SDM volume 2, CPUID).
static int has(ck_isa isa) {
  uint32_t a, b, c, d, a1, b1, c1, d1;
  if (isa == CK_REFERENCE) return 1;
  if (!__get_cpuid(1, &a1, &b1, &c1, &d1) || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  if (!(c1 >> 27 & 1)) return 0;  // OSXSAVE
  const uint64_t state = saved_state();
  const int avx2 = (c1 >> 12 & 1) && (c1 >> 28 & 1) && (c1 >> 29 & 1) && (b >> 5 & 1) && (state & 6) == 6;
  const int avx512 = avx2 && (b >> 16 & 1) && (b >> 17 & 1) && (b >> 30 & 1) && (b >> 31 & 1) &&
                     (state & 0xE6) == 0xE6;
  switch (isa) {
    case CK_AVX2: return avx2;
    case CK_AVX2_VNNI: return avx2 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
    case CK_AVX512: return avx512;
    case CK_AVX512_VNNI: return avx512 && (c >> 11 & 1);
    case CK_AMX: return avx512 && (c >> 11 & 1) && (d >> 24 & 1) && (d >> 25 & 1) && (state >> 17 & 3) == 3;
    default: return 0;
  }
}
#elif defined(__aarch64__)
// Advanced SIMD is part of every AArch64; dot products and int8 matrices are optional (Arm ARM, ID_AA64ISAR).
static int has(ck_isa isa) {
  if (isa == CK_REFERENCE || isa == CK_NEON) return 1;
#if defined(__linux__)
  if (isa == CK_NEON_DOTPROD) return (getauxval(AT_HWCAP) >> 20 & 1) != 0;  // HWCAP_ASIMDDP
  if (isa == CK_NEON_I8MM) return (getauxval(AT_HWCAP2) >> 13 & 1) != 0;    // HWCAP2_I8MM
#elif defined(__APPLE__)
  if (isa == CK_NEON_DOTPROD) return 1;  // every Apple silicon Mac
#endif
  return 0;
}
#else
static int has(ck_isa isa) { return isa == CK_REFERENCE; }
#endif

const char *ck_isa_refusal(ck_isa isa) {
#if defined(__x86_64__)
  if (isa != CK_AMX || !has(isa)) return NULL;
  if (!permits_tiles()) return "the system does not permit the use of tiles";
  if (!ck_agrees_with_reference(&ck_table_amx)) return "its products differ from the reference's on this machine";
#endif
  (void)isa;
  return NULL;
}

int ck_isa_available(ck_isa isa) { return has(isa) && !ck_isa_refusal(isa); }

const ck_kernels *ck_kernels_for(ck_isa isa) {
  if (!ck_isa_available(isa)) return NULL;
  switch (isa) {
#if defined(__x86_64__)
    case CK_AVX2: return &ck_table_avx2;
    case CK_AVX2_VNNI: return &ck_table_avx2vnni;
    case CK_AVX512: return &ck_table_avx512;
    case CK_AVX512_VNNI: return &ck_table_avx512vnni;
    case CK_AMX: return &ck_table_amx;
#elif defined(__aarch64__)
    case CK_NEON: return &ck_table_neon;
    case CK_NEON_DOTPROD: return &ck_table_neon_dotprod;
    case CK_NEON_I8MM: return &ck_table_neon_i8mm;
#endif
    case CK_REFERENCE: return &ck_table_reference;
    default: return NULL;
  }
}

ck_isa ck_isa_best(void) {
  for (int isa = CK_ISAS - 1; isa > CK_REFERENCE; isa--)
    if (ck_isa_available((ck_isa)isa)) return (ck_isa)isa;
  return CK_REFERENCE;
}

int ck_processors(void) {
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return CPU_COUNT(&allowed);
#endif
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online < 1 ? 1 : (int)online;
}
