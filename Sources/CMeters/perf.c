// perf_event_open(2) for counters such as power/energy-pkg/.
#include "cmeters.h"

#include <errno.h>

#if defined(__linux__)
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int cm_open_counter(uint32_t pmu_type, uint64_t config, int cpu) {
  struct perf_event_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.size = sizeof attr;
  attr.type = pmu_type;
  attr.config = config;
  long fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
  return fd < 0 ? -errno : (int)fd;
}
#else
int cm_open_counter(uint32_t pmu_type, uint64_t config, int cpu) {
  (void)pmu_type;
  (void)config;
  (void)cpu;
  return -ENOSYS;
}
#endif
