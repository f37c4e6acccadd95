/* Who the program is, as the rest of the kernel asks. */
#ifndef ADYTON_KERNEL_TASK_CRED_H
#define ADYTON_KERNEL_TASK_CRED_H

#include "kernel/task/task.h"

/* prctl(PR_SET_SECUREBITS) */
#define SECBIT_NO_SETUID_FIXUP 0x4U
#define SECBIT_KEEP_CAPS 0x10U

/* Is this CAP_* effective? */
bool cred_capable(int capability);

#endif
