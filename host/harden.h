/*
 * Makes a process one that root's tools can neither read nor write. Each of its mappings becomes
 *     secret   writable memory of memfd_secret(2), which no other process and no part of Linux can reach, or
 *     sealed   a shared, read-only mapping of a memfd that nobody can write any more (text, constants),
 * and what is neither (the first stack, [vdso], [vvar], [heap], private mappings of files) is unmapped. A private
 * mapping that stays would be writable through /proc/PID/mem, whatever its protection says.
 *
 * Afterwards all memory is shared with a child of fork, its stack too: start programs before, or with CLONE_VM,
 * CLONE_VFORK and a stack of the child's own.
 */
#ifndef ADYTON_HOST_HARDEN_H
#define ADYTON_HOST_HARDEN_H

#include "abi/types.h"

#define HARDEN_STACK_SIZE 0x8000UL
#define HARDEN_MAPS_MAX 64

/* Where it went wrong: a step in words, an address (0: none), the error of Linux (positive; 0: none). */
struct harden_fault {
	const char *step;
	uint64_t address;
	int64_t error;
};

/* One line of /proc/self/maps. */
struct harden_map {
	uint64_t start, end;
	bool write, exec, shared;
	char name[16]; /* the beginning of it */
};

/* harden_maps.c: read the process's own mappings; their number or a negative errno (-E2BIG: more than max). */
long must_check harden_maps(struct harden_map *to, uint32_t max);

/* Zeroed memory of memfd_secret, its descriptor closed: the address or a negative errno. */
long must_check harden_secret(uint64_t size);

/*
 * Single-threaded, on a secret stack, before anything keeps a pointer into what goes away. `start` to `end` is the
 * program's own image; what is written there while this runs may be lost. true: every mapping was looked at again.
 */
bool must_check harden_self(uint64_t start, uint64_t end, struct harden_fault *fault);

/* Go on in function(argument) on the stack that ends at `top`; the old one is not used again. */
_Noreturn void harden_stack(uint64_t top, void (*function)(void *), void *argument);

/* No core dump, no ptrace but by privilege, no /proc/self of the user's own. */
void harden_undumpable(void);

#endif
