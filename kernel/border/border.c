/*
 * Going out and coming back, for every row of abi/hostcall.def. The window of this thread in host memory is used as a
 * stack: a fault while program memory is copied out or in makes calls of its own, above the one that it interrupted.
 *
 * What is read from the window is read once. What the kernel puts there it never reads back.
 */
#include "abi/linux/errno.h"
#include "base/mem.h"
#include "cpu/enclu.h"
#include "kernel/border/border.h"
#include "kernel/border/hostcall.h"
#include "kernel/entry/entry.h"
#include "kernel/kernel.h"
#include "kernel/signal/signal.h"
#include "kernel/signal/xstate.h"
#include "kernel/syscall.h"

enum border_service { SYS, SYSB, OWN, OWNB, OWNI };
enum border_result { ZERO, FD, LEN, U31, POS, NEVER };

struct border_row {
	uint8_t service, result;
	char kinds[7];
};

#define R(name, service, result, kinds) [HOSTCALL_##name] = { service, result, kinds },
static const struct border_row border_rows[] = {
#include "hostcall_rows.h"
};
#undef R

#define BORDER_ROOM (BORDER_SIZE - BORDER_BUFFER)
#define BORDER_STRING_MAX 4096
#define ENCLU_FIRST_BYTE 0x0f
#define ERRNO_LAST 133 /* EHWPOISON, the last that Linux gives to programs */

/* One call being made: where its buffers lie, and the one buffer whose size bounds a LEN result. */
struct border_frame {
	const struct border_row *row;
	const struct border_arg *args;
	uint64_t at[6];   /* host address per argument */
	uint64_t size[6]; /* bytes of it in the window */
	uint64_t used;    /* of the window, before this call */
	uint64_t bound;
};

static bool border_cuts(const struct border_row *row)
{
	return row->result == LEN;
}

/* Room in the window for argument i; 8-byte aligned. -E2BIG where it does not fit and may not be cut. */
static int border_reserve(struct border_frame *f, int i, uint64_t size)
{
	struct thread *t = current;

	if (size > BORDER_CALL_MAX) {
		if (!border_cuts(f->row))
			return -E2BIG;
		size = BORDER_CALL_MAX;
	}
	if (size > BORDER_ROOM - t->border_used)
		return -E2BIG;
	f->at[i] = (uint64_t)t->border + BORDER_BUFFER + t->border_used;
	f->size[i] = size;
	t->border_used += (size + 7) & ~7UL;
	return 0;
}

/* Copy an argument that the host reads into the window. Its address says whose memory it is. */
static int border_copy_out(struct border_frame *f, int i)
{
	uint64_t from = f->args[i].value;
	void *to = (void *)f->at[i];

	if (from >= USER_TOP) {
		memcpy(to, (const void *)from, f->size[i]);
		return 0;
	}
	return copy_from_user(to, from, f->size[i]);
}

static int border_copy_in(struct border_frame *f, int i, uint64_t size)
{
	uint64_t to = f->args[i].value;
	const void *from = (const void *)f->at[i];

	if (to >= USER_TOP) {
		memcpy((void *)to, from, size);
		return 0;
	}
	return copy_to_user(to, from, size);
}

static int border_out_string(struct border_frame *f, int i)
{
	uint64_t size = strnlen((const char *)f->args[i].value, BORDER_STRING_MAX) + 1;
	int error = size > BORDER_STRING_MAX ? -ENAMETOOLONG : border_reserve(f, i, size);

	return error ? error : border_copy_out(f, i);
}

/* Lay argument i out in the window and add its slots. */
static int border_out(struct border_frame *f, int i, uint64_t **slot)
{
	const struct border_arg *arg = &f->args[i];
	char kind = f->row->kinds[i];
	const struct iov *v = (const struct iov *)arg->value;
	int error = 0;

	if (kind == 'V') {
		*(*slot)++ = arg->value;
		return 0;
	}
	f->at[i] = f->size[i] = 0;
	if (kind == 'S')
		error = arg->value ? border_out_string(f, i) : 0;
	else if (arg->value)
		error = border_reserve(f, i, arg->size);
	if (error)
		return error;
	if (kind == 'G')
		error = iov_get(v, 0, (void *)f->at[i], f->size[i]);
	else if ((kind == 'I' || kind == 'B' || kind == 'T' || kind == 'D') && arg->value)
		error = border_copy_out(f, i);
	*(*slot)++ = f->at[i];
	if (kind == 'I' || kind == 'O' || kind == 'B' || kind == 'G' || kind == 'C') {
		*(*slot)++ = f->size[i];
		f->bound = f->size[i];
	}
	return error;
}

/*
 * Take back what the host wrote: fixed structures whole, buffers as far as the result says (all of it where that is not
 * a length).
 */
static int border_in(struct border_frame *f, int i, uint64_t result)
{
	uint64_t size = border_cuts(f->row) && result < f->size[i] ? result : f->size[i];

	if (!f->args[i].value)
		return 0;
	switch (f->row->kinds[i]) {
	case 'U':
	case 'D':
		return border_copy_in(f, i, f->size[i]);
	case 'O':
	case 'B':
		return border_copy_in(f, i, size);
	case 'C':
		return iov_put((const struct iov *)f->args[i].value, 0, (const void *)f->at[i], size);
	}
	return 0;
}

/* The host's answer, held against the row. */
static long border_check_result(const struct border_frame *f, long result)
{
	static const long most[] = {
		[ZERO] = 0, [FD] = 1048575, [LEN] = 0, [U31] = INT32_MAX, [POS] = INT64_MAX, [NEVER] = -1
	};

	if (result < 0) {
		if (result < -ERRNO_LAST)
			return -EIO;
		if (result == -EINTR && (f->row->service == SYSB || f->row->service == OWNB))
			return -ERESTARTSYS;
		return result;
	}
	if (f->row->result == LEN)
		return (uint64_t)result <= f->bound ? result : -EIO;
	return result <= most[f->row->result] ? result : -EIO;
}

/* Signals that the host noted while this thread was out. */
static void border_take_signals(struct border *b)
{
	uint64_t set = __atomic_load_n(&b->signals, __ATOMIC_RELAXED);

	if (!set)
		return;
	set = __atomic_exchange_n(&b->signals, 0, __ATOMIC_ACQUIRE);
	for (int signal = 1; signal <= 64; signal++)
		if (set & SIGBIT(signal))
			signal_from_host(signal);
}

/*
 * On silicon the host finds in the vector registers what the program left there, and may leave there what it likes. The
 * software processor's host half uses none, and is no further from the program than the processor itself: its stub page
 * tells which one this is, and nobody outside could change that page.
 */
static bool border_exposes_vectors(void)
{
	return enclu_page[0] == ENCLU_FIRST_BYTE;
}

static long border_cross(bool interruptible)
{
	void *area = thread_vectors(current);
	long result;

	if (!border_exposes_vectors())
		return border_exit(EXIT_HOSTCALL, interruptible);
	xstate_hide(area);
	result = border_exit(EXIT_HOSTCALL, interruptible);
	xstate_show(area);
	return result;
}

static long border_leave(const struct border_frame *f, enum hostcall nr, const uint64_t slots[6])
{
	volatile struct border *b = current->border;
	bool interruptible = f->row->service == SYSB || f->row->service == OWNB || f->row->service == OWNI;

	b->nr = nr;
	for (int i = 0; i < 6; i++)
		b->slots[i] = slots[i];
	if (border_cross(interruptible) == -EINTR)
		return f->row->service == OWNI ? -EINTR : -ERESTARTSYS;
	border_take_signals(current->border);
	return border_check_result(f, (long)b->result);
}

static long border_run(struct border_frame *f, enum hostcall nr)
{
	uint64_t slots[6] = { 0 }, *slot = slots;
	long result;
	int error = 0;

	for (int i = 0; f->row->kinds[i] && !error; i++)
		error = border_out(f, i, &slot);
	if (error)
		return error;
	result = border_leave(f, nr, slots);
	for (int i = 0; result >= 0 && f->row->kinds[i] && !error; i++)
		error = border_in(f, i, (uint64_t)result);
	return error ? error : result;
}

long border_call(enum hostcall nr, const struct border_arg *args)
{
	struct border_frame f;
	long result;

	/* Field by field: clearing the arrays would cost as much as the way out. */
	f.row = &border_rows[nr];
	f.args = args;
	f.used = current->border_used;
	f.bound = 0;
	result = border_run(&f, nr);

	if (f.row->result == NEVER)
		kernel_die("the host came back from call %u, which has no return", nr);
	current->border_used = f.used;
	return result;
}

bool border_address_ok(uint64_t address, uint64_t size)
{
	return address >= ELRANGE_SIZE && address < (1UL << 47) && size <= (1UL << 47) - address;
}

int border_set(struct thread *t, uint64_t address, uint64_t size)
{
	if (!border_address_ok(address, size) || (address & PAGE_MASK) || size < BORDER_SIZE)
		return -EINVAL;
	t->border = (struct border *)address;
	t->border_used = 0;
	t->slot = ((volatile struct border *)t->border)->slot;
	return 0;
}

int border_read(void *to, uint64_t address, uint64_t size)
{
	if (!border_address_ok(address, size))
		return -EFAULT;
	memcpy(to, (const void *)address, size);
	return 0;
}
