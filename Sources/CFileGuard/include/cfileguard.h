// What Swift cannot say about the operating system: a guard for mapped files that shrink while they are read.
#ifndef CFILEGUARD_H
#define CFILEGUARD_H

#include <stddef.h>

// Registers a mapped file. If a read inside [base, base + length) later faults because the file has become
// shorter, the process writes "NAME: file changed while reading" to standard error and exits with status 74
// instead of dying of SIGBUS. The handler is installed with the first registration; a fault elsewhere goes to the
// handler that was there before. `name` is copied, cut to 255 bytes, and printed as it is.
// Returns a slot for cs_unguard, or -1 if all slots are taken or the handler cannot be installed.
int cs_guard(const void *base, size_t length, const char *name);

// Forgets a registration. Call it before unmapping.
void cs_unguard(int slot);

#endif
