// Counts the calling thread's requests for memory: malloc and its relatives, and mmap.
#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

#include <stddef.h>

// Whether requests are counted at all: with glibc, and without a sanitizer that has its own malloc.
int allocation_counter_works(void);

// Requests of this thread since it began.
size_t allocation_count(void);

#endif
