/*
 * Pending signals, of one thread and of the process. A set of bits says what is pending; a list beside it keeps the
 * siginfo in order. A standard signal is queued once, a real-time signal as often as it was sent.
 *
 * Bits are also read without the lock (signal_pending): they are written atomically.
 */
#include "kernel/signal/queue.h"
#include "abi/linux/poll.h"
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"
#include "kernel/syscall.h"
#include "kernel/task/process.h"
#include "kernel/task/task.h"
#include "kernel/time/timer.h"

struct signal_info {
	struct list link;
	struct siginfo info;
};

struct waitq signal_queue = { LOCK_INIT, LIST_INIT(signal_queue.waiters) };

static uint64_t signal_load(const uint64_t *set)
{
	return __atomic_load_n(set, __ATOMIC_SEQ_CST);
}

bool signal_pending(const struct thread *t)
{
	const struct process *p = &init_process;

	return ((signal_load(&t->pending) | signal_load(&p->shared_pending)) & ~signal_load(&t->blocked)) ||
	       signal_load(&p->host_signals);
}

uint64_t signal_pending_set(void)
{
	return signal_load(&current->pending) | signal_load(&init_process.shared_pending);
}

bool signal_fatal(void)
{
	uint64_t set;

	signal_take_host();
	LOCKED(&init_process.signal_lock);
	set = signal_pending_set() & ~current->blocked & ~(SIGNALS_IGNORED_BY_DEFAULT | SIGNALS_STOP);
	for (; set; set &= set - 1)
		if (init_process.actions[__builtin_ctzl(set) + 1].sa_handler == (uint64_t)SIG_DFL)
			return true;
	return false;
}

/* --- taking --- */

/* Unlink the first queued siginfo of sig; the bit stays while more of them are queued. */
static void signal_take_info(uint64_t *pending, struct list *infos, int sig, struct siginfo *info)
{
	struct signal_info *found = NULL;
	bool more = false;

	list_for_each(at, infos) {
		struct signal_info *i = container_of(at, struct signal_info, link);

		if (i->info.si_signo != sig)
			continue;
		more = found != NULL;
		if (more)
			break;
		found = i;
	}
	if (!more)
		__atomic_and_fetch(pending, ~SIGBIT(sig), __ATOMIC_SEQ_CST);
	if (!found) { /* there was no memory for it when it was sent */
		*info = (struct siginfo){ .si_signo = sig, .si_code = SI_USER };
		return;
	}
	*info = found->info;
	if (info->si_code == SI_TIMER)
		timer_delivered(info->timer.tid, info->timer.overrun);
	list_del(&found->link);
	init_process.info_count--;
	heap_free(found);
}

int signal_take(struct thread *t, uint64_t set, struct siginfo *info)
{
	struct process *p = &init_process;
	uint64_t own = t->pending & set, shared = p->shared_pending & set;
	int sig;

	if (own & SIGNALS_SYNCHRONOUS)
		own &= SIGNALS_SYNCHRONOUS;
	if (!own && !shared)
		return 0;
	sig = __builtin_ctzl(own ? own : shared) + 1;
	if (own)
		signal_take_info(&t->pending, &t->pending_info, sig, info);
	else
		signal_take_info(&p->shared_pending, &p->shared_info, sig, info);
	return sig;
}

int signal_dequeue(uint64_t set, struct siginfo *info)
{
	LOCKED(&init_process.signal_lock);
	return signal_take(current, set, info);
}

static void signal_flush_list(uint64_t *pending, struct list *infos, uint64_t set)
{
	__atomic_and_fetch(pending, ~set, __ATOMIC_SEQ_CST);
	list_for_each_safe(at, infos) {
		struct signal_info *i = container_of(at, struct signal_info, link);

		if (!(SIGBIT(i->info.si_signo) & set))
			continue;
		list_del(&i->link);
		init_process.info_count--;
		heap_free(i);
	}
}

void signal_flush(uint64_t set)
{
	struct process *p = &init_process;

	signal_flush_list(&p->shared_pending, &p->shared_info, set);
	list_for_each(at, &p->threads) {
		struct thread *t = container_of(at, struct thread, process_link);

		signal_flush_list(&t->pending, &t->pending_info, set);
	}
}

/* --- queueing --- */

static bool signal_ignored(const struct thread *t, int sig)
{
	uint64_t handler = init_process.actions[sig].sa_handler;

	if ((t->blocked | t->waiting_for) & SIGBIT(sig))
		return false;
	return handler == (uint64_t)SIG_IGN || (handler == 0 && (SIGBIT(sig) & SIGNALS_IGNORED_BY_DEFAULT));
}

/* A stop signal cancels SIGCONT and the other way round, whether or not they are handled (POSIX, 2.4.1). */
static void signal_cancel_opposite(int sig)
{
	if (SIGBIT(sig) & SIGNALS_STOP)
		signal_flush(SIGBIT(SIGCONT));
	else if (sig == SIGCONT)
		signal_flush(SIGNALS_STOP);
}

/* A timer whose last signal is still queued does not queue another: it counts (POSIX, timer_getoverrun). */
static bool signal_count_overrun(struct list *infos, const struct siginfo *info)
{
	if (!info || info->si_code != SI_TIMER)
		return false;
	list_for_each(at, infos) {
		struct signal_info *i = container_of(at, struct signal_info, link);

		if (i->info.si_signo == info->si_signo && i->info.si_code == SI_TIMER &&
		    i->info.timer.tid == info->timer.tid) {
			i->info.timer.overrun += info->timer.overrun + 1;
			return true;
		}
	}
	return false;
}

int signal_enqueue(uint64_t *pending, struct list *infos, int sig, const struct siginfo *info)
{
	struct process *p = &init_process;
	struct signal_info *i = NULL;

	if (signal_count_overrun(infos, info) || (sig < SIGNAL_RT_MIN && (*pending & SIGBIT(sig))))
		return 0;
	if (p->info_count < p->limits[RLIMIT_SIGPENDING].rlim_cur)
		i = heap_alloc(sizeof(*i));
	if (!i && sig >= SIGNAL_RT_MIN && info && info->si_code != SI_USER)
		return -EAGAIN;
	if (i) {
		i->info = info ? *info : (struct siginfo){ .si_code = SI_KERNEL };
		i->info.si_signo = sig;
		list_add_tail(infos, &i->link);
		p->info_count++;
	}
	__atomic_or_fetch(pending, SIGBIT(sig), __ATOMIC_SEQ_CST);
	return 0;
}

void signal_kick(struct thread *t)
{
	__atomic_or_fetch(&t->work, WORK_SIGNAL, __ATOMIC_SEQ_CST);
	if (t == current)
		return;
	if (__atomic_load_n(&t->park_state, __ATOMIC_SEQ_CST) == PARK_PARKED)
		thread_unpark(t);
	else
		(void)host_interrupt((long)t->slot);
}

static bool signal_wanted_by(const struct thread *t, uint64_t set)
{
	return (set & ~t->blocked) && !t->exiting && !t->kernel_main;
}

/*
 * Somebody who does not block all of `set` shall take it: the caller if it can, for nothing needs to be interrupted
 * then.
 */
static void signal_offer(uint64_t set, const struct thread *not_to)
{
	if (current != not_to && current->process && signal_wanted_by(current, set)) {
		signal_kick(current);
		return;
	}
	list_for_each(at, &init_process.threads) {
		struct thread *t = container_of(at, struct thread, process_link);

		if (t == not_to || !signal_wanted_by(t, set))
			continue;
		signal_kick(t);
		return;
	}
}

int signal_send_thread(struct thread *t, int sig, const struct siginfo *info)
{
	int error = 0;

	{
		LOCKED(&init_process.signal_lock);
		signal_cancel_opposite(sig);
		if (signal_ignored(t, sig))
			return 0;
		error = signal_enqueue(&t->pending, &t->pending_info, sig, info);
		if (!error && !(t->blocked & SIGBIT(sig)))
			signal_kick(t);
	}
	waitq_wake(&signal_queue, POLLIN);
	return error;
}

int signal_send_process(int sig, const struct siginfo *info)
{
	struct process *p = &init_process;
	int error = 0;

	{
		LOCKED(&p->signal_lock);
		signal_cancel_opposite(sig);
		if (list_empty(&p->threads) ||
		    signal_ignored(container_of(p->threads.next, struct thread, process_link), sig))
			return 0;
		error = signal_enqueue(&p->shared_pending, &p->shared_info, sig, info);
		if (!error)
			signal_offer(SIGBIT(sig), NULL);
	}
	waitq_wake(&signal_queue, POLLIN);
	return error;
}

void signal_set_blocked(struct thread *t, uint64_t blocked)
{
	uint64_t newly, pending = t->pending | init_process.shared_pending;

	blocked &= ~SIGNALS_UNBLOCKABLE;
	newly = blocked & ~t->blocked & init_process.shared_pending;
	__atomic_store_n(&t->blocked, blocked, __ATOMIC_SEQ_CST);
	if (newly)
		signal_offer(newly, t);
	if (pending & ~blocked)
		__atomic_or_fetch(&t->work, WORK_SIGNAL, __ATOMIC_SEQ_CST);
}

void signal_thread_leave(struct thread *t)
{
	t->exiting = true;
	signal_flush_list(&t->pending, &t->pending_info, UINT64_MAX);
	if (init_process.shared_pending)
		signal_offer(init_process.shared_pending, t);
}
