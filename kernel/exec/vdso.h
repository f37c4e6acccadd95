/* The program's vDSO: time without a system call. */
#ifndef ADYTON_KERNEL_EXEC_VDSO_H
#define ADYTON_KERNEL_EXEC_VDSO_H

#include "abi/types.h"

/* Map it into the program's memory; its address for AT_SYSINFO_EHDR, or 0 when there is none. */
uint64_t vdso_map(void);

#endif
