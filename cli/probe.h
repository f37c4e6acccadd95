/* What this machine offers to each processor. */
#ifndef ADYTON_CLI_PROBE_H
#define ADYTON_CLI_PROBE_H

#include "abi/types.h"

/* One condition. `need` says what fails without it; a condition that only a mode needs names that mode. */
struct probe {
	const char *processor; /* "hw", "soft" */
	const char *name, *need;
	bool required; /* the processor cannot run without it */
	bool (*test)(void);
};

extern const struct probe probes[];
extern const size_t probe_count;

/* Everything that the processor cannot run without is there. */
bool probe_available(const char *processor);

#endif
