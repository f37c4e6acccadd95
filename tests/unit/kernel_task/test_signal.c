/* Queueing, choosing, delivering and returning from signals, on one thread. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "tests/unit/kernel_task/fake.h"
#include "kernel/signal/frame.h"
#include "kernel/signal/queue.h"
#include "kernel/signal/xstate.h"
#include "kernel/syscall.h"

#define HANDLER 0x400000UL
#define STACK (FAKE_USER + 0x80000)

static int reset(void **state)
{
	struct regs *r;

	(void)state;
	fake_reset();
	r = thread_regs(current);
	*r = (struct regs){
		.orig_rax = UINT64_MAX, .rip = 0x401000, .rsp = STACK, .rflags = 0x202, .rbx = 0xb, .r15 = 0xf
	};
	return 0;
}

static void action(int sig, uint64_t handler, uint64_t flags, uint64_t mask)
{
	init_process.actions[sig] = (struct sigaction){ .sa_handler = handler, .sa_flags = flags | SA_RESTORER,
							.sa_restorer = 0x402000, .sa_mask = mask };
}

static void send(int sig, int code, int value)
{
	struct siginfo info = { .si_code = code };

	info.rt.sigval.sival_int = value;
	assert_int_equal(signal_send_process(sig, &info), 0);
}

static const struct rt_sigframe *frame(void)
{
	return (const struct rt_sigframe *)thread_regs(current)->rsp;
}

static void frames_are_as_the_system_has_them(void **state)
{
#define UC(member) offsetof(struct ucontext, member)
#define MC(member) (offsetof(struct ucontext, uc_mcontext) + offsetof(struct sigcontext, member))
	const unsigned long ours[] = {
		UC(uc_flags),
		UC(uc_stack),
		UC(uc_stack.ss_flags),
		UC(uc_stack.ss_size),
		UC(uc_mcontext),
		MC(r8),
		MC(rdi),
		MC(rbx),
		MC(rax),
		MC(rsp),
		MC(rip),
		MC(eflags),
		MC(err),
		MC(trapno),
		MC(oldmask),
		MC(cr2),
		MC(fpstate),
		UC(uc_sigmask),
		sizeof(struct siginfo),
		offsetof(struct siginfo, si_code),
		offsetof(struct siginfo, kill.pid),
		offsetof(struct siginfo, kill.uid),
		offsetof(struct siginfo, fault.addr),
		offsetof(struct siginfo, rt.sigval),
		offsetof(struct fpstate, mxcsr),
		offsetof(struct fpstate, xmm_space),
	};

	(void)state;
	assert_int_equal(sizeof(ours) / sizeof(ours[0]), system_frame_offset_count);
	for (unsigned i = 0; i < system_frame_offset_count; i++)
		assert_int_equal(ours[i], system_frame_offsets[i]);
}

static void takes_in_order(void **state)
{
	struct siginfo info;
	uint64_t all = UINT64_MAX;

	(void)state;
	for (int sig = 1; sig <= SIGNAL_MAX; sig++)
		action(sig, HANDLER, 0, 0);
	current->blocked = ~SIGNALS_UNBLOCKABLE;
	send(SIGUSR2, SI_USER, 1);
	send(SIGUSR2, SI_USER, 2); /* merged: a standard signal is pending once */
	send(40, SI_QUEUE, 3);
	send(40, SI_QUEUE, 4);
	send(SIGHUP, SI_USER, 5);
	assert_int_equal(signal_send_thread(current, SIGTERM, NULL), 0);
	signal_fault(SIGSEGV, SEGV_MAPERR, 0x10, 14, 4, 0x10);
	assert_int_equal(signal_dequeue(all, &info), SIGSEGV);
	assert_int_equal(info.fault.addr, 0x10);
	assert_int_equal(signal_dequeue(all, &info), SIGTERM);
	assert_int_equal(info.si_code, SI_KERNEL);
	assert_int_equal(signal_dequeue(all, &info), SIGHUP);
	assert_int_equal(signal_dequeue(all, &info), SIGUSR2);
	assert_int_equal(info.rt.sigval.sival_int, 1);
	assert_int_equal(signal_dequeue(SIGBIT(SIGUSR2), &info), 0);
	assert_int_equal(signal_dequeue(all, &info), 40);
	assert_int_equal(info.rt.sigval.sival_int, 3);
	assert_true(signal_pending_set() & SIGBIT(40));
	assert_int_equal(signal_dequeue(all, &info), 40);
	assert_int_equal(info.rt.sigval.sival_int, 4);
	assert_int_equal(signal_pending_set(), 0);
	assert_int_equal(init_process.info_count, 0);
}

static void ignores_and_cancels(void **state)
{
	(void)state;
	send(SIGCHLD, SI_USER, 0);
	action(SIGUSR1, (uint64_t)SIG_IGN, 0, 0);
	send(SIGUSR1, SI_USER, 0);
	assert_int_equal(signal_pending_set(), 0);
	current->blocked = SIGBIT(SIGUSR1) | SIGBIT(SIGTSTP) | SIGBIT(SIGCONT); /* blocked: kept, whatever the action */
	send(SIGUSR1, SI_USER, 0);
	send(SIGTSTP, SI_USER, 0);
	assert_int_equal(signal_pending_set(), SIGBIT(SIGUSR1) | SIGBIT(SIGTSTP));
	send(SIGCONT, SI_USER, 0);
	assert_int_equal(signal_pending_set(), SIGBIT(SIGUSR1) | SIGBIT(SIGCONT));
	send(SIGTSTP, SI_USER, 0);
	assert_int_equal(signal_pending_set(), SIGBIT(SIGUSR1) | SIGBIT(SIGTSTP));
}

static void bounds_the_queue(void **state)
{
	struct siginfo info = { .si_code = SI_QUEUE };

	(void)state;
	current->blocked = ~0UL;
	for (int i = 0; i < 100; i++)
		assert_int_equal(signal_send_process(40, &info), 0);
	assert_int_equal(signal_send_process(40, &info), -EAGAIN);
	assert_int_equal(signal_send_process(SIGUSR1, &info), 0); /* a standard one still comes, without its details */
	assert_int_equal(signal_dequeue(SIGBIT(SIGUSR1), &info), SIGUSR1);
	signal_flush(UINT64_MAX);
	assert_int_equal(init_process.info_count, 0);
}

static void interrupts_whom_it_must(void **state)
{
	struct thread *other = fake_thread_idle(), *parked = fake_thread_idle();

	(void)state;
	action(SIGUSR1, HANDLER, 0, 0);
	send(SIGUSR1, SI_USER, 0);
	assert_int_equal(current->work, WORK_SIGNAL); /* the sender itself: nobody is interrupted */
	assert_int_equal(fake_interrupts, 0);
	signal_flush(UINT64_MAX);
	current->blocked = SIGBIT(SIGUSR1);
	send(SIGUSR1, SI_USER, 0);
	assert_int_equal(other->work, WORK_SIGNAL);
	assert_int_equal(fake_interrupts, 1);
	signal_set_blocked(other, SIGBIT(SIGUSR1)); /* it does not want it any more: the next one gets it */
	assert_int_equal(parked->work, WORK_SIGNAL);
	assert_int_equal(fake_interrupts, 2);
	parked->park_state = PARK_PARKED;
	signal_kick(parked);
	assert_int_equal(parked->park_state, PARK_WOKEN);
	assert_int_equal(fake_interrupts, 2);
}

static void host_signals_come_in(void **state)
{
	(void)state;
	action(SIGTERM, HANDLER, 0, 0);
	signal_from_host(SIGSEGV); /* a host may not fake a fault */
	signal_from_host(SIGKILL);
	signal_from_host(0);
	signal_from_host(65);
	assert_int_equal(current->work, 0);
	signal_from_host(SIGTERM);
	assert_int_equal(current->work, WORK_HOST);
	assert_true(signal_pending(current));
	signal_exit_work(thread_regs(current));
	assert_int_equal(thread_regs(current)->rip, HANDLER);
	assert_int_equal(thread_regs(current)->rdi, SIGTERM);
}

static void pushes_and_pops_a_frame(void **state)
{
	struct regs before = *thread_regs(current), *r = thread_regs(current);
	struct sigaltstack alt = { .ss_sp = FAKE_USER + 0x20000, .ss_size = 0x4000 };

	(void)state;
	action(SIGUSR1, HANDLER, SA_ONSTACK, SIGBIT(SIGUSR2));
	current->blocked = SIGBIT(SIGHUP);
	assert_int_equal(frame_altstack_set(current, &alt, r->rsp), 0);
	send(SIGUSR1, SI_QUEUE, 42);
	signal_exit_work(r);
	assert_int_equal(r->rip, HANDLER);
	assert_int_equal(r->rdi, SIGUSR1);
	assert_int_equal(r->rsi, r->rsp + offsetof(struct rt_sigframe, info));
	assert_int_equal(r->rdx, r->rsp + offsetof(struct rt_sigframe, uc));
	assert_int_equal(r->rsp % 16, 8);
	assert_in_range(r->rsp, alt.ss_sp, alt.ss_sp + alt.ss_size);
	assert_int_equal(frame()->pretcode, 0x402000);
	assert_int_equal(frame()->info.rt.sigval.sival_int, 42);
	assert_int_equal(frame()->uc.uc_sigmask, SIGBIT(SIGHUP));
	assert_int_equal(frame()->uc.uc_mcontext.rsp, STACK);
	assert_int_equal(frame()->uc.uc_mcontext.fpstate % 64, 0);
	assert_int_equal(current->blocked, SIGBIT(SIGHUP) | SIGBIT(SIGUSR1) | SIGBIT(SIGUSR2));
	assert_int_equal(frame_altstack_flags(current, r->rsp), SS_ONSTACK);
	assert_int_equal(frame_altstack_set(current, &alt, r->rsp), -EPERM);
	r->rsp += 8; /* the handler returns into the restorer */
	(void)sys_rt_sigreturn(r);
	assert_memory_equal(r, &before, sizeof(before));
	assert_int_equal(current->blocked, SIGBIT(SIGHUP));
}

static void keeps_the_red_zone(void **state)
{
	const struct sigcontext *c;

	(void)state;
	action(SIGUSR1, HANDLER, 0, 0);
	memset((void *)(STACK - 128), 0x5a, 128);
	send(SIGUSR1, SI_USER, 0);
	signal_exit_work(thread_regs(current));
	for (int i = 0; i < 128; i++)
		assert_int_equal(*(uint8_t *)(STACK - 128 + (uint64_t)i), 0x5a);
	c = &frame()->uc.uc_mcontext;
	assert_true(c->fpstate + xstate_size() + FP_XSTATE_MAGIC2_SIZE <= STACK - 128);
	assert_int_equal(((const struct fpstate *)c->fpstate)->sw_reserved.magic1, FP_XSTATE_MAGIC1);
	assert_int_equal(*(const uint32_t *)(c->fpstate + xstate_size()), FP_XSTATE_MAGIC2);
}

/* Whatever a program writes into a frame, coming back is an answer, not a fault of the kernel. */
static void survives_hostile_frames(void **state)
{
	struct regs *r = thread_regs(current);
	struct rt_sigframe *f;
	struct fpstate *fp;
	struct xstate_header *header;

	(void)state;
	action(SIGUSR1, HANDLER, 0, 0);
	send(SIGUSR1, SI_USER, 0);
	signal_exit_work(r);
	f = (struct rt_sigframe *)r->rsp;
	fp = (struct fpstate *)f->uc.uc_mcontext.fpstate;
	header = (struct xstate_header *)(fp + 1);
	fp->mxcsr = UINT32_MAX;
	*header = (struct xstate_header){ .xfeatures = UINT64_MAX, .xcomp_bv = UINT64_MAX, .reserved = { 1, 2, 3 } };
	f->uc.uc_mcontext.eflags = UINT64_MAX;
	r->rsp += 8;
	(void)sys_rt_sigreturn(r);
	assert_int_equal(r->rip, 0x401000);
	assert_int_equal(r->rflags & 0x3100, 0); /* neither TF nor IOPL */
	xstate_reset();
	fp->sw_reserved.magic1 = 0;
	r->rsp = (uint64_t)f + 8;
	(void)sys_rt_sigreturn(r);
	f->uc.uc_mcontext.rip = USER_TOP;
	r->rsp = (uint64_t)f + 8;
	(void)sys_rt_sigreturn(r);
	assert_true(current->pending & SIGBIT(SIGSEGV));
	r->rsp = 8;
	(void)sys_rt_sigreturn(r);
	xstate_reset();
}

static void after_a_call(long result, uint64_t handler_flags, bool handled, uint64_t rax, uint64_t rip)
{
	struct regs *r = thread_regs(current);

	(void)reset(NULL);
	action(SIGUSR1, handled ? HANDLER : 0, handler_flags, 0);
	r->orig_rax = 35;
	r->rax = (uint64_t)result;
	current->work = WORK_SIGNAL;
	if (handled)
		send(SIGUSR1, SI_USER, 0);
	signal_exit_work(r);
	assert_int_equal(handled ? frame()->uc.uc_mcontext.rax : r->rax, rax);
	assert_int_equal(handled ? frame()->uc.uc_mcontext.rip : r->rip, rip);
}

static void restarts_calls(void **state)
{
	const uint64_t eintr = (uint64_t)-EINTR, after = 0x401000, again = after - 2;

	(void)state;
	after_a_call(-ERESTARTSYS, 0, true, eintr, after);
	after_a_call(-ERESTARTSYS, SA_RESTART, true, 35, again);
	after_a_call(-ERESTARTSYS, 0, false, 35, again);
	after_a_call(-ERESTARTNOHAND, SA_RESTART, true, eintr, after);
	after_a_call(-ERESTARTNOHAND, 0, false, 35, again);
	after_a_call(-ERESTARTNOINTR, 0, true, 35, again);
	after_a_call(-ERESTART_RESTARTBLOCK, SA_RESTART, true, eintr, after);
	after_a_call(-ERESTART_RESTARTBLOCK, 0, false, 219, again);
	after_a_call(-EINTR, SA_RESTART, true, eintr, after);
	after_a_call(17, SA_RESTART, true, 17, after);
}

/* Registers of a thread that the program may be killed on. */
static struct regs *fresh_regs(void)
{
	struct regs *r = thread_regs(current);

	*r = (struct regs){ .orig_rax = UINT64_MAX, .rip = 0x401000, .rsp = STACK };
	return r;
}

static void terminated(void)
{
	send(SIGTERM, SI_USER, 0);
	signal_exit_work(fresh_regs());
}

static void acts_by_default(void **state)
{
	(void)state;
	current->blocked = SIGBIT(SIGWINCH);
	send(SIGWINCH, SI_USER, 0);
	signal_set_blocked(current, 0);
	signal_exit_work(thread_regs(current)); /* ignored */
	assert_int_equal(thread_regs(current)->rip, 0x401000);
	send(SIGTSTP, SI_USER, 0);
	signal_exit_work(thread_regs(current));
	assert_int_equal(fake_kills, 1);
	assert_int_equal(fake_exit_status(terminated), SIGTERM);
}

static void faulted_blocked(void)
{
	struct regs *r = fresh_regs();

	action(SIGSEGV, HANDLER, 0, 0);
	current->blocked = SIGBIT(SIGSEGV);
	signal_fault(SIGSEGV, SEGV_MAPERR, 8, 14, 6, 8);
	signal_exit_work(r);
}

/* No stack for the frame: SIGSEGV, and there is no room for its handler either. */
static void without_a_stack(void)
{
	struct regs *r = fresh_regs();

	action(SIGUSR1, HANDLER, 0, 0);
	action(SIGSEGV, HANDLER, 0, 0);
	r->rsp = 64;
	send(SIGUSR1, SI_USER, 0);
	signal_exit_work(r);
}

static void forces_faults(void **state)
{
	(void)state;
	assert_int_equal(fake_exit_status(faulted_blocked), SIGSEGV);
	(void)reset(NULL);
	assert_int_equal(fake_exit_status(without_a_stack), SIGSEGV);
	(void)reset(NULL);
	action(SIGSEGV, HANDLER, SA_RESETHAND | SA_NODEFER, 0);
	signal_fault(SIGSEGV, SEGV_ACCERR, 8, 14, 6, 8);
	signal_exit_work(thread_regs(current));
	assert_int_equal(frame()->uc.uc_mcontext.trapno, 14);
	assert_int_equal(frame()->uc.uc_mcontext.err, 6);
	assert_int_equal(frame()->uc.uc_mcontext.cr2, 8);
	assert_int_equal(current->blocked, 0);
	assert_int_equal(init_process.actions[SIGSEGV].sa_handler, 0);
}

static void gives_the_mask_back(void **state)
{
	struct regs *r = thread_regs(current);

	(void)state;
	*(uint64_t *)user(0) = 0;
	action(SIGUSR1, HANDLER, 0, 0);
	current->blocked = SIGBIT(SIGUSR1) | SIGBIT(SIGINT);
	send(SIGUSR1, SI_USER, 0);
	assert_int_equal(signal_set_temporary_mask(FAKE_USER, 4), -EINVAL);
	assert_int_equal(signal_set_temporary_mask(64, 8), -EFAULT);
	assert_int_equal(signal_set_temporary_mask(FAKE_USER, 8), 0);
	assert_int_equal(current->blocked, 0);
	assert_true(signal_pending(current));
	signal_exit_work(r); /* the handler sees the new mask, its frame remembers the old one */
	assert_int_equal(frame()->uc.uc_sigmask, SIGBIT(SIGUSR1) | SIGBIT(SIGINT));
	(void)reset(NULL);
	current->blocked = SIGBIT(SIGINT);
	assert_int_equal(signal_set_temporary_mask(FAKE_USER, 8), 0);
	signal_restore_mask_now();
	assert_int_equal(current->blocked, SIGBIT(SIGINT));
}

static void waits_synchronously(void **state)
{
	struct regs r = { .rdi = FAKE_USER, .rsi = FAKE_USER + 64, .rdx = FAKE_USER + 256, .r10 = 8 };

	(void)state;
	*(uint64_t *)user(0) = SIGBIT(SIGUSR1);
	*(struct timespec *)user(256) = (struct timespec){ .tv_nsec = 1000000 };
	current->blocked = SIGBIT(SIGUSR1);
	assert_int_equal(sys_rt_sigtimedwait(&r), -EAGAIN);
	send(SIGUSR1, SI_QUEUE, 9);
	assert_int_equal(sys_rt_sigtimedwait(&r), SIGUSR1);
	assert_int_equal(((struct siginfo *)user(64))->rt.sigval.sival_int, 9);
	assert_int_equal(current->blocked, SIGBIT(SIGUSR1));
	r.r10 = 4;
	assert_int_equal(sys_rt_sigtimedwait(&r), -EINVAL);
}

static void refuses_bad_senders(void **state)
{
	struct regs r = { .rdi = 1000, .rsi = 65 };

	(void)state;
	assert_int_equal(sys_kill(&r), -EINVAL);
	r.rsi = 0;
	assert_int_equal(sys_kill(&r), 0);
	r.rdi = 4242;
	assert_int_equal(sys_kill(&r), -ESRCH);
	r = (struct regs){ .rdi = 1000, .rsi = 4242, .rdx = SIGUSR1 };
	assert_int_equal(sys_tgkill(&r), -ESRCH);
	r.rdi = 0;
	assert_int_equal(sys_tgkill(&r), -EINVAL);
	r = (struct regs){ .rdi = SIGKILL, .rsi = FAKE_USER, .r10 = 8 };
	assert_int_equal(sys_rt_sigaction(&r), -EINVAL);
	r.r10 = 4;
	assert_int_equal(sys_rt_sigaction(&r), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(frames_are_as_the_system_has_them, reset),
		cmocka_unit_test_setup(takes_in_order, reset),
		cmocka_unit_test_setup(ignores_and_cancels, reset),
		cmocka_unit_test_setup(bounds_the_queue, reset),
		cmocka_unit_test_setup(interrupts_whom_it_must, reset),
		cmocka_unit_test_setup(host_signals_come_in, reset),
		cmocka_unit_test_setup(pushes_and_pops_a_frame, reset),
		cmocka_unit_test_setup(keeps_the_red_zone, reset),
		cmocka_unit_test_setup(survives_hostile_frames, reset),
		cmocka_unit_test_setup(restarts_calls, reset),
		cmocka_unit_test_setup(acts_by_default, reset),
		cmocka_unit_test_setup(forces_faults, reset),
		cmocka_unit_test_setup(gives_the_mask_back, reset),
		cmocka_unit_test_setup(waits_synchronously, reset),
		cmocka_unit_test_setup(refuses_bad_senders, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
