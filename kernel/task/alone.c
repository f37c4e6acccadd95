/*
 * Becoming the only thread. The others are told by SIGKILL, which nobody can block: whatever they wait for ends, and
 * on the way out they find that they are unwanted (task_unwanted) and leave alone, instead of ending the process.
 */
#include "abi/linux/errno.h"
#include "kernel/signal/queue.h"
#include "kernel/task/internal.h"
#include "kernel/time/clock.h"

bool task_unwanted(void)
{
	const struct thread *exec = __atomic_load_n(&init_process.exec_thread, __ATOMIC_ACQUIRE);

	return exec && exec != current;
}

static int alone_claim(struct process *p)
{
	LOCKED(&p->lock);
	if (p->exec_thread)
		return -EAGAIN;
	__atomic_store_n(&p->exec_thread, current, __ATOMIC_RELEASE);
	return 0;
}

/* Called again and again: a wake-up that the host loses must not hold us for ever. */
static bool alone_ask_others(struct process *p)
{
	LOCKED(&p->lock);
	LOCKED(&p->signal_lock);
	list_for_each(at, &p->threads) {
		struct thread *t = container_of(at, struct thread, process_link);

		if (t == current)
			continue;
		t->pending |= SIGBIT(SIGKILL);
		signal_kick(t);
	}
	return p->thread_count > 1;
}

#define ALONE_RETRY_NS 20000000

int task_alone(void)
{
	struct process *p = &init_process;
	int error = alone_claim(p);

	if (error)
		return error;
	while (alone_ask_others(p)) {
		const int64_t retry = clock_monotonic_ns() + ALONE_RETRY_NS;

		/* With work of our own, parking only gives way: others asked as often would never get to leave. */
		while (__atomic_load_n(&p->thread_count, __ATOMIC_ACQUIRE) > 1 &&
		       thread_park_uninterruptible(retry) != -ETIMEDOUT)
			;
	}
	LOCKED(&p->lock);
	current->tid = p->pid;
	__atomic_store_n(&p->exec_thread, NULL, __ATOMIC_RELEASE);
	return 0;
}
