// The one system call of the meters that Swift cannot make: perf_event_open takes a struct of bit
// fields and has no wrapper in the C library.
#ifndef CMETERS_H
#define CMETERS_H

#include <stdint.h>

// Opens a counter of a system-wide PMU on one CPU, counting at once. Returns a file descriptor, or
// the negative errno; -ENOSYS where the platform has no such call.
int cm_open_counter(uint32_t pmu_type, uint64_t config, int cpu);

#endif
