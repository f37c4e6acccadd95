/* select(2) and pselect6(2): sets of bits, turned into the entries that poll waits for. */
#include "kernel/epoll/poll.h"
#include "kernel/epoll/timeout.h"
#include "kernel/mm/heap.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall.h"

/* What readiness sets a bit in each of the three sets (Linux fs/select.c has the same three). */
static const uint32_t select_events[3] = {
	POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR,
	POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR,
	POLLPRI,
};

#define SELECT_MAX (1 << 20)
#define SELECT_WORDS(n) (((uint32_t)(n) + 63) / 64)

struct select {
	uint32_t n, words;
	uint64_t user[3]; /* 0: not given */
	uint64_t *bits[3];
};

static uint32_t select_wanted(const struct select *s, uint32_t fd)
{
	uint32_t wanted = 0;

	for (int i = 0; i < 3; i++)
		if (s->bits[i][fd / 64] >> (fd % 64) & 1)
			wanted |= select_events[i];
	return wanted;
}

static uint32_t select_count(const struct select *s)
{
	uint32_t count = 0;

	for (uint32_t fd = 0; fd < s->n; fd++)
		count += select_wanted(s, fd) != 0;
	return count;
}

/* -EBADF when a descriptor in a set is not open. */
static int select_fill(const struct select *s, struct poll_set *set)
{
	uint32_t at = 0;
	int error = 0;

	for (uint32_t fd = 0; fd < s->n; fd++) {
		uint32_t wanted = select_wanted(s, fd);

		if (!wanted)
			continue;
		poll_set_fill(set, at, (int)fd, wanted, POLLNVAL);
		if (!set->entries[at++].file)
			error = -EBADF;
	}
	return error;
}

/* Keep the bits of what is ready; returns how many stay. */
static long select_take(struct select *s, const struct poll_set *set)
{
	uint32_t at = 0;
	long bits = 0;

	for (uint32_t fd = 0; fd < s->n; fd++) {
		uint64_t bit = 1UL << (fd % 64);
		uint32_t ready;

		if (!select_wanted(s, fd))
			continue;
		ready = set ? set->entries[at++].ready : 0;
		for (int i = 0; i < 3; i++) {
			if (!(ready & select_events[i]))
				s->bits[i][fd / 64] &= ~bit;
			bits += (s->bits[i][fd / 64] & bit) != 0;
		}
	}
	return bits;
}

static long select_run(struct select *s, int64_t deadline)
{
	uint64_t space[(POLL_SPACE + 7) / 8];
	struct poll_set set;
	long r = poll_set_init(&set, select_count(s), space);

	if (r)
		return r;
	r = select_fill(s, &set);
	if (!r)
		r = poll_run(&set, deadline);
	if (r >= 0)
		r = select_take(s, r ? &set : NULL);
	poll_set_end(&set);
	return r;
}

/* The sets' last bits beyond n are not ours to look at. */
static int select_read(struct select *s)
{
	for (int i = 0; i < 3; i++) {
		if (s->user[i] && copy_from_user(s->bits[i], s->user[i], s->words * sizeof(uint64_t)))
			return -EFAULT;
	}
	return 0;
}

static int select_write(const struct select *s)
{
	for (int i = 0; i < 3; i++) {
		if (s->user[i] && copy_to_user(s->user[i], s->bits[i], s->words * sizeof(uint64_t)))
			return -EFAULT;
	}
	return 0;
}

static long select_do(int n, uint64_t in, uint64_t out, uint64_t except, int64_t deadline)
{
	struct select s = { .user = { in, out, except } };
	uint64_t few[3 * SELECT_WORDS(256)] = { 0 }, *bits = few;
	long r;

	if (n < 0)
		return -EINVAL;
	s.n = n < SELECT_MAX ? (uint32_t)n : SELECT_MAX;
	s.words = SELECT_WORDS(s.n);
	if (s.n > 256)
		bits = heap_alloc(3UL * s.words * sizeof(*bits));
	if (!bits)
		return -ENOMEM;
	for (uint32_t i = 0; i < 3; i++)
		s.bits[i] = bits + i * s.words;
	r = select_read(&s);
	if (!r)
		r = select_run(&s, deadline);
	if (r >= 0 && select_write(&s))
		r = -EFAULT;
	if (bits != few)
		heap_free(bits);
	return r == -EINTR ? -ERESTARTNOHAND : r;
}

SYSCALL5(select, int, n, uint64_t, in, uint64_t, out, uint64_t, except, uint64_t, timeout)
{
	int64_t deadline;
	long r = timeout_from_timeval(timeout, &deadline);

	if (r)
		return r;
	r = select_do(n, in, out, except, deadline);
	timeout_left_to_timeval(timeout, deadline);
	return r;
}

/* The sixth argument points at { address of the mask, its size }. */
SYSCALL6(pselect6, int, n, uint64_t, in, uint64_t, out, uint64_t, except, uint64_t, timeout, uint64_t, mask)
{
	uint64_t mask_arg[2] = { 0 };
	int64_t deadline;
	long r = timeout_from_timespec(timeout, &deadline);

	if (!r && mask)
		r = copy_from_user(mask_arg, mask, sizeof(mask_arg));
	if (!r)
		r = signal_set_temporary_mask(mask_arg[0], mask_arg[1]);
	if (r)
		return r;
	r = select_do(n, in, out, except, deadline);
	if (r != -ERESTARTNOHAND)
		signal_restore_mask_now();
	timeout_left_to_timespec(timeout, deadline);
	return r;
}
