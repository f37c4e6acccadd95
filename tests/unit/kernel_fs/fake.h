/*
 * The parts of the kernel that kernel/fs stands on, for hosted tests: host calls become system calls of this machine,
 * and
 * "program memory" is a low range of this process.
 */
#ifndef ADYTON_TESTS_UNIT_KERNEL_FS_FAKE_H
#define ADYTON_TESTS_UNIT_KERNEL_FS_FAKE_H

#include "kernel/fs/vfs.h"
#include "kernel/syscall.h"

/* A copy of bytes or of a string in program memory; lives until the next fake_reset(). */
uint64_t fake_user(const void *bytes, size_t size);
uint64_t fake_user_string(const char *s);
uint64_t fake_user_room(size_t size);

extern uint64_t fake_host_calls; /* how many were made */
extern int fake_signal; /* the last that the kernel sent for what was just tried */
extern uint64_t fake_live;       /* heap blocks in use */

/*
 * One thread, root's identity, limits, no mounts but a tmpfs at "/" with /proc, and a directory of this machine at
 * /host.
 */
void fake_start(const char *host_directory);
void fake_user_reset(void);

/* System calls by their handlers. */
long fake_call(long (*handler)(const struct regs *), uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e);
#define CALL(name, a, b, c) fake_call(sys_##name, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), 0, 0)
#define CALL5(name, a, b, c, d, e) \
	fake_call(sys_##name, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e))
#define PATH(s) fake_user_string(s)
/* The whole of a small file, as text; NULL when it cannot be read. */
const char *fake_slurp(const char *path);
/* Remove a directory of this machine with all that is in it; 0 or -1. */
int fake_remove_tree(const char *path);

#endif
