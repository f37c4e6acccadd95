/* The launch block as the host gave it, copied in once and checked: every offset lies inside, every string ends. */
#ifndef ADYTON_KERNEL_ENTRY_LAUNCH_H
#define ADYTON_KERNEL_ENTRY_LAUNCH_H

#include "abi/launch.h"
#include "kernel/exec/exec.h"

struct launch_copy {
	struct launch *block;
	struct exec_strings *argv, *envp;
};

/* Ends the process when the block is not one. */
struct launch_copy *launch_read(const struct host_start *start);
/* A string of it; NULL where the offset is 0. */
const char *launch_string(const struct launch *l, uint32_t offset);

#endif
