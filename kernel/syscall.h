/*
 * System call handlers. Each row of abi/syscall.def that is not NONE has one, defined by these macros, which take the
 * arguments out of the saved registers and give them their types:
 *
 *     SYSCALL3(read, int, fd, uint64_t, buf, uint64_t, size)
 *     {
 *             ...
 *     }
 *
 * A handler returns the value or a negative errno. One that was interrupted by a signal before it did anything returns
 * -ERESTARTSYS (restart unless the handler lacks SA_RESTART), -ERESTARTNOHAND (restart only without a handler) or
 * -EINTR; the signal code decides at the exit.
 */
#ifndef ADYTON_KERNEL_SYSCALL_H
#define ADYTON_KERNEL_SYSCALL_H

#include "abi/linux/errno.h"
#include "kernel/task/regs.h"

#ifndef ERESTARTSYS
#define ERESTARTSYS 512
#define ERESTARTNOHAND 514
#endif

#define SYSCALL_FULL(name) long sys_##name(const struct regs *r) __attribute__((weak));
#define SYSCALL_PARTIAL(name) long sys_##name(const struct regs *r) __attribute__((weak));
#define SYSCALL_NONE(name)
#define S(nr, name, args, support, caveat) SYSCALL_##support(name)
#include "abi/syscall.def"
#undef S
#undef SYSCALL_FULL
#undef SYSCALL_PARTIAL
#undef SYSCALL_NONE

#define SYSCALL_BODY(name, params, ...) \
	static inline long do_##name params; \
	long sys_##name(const struct regs *r) \
	{ \
		(void)r; \
		return do_##name(__VA_ARGS__); \
	} \
	static inline long do_##name params

#define SYSCALL0(name) SYSCALL_BODY(name, (void))
#define SYSCALL1(name, t1, a1) SYSCALL_BODY(name, (t1 a1), (t1)r->rdi)
#define SYSCALL2(name, t1, a1, t2, a2) SYSCALL_BODY(name, (t1 a1, t2 a2), (t1)r->rdi, (t2)r->rsi)
#define SYSCALL3(name, t1, a1, t2, a2, t3, a3) \
	SYSCALL_BODY(name, (t1 a1, t2 a2, t3 a3), (t1)r->rdi, (t2)r->rsi, (t3)r->rdx)
#define SYSCALL4(name, t1, a1, t2, a2, t3, a3, t4, a4) \
	SYSCALL_BODY(name, (t1 a1, t2 a2, t3 a3, t4 a4), (t1)r->rdi, (t2)r->rsi, (t3)r->rdx, (t4)r->r10)
#define SYSCALL5(name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5) \
	SYSCALL_BODY(name, (t1 a1, t2 a2, t3 a3, t4 a4, t5 a5), (t1)r->rdi, (t2)r->rsi, (t3)r->rdx, (t4)r->r10, \
		     (t5)r->r8)
#define SYSCALL6(name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6) \
	SYSCALL_BODY(name, (t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6), (t1)r->rdi, (t2)r->rsi, (t3)r->rdx, \
		     (t4)r->r10, (t5)r->r8, (t6)r->r9)

#endif
