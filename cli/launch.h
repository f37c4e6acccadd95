/* Handing a launch to adyton-host (abi/launch.h). */
#ifndef ADYTON_CLI_LAUNCH_H
#define ADYTON_CLI_LAUNCH_H

#include "abi/launch.h"
#include "image/fail.h"

/* What the command line said; strings are the caller's, NULL where absent. */
struct launch_request {
	int image_fd, stats_fd;
	uint32_t trace, memory, processor, flags;
	const char *trace_names, *program, *image_path;
	char **argv, **envp; /* end with NULL */
};

/* Become adyton-host, in place. Returns only when that failed, with f set. */
int launch_exec(const struct launch_request *request, struct fail *f);

#endif
