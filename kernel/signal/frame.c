/*
 * Signal frames, laid out as Linux x86-64 lays them out (arch/x86/include/uapi/asm/sigcontext.h): from the handler's
 * stack pointer upwards the return address, ucontext, siginfo; above them, 64-byte aligned, the vector state with its
 * two magic numbers; above that the program's red zone, untouched.
 *
 * struct xstate is 2.7 KiB of kernel stack: these functions run right above the frame of registers, nothing is below.
 */
#include "kernel/signal/frame.h"
#include "base/mem.h"
#include "kernel/mm/user.h"
#include "kernel/signal/queue.h"
#include "kernel/signal/xstate.h"
#include "kernel/syscall.h"
#include "kernel/task/process.h"

#define RED_ZONE 128
#define USER_CS 0x33
#define USER_SS 0x2b
#define FLAGS_HANDLER_CLEARS 0x10500UL /* RF, DF, TF */
/* what sigreturn takes: RF AC OF DF SF ZF AF PF CF, not TF: the kernel would trap */
#define FLAGS_PROGRAM 0x50cd5UL

static bool frame_on(const struct sigaltstack *s, uint64_t sp)
{
	return sp > s->ss_sp && sp - s->ss_sp <= s->ss_size;
}

/* With SS_AUTODISARM the stack is off while it is in use, so being inside its range means nothing. */
static bool frame_on_altstack(const struct thread *t, uint64_t sp)
{
	return !((uint32_t)t->altstack.ss_flags & SS_AUTODISARM) && frame_on(&t->altstack, sp);
}

int32_t frame_altstack_flags(const struct thread *t, uint64_t sp)
{
	if (!t->altstack.ss_size)
		return SS_DISABLE;
	return frame_on_altstack(t, sp) ? SS_ONSTACK : 0;
}

int frame_altstack_set(struct thread *t, const struct sigaltstack *s, uint64_t sp)
{
	uint32_t mode = (uint32_t)s->ss_flags & ~SS_AUTODISARM;

	if (frame_altstack_flags(t, sp) == SS_ONSTACK)
		return -EPERM;
	if (s->ss_sp == t->altstack.ss_sp && s->ss_size == t->altstack.ss_size && s->ss_flags == t->altstack.ss_flags)
		return 0; /* no change, whether it would be valid or not */
	if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		t->altstack = (struct sigaltstack){ .ss_flags = s->ss_flags };
		return 0;
	}
	if (s->ss_size < MINSIGSTKSZ)
		return -ENOMEM;
	t->altstack = *s;
	return 0;
}

uint64_t signal_frame_size(void)
{
	return sizeof(struct rt_sigframe) + xstate_size() + FP_XSTATE_MAGIC2_SIZE + 64 + 16;
}

/* Where the vector state goes; 0 where it would overflow the alternate stack. */
static uint64_t frame_place(const struct thread *t, const struct regs *r, const struct sigaction *a, uint64_t *fpstate)
{
	uint64_t sp = r->rsp - RED_ZONE, frame;
	bool nested = frame_on_altstack(t, r->rsp), entering = false;

	if ((a->sa_flags & SA_ONSTACK) && frame_altstack_flags(t, r->rsp) == 0) {
		sp = t->altstack.ss_sp + t->altstack.ss_size;
		entering = true;
	}
	*fpstate = (sp - xstate_size() - FP_XSTATE_MAGIC2_SIZE) & ~63UL;
	/* As after a call: 16-byte alignment plus the return address. */
	frame = ((*fpstate - sizeof(struct rt_sigframe)) & ~15UL) - 8;
	return (nested || entering) && !frame_on(&t->altstack, frame) ? 0 : frame;
}

static int frame_save_vectors(uint64_t to)
{
	struct xstate x;
	uint32_t size = xstate_size();

	xstate_save(&x);
	x.legacy.sw_reserved = (struct fpx_sw_bytes){ .magic1 = FP_XSTATE_MAGIC1,
						      .extended_size = size + FP_XSTATE_MAGIC2_SIZE,
						      .xfeatures = xstate_features(),
						      .xstate_size = size };
	if (copy_to_user(to, &x, size))
		return -EFAULT;
	return put_user_u32(to + size, FP_XSTATE_MAGIC2);
}

static void frame_context(struct sigcontext *c, const struct regs *r, const struct thread *t, uint64_t fpstate)
{
	*c = (struct sigcontext){ .r8 = r->r8, .r9 = r->r9, .r10 = r->r10, .r11 = r->r11, .r12 = r->r12,
				  .r13 = r->r13, .r14 = r->r14, .r15 = r->r15, .rdi = r->rdi, .rsi = r->rsi,
				  .rbp = r->rbp, .rbx = r->rbx, .rdx = r->rdx, .rax = r->rax, .rcx = r->rcx,
				  .rsp = r->rsp, .rip = r->rip, .eflags = r->rflags, .cs = USER_CS, .ss = USER_SS,
				  .err = t->signal_error, .trapno = t->signal_trapno, .cr2 = t->signal_cr2,
				  .fpstate = fpstate };
}

int frame_push(struct regs *r, const struct sigaction *a, const struct siginfo *info, uint64_t old_mask)
{
	struct thread *t = current;
	struct rt_sigframe f;
	uint64_t fpstate, at = frame_place(t, r, a, &fpstate);

	if (!at || !(a->sa_flags & SA_RESTORER) || a->sa_handler >= USER_TOP || frame_save_vectors(fpstate))
		return -EFAULT;
	f = (struct rt_sigframe){ .pretcode = a->sa_restorer,
				  .uc.uc_flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS,
				  .uc.uc_stack = t->altstack,
				  .uc.uc_sigmask = old_mask,
				  .info = *info };
	frame_context(&f.uc.uc_mcontext, r, t, fpstate);
	f.uc.uc_mcontext.oldmask = old_mask;
	if (copy_to_user(at, &f, sizeof(f)))
		return -EFAULT;
	if ((uint32_t)t->altstack.ss_flags & SS_AUTODISARM)
		t->altstack = (struct sigaltstack){ .ss_flags = SS_DISABLE };
	r->rdi = (uint64_t)info->si_signo;
	r->rsi = at + offsetof(struct rt_sigframe, info);
	r->rdx = at + offsetof(struct rt_sigframe, uc);
	r->rax = 0;
	r->rip = a->sa_handler;
	r->rsp = at;
	r->rflags &= ~FLAGS_HANDLER_CLEARS;
	xstate_reset();
	return 0;
}

/* The features that a frame's vector state holds: both magics in place, sizes that agree; else only the legacy part. */
static uint64_t frame_features(const struct fpx_sw_bytes *sw, uint64_t from)
{
	uint32_t magic2;

	if (sw->magic1 != FP_XSTATE_MAGIC1 || sw->xstate_size < 576 || sw->xstate_size > xstate_size() ||
	    sw->extended_size < sw->xstate_size + FP_XSTATE_MAGIC2_SIZE)
		return 0;
	if (get_user_u32(&magic2, from + sw->xstate_size) || magic2 != FP_XSTATE_MAGIC2)
		return 0;
	return sw->xfeatures;
}

static int frame_load_vectors(uint64_t from)
{
	struct xstate x;
	uint64_t features;

	if (!from) {
		xstate_reset();
		return 0;
	}
	memset(&x, 0, sizeof(x));
	if (copy_from_user(&x.legacy, from, sizeof(x.legacy)))
		return -EFAULT;
	features = frame_features(&x.legacy.sw_reserved, from);
	if (!features) {
		x.header.xfeatures = 3;
		features = 3;
	} else if (copy_from_user((uint8_t *)&x + sizeof(x.legacy), from + sizeof(x.legacy),
				  x.legacy.sw_reserved.xstate_size - sizeof(x.legacy))) {
		return -EFAULT;
	}
	xstate_load(&x, features);
	return 0;
}

static void frame_registers(struct regs *r, const struct sigcontext *c)
{
	*r = (struct regs){ .r8 = c->r8, .r9 = c->r9, .r10 = c->r10, .r11 = c->r11, .r12 = c->r12, .r13 = c->r13,
			    .r14 = c->r14, .r15 = c->r15, .rdi = c->rdi, .rsi = c->rsi, .rbp = c->rbp, .rbx = c->rbx,
			    .rdx = c->rdx, .rax = c->rax, .rcx = c->rcx, .rsp = c->rsp, .rip = c->rip,
			    .rflags = (r->rflags & ~FLAGS_PROGRAM) | (c->eflags & FLAGS_PROGRAM),
			    .orig_rax = UINT64_MAX };
}

int frame_pop(struct regs *r)
{
	struct thread *t = current;
	struct ucontext uc;
	/* The restorer's call of us popped nothing, the handler's return popped pretcode. */
	uint64_t at = r->rsp - sizeof(uint64_t);

	if (copy_from_user(&uc, at + offsetof(struct rt_sigframe, uc), sizeof(uc)) ||
	    uc.uc_mcontext.rip >= USER_TOP || frame_load_vectors(uc.uc_mcontext.fpstate))
		return -EFAULT;
	{
		LOCKED(&init_process.signal_lock);
		signal_set_blocked(t, uc.uc_sigmask);
	}
	frame_registers(r, &uc.uc_mcontext);
	(void)frame_altstack_set(t, &uc.uc_stack, r->rsp); /* errors are ignored, as Linux does */
	return 0;
}
