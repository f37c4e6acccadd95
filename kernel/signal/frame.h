/* What a handler finds on the program's stack, and the way back from it. */
#ifndef ADYTON_KERNEL_SIGNAL_FRAME_H
#define ADYTON_KERNEL_SIGNAL_FRAME_H

#include "kernel/signal/signal.h"

/* Push a frame for the handler `action` of signal info->si_signo and point regs at the handler. 0 or -EFAULT. */
int frame_push(struct regs *regs, const struct sigaction *action, const struct siginfo *info,
	       uint64_t old_mask) must_check;
/* rt_sigreturn: regs, mask, alternate stack and vector state as the frame says. 0 or -EFAULT. */
int frame_pop(struct regs *regs) must_check;

/* The alternate stack's flags as sigaltstack(2) shows them, for a program whose stack pointer is sp. */
int32_t frame_altstack_flags(const struct thread *t, uint64_t sp);
/* 0, -EPERM while the program runs on it, -EINVAL, -ENOMEM. */
int frame_altstack_set(struct thread *t, const struct sigaltstack *s, uint64_t sp);

#endif
