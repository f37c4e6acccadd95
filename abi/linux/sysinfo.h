/* sysinfo(2). */
#ifndef ADYTON_ABI_LINUX_SYSINFO_H
#define ADYTON_ABI_LINUX_SYSINFO_H

#include "abi/types.h"

struct sysinfo {
	int64_t uptime;
	uint64_t loads[3]; /* 16 fractional bits */
	uint64_t totalram;
	uint64_t freeram;
	uint64_t sharedram;
	uint64_t bufferram;
	uint64_t totalswap;
	uint64_t freeswap;
	uint16_t procs;
	uint16_t pad;
	uint64_t totalhigh;
	uint64_t freehigh;
	uint32_t mem_unit;
};

_Static_assert(sizeof(struct sysinfo) == 112, "sysinfo");

#endif
