/* poll(2) and ppoll(2). */
#include "kernel/epoll/poll.h"
#include "kernel/epoll/timeout.h"
#include "kernel/mm/heap.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall.h"
#include "kernel/task/process.h"

static long poll_answer(const struct poll_set *s, struct pollfd *fds, uint64_t to)
{
	for (uint32_t i = 0; i < s->count; i++)
		fds[i].revents = (int16_t)s->entries[i].ready;
	return copy_to_user(to, fds, s->count * sizeof(*fds));
}

static long poll_with(struct pollfd *fds, uint64_t user, uint32_t count, int64_t deadline)
{
	uint64_t space[(POLL_SPACE + 7) / 8];
	struct poll_set s;
	long r = poll_set_init(&s, count, space);
	int error;

	if (r)
		return r;
	for (uint32_t i = 0; i < count; i++)
		poll_set_fill(&s, i, fds[i].fd, (uint16_t)fds[i].events, POLLNVAL);
	r = poll_run(&s, deadline);
	error = r < 0 ? 0 : (int)poll_answer(&s, fds, user);
	poll_set_end(&s);
	return error ? error : r;
}

static long poll_do(uint64_t user, uint32_t count, int64_t deadline)
{
	struct pollfd few[POLL_FEW], *fds = few;
	long r;

	if (count > init_process.limits[RLIMIT_NOFILE].rlim_cur)
		return -EINVAL;
	if (count > POLL_FEW)
		fds = heap_alloc(count * sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	r = copy_from_user(fds, user, count * sizeof(*fds));
	if (!r)
		r = poll_with(fds, user, count, deadline);
	if (fds != few)
		heap_free(fds);
	return r == -EINTR ? -ERESTARTNOHAND : r;
}

static long poll_on(const struct thread_restart *r)
{
	long result = poll_do(r->args[0], (uint32_t)r->args[1], r->deadline_ns);

	if (result != -ERESTARTNOHAND)
		return result;
	current->restart = *r;
	return -ERESTART_RESTARTBLOCK;
}

SYSCALL3(poll, uint64_t, fds, uint32_t, count, int, timeout)
{
	return poll_on(&(struct thread_restart){ .again = poll_on, .deadline_ns = timeout_from_ms(timeout),
						 .args = { fds, count } });
}

SYSCALL5(ppoll, uint64_t, fds, uint32_t, count, uint64_t, timeout, uint64_t, mask, uint64_t, mask_size)
{
	int64_t deadline;
	long r = timeout_from_timespec(timeout, &deadline);

	if (!r)
		r = signal_set_temporary_mask(mask, mask_size);
	if (r)
		return r;
	r = poll_do(fds, count, deadline);
	if (r != -ERESTARTNOHAND)
		signal_restore_mask_now();
	timeout_left_to_timespec(timeout, deadline);
	return r;
}
