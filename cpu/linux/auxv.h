/* What Linux told this process when it began, for code that never saw its own stack. */
#ifndef ADYTON_CPU_LINUX_AUXV_H
#define ADYTON_CPU_LINUX_AUXV_H

#include "cpu/linux/sys.h"

#define LINUX_AT_HWCAP2 26UL
#define LINUX_AT_SYSINFO_EHDR 33UL
#define LINUX_HWCAP2_FSGSBASE 2UL

/* The value of an entry of the auxiliary vector; 0 when there is none. */
static inline uint64_t auxv_value(uint64_t type)
{
	uint64_t pair[2], found = 0;
	long fd = sys_raw3(SYS_OPEN, (long)"/proc/self/auxv", LINUX_O_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	while (sys_read((int)fd, pair, sizeof(pair)) == sizeof(pair) && pair[0])
		if (pair[0] == type)
			found = pair[1];
	(void)sys_close((int)fd);
	return found;
}

#endif
