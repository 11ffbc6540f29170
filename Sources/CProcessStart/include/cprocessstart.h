// What must happen before any library starts: see start.c. Linking this target is all it takes.

#ifndef CPROCESSSTART_H
#define CPROCESSSTART_H

/// The fewest bytes of address space that a process can be limited to (`ulimit -v`) and still say why it ends.
unsigned long long ps_least_address_space(void);

/// The bytes of address space this process is limited to; 0 where it is not.
unsigned long long ps_address_space_limit(void);

#endif
