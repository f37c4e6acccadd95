/*
 * Calling the host. The stubs host_<name>() are generated from abi/hostcall.def: each copies its buffers out to this
 * thread's border, leaves, comes back, and copies in once what the row allows, checked against the row's bounds.
 * A buffer argument may be kernel or program memory (an address below USER_TOP is the program's: -EFAULT is possible).
 *
 * Nothing may be locked around a call that can block, except where a comment at the lock says so.
 */
#ifndef ADYTON_KERNEL_BORDER_HOSTCALL_H
#define ADYTON_KERNEL_BORDER_HOSTCALL_H

#include "abi/hostcall.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "abi/linux/resource.h"
#include "abi/linux/sched.h"
#include "abi/linux/stat.h"
#include "abi/linux/sched.h"
#include "abi/linux/sysinfo.h"
#include "abi/linux/utsname.h"
#include "kernel/mm/user.h"
#include "hostcalls.h" /* generated */

/* The largest piece that one call moves. */
#define HOST_BUFFER BORDER_CALL_MAX

#endif
