/* What Linux told this process when it began, for code that never saw its own stack. */
#ifndef ADYTON_CPU_LINUX_AUXV_H
#define ADYTON_CPU_LINUX_AUXV_H

#include "cpu/linux/sys.h"

#define LINUX_AT_HWCAP2 26UL
#define LINUX_AT_SYSINFO_EHDR 33UL
#define LINUX_HWCAP2_FSGSBASE 2UL

/*
 * The value of an entry of the auxiliary vector; 0 when there is none. false: a process that is not dumpable and not
 * root's may not read it.
 */
static inline bool auxv_value(uint64_t type, uint64_t *value)
{
	bool any = false;
	uint64_t pair[2];
	long fd = sys_raw3(SYS_OPEN, (long)"/proc/self/auxv", LINUX_O_CLOEXEC, 0);

	*value = 0;
	if (fd < 0)
		return false;
	for (; sys_read((int)fd, pair, sizeof(pair)) == sizeof(pair) && pair[0]; any = true)
		if (pair[0] == type)
			*value = pair[1];
	(void)sys_close((int)fd);
	return any;
}

#endif
