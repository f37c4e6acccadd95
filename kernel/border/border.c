/*
 * The stubs of all rows of abi/hostcall.def, the parts that they do not hold themselves, and the few other looks at
 * host memory.
 *
 * Whole words. A host can let an enclave address the registers of a device instead of memory. Stores of less than eight
 * aligned bytes may then carry stale data out with them (INTEL-SA-00615), and loads of less may bring stale data in
 * (INTEL-SA-00657). Whole aligned words have neither problem and need no VERW around them. So pieces lie aligned in the
 * window, have room to the next word, and the last word is filled up inside before it goes out.
 */
#include "base/mem.h"
#include "cpu/enclu.h"
#include "kernel/border/border.h"
#include "kernel/border/stub.h"
#include "kernel/kernel.h"
#include "kernel/signal/signal.h"
#include "kernel/signal/xstate.h"

#define BORDER_STRING_MAX 4096
#define BORDER_BOUNCE 1024
#define BORDER_WORD 7UL
#define ENCLU_FIRST_BYTE 0x0f
#define ERRNO_LAST 133 /* EHWPOISON, the last that Linux gives to programs */

/* The program's memory, or the kernel's own: its address tells. */
static bool border_inside(uint64_t address, uint64_t size)
{
	return user_range_ok(address, size) || (address >= KERNEL_BASE && address < KERNEL_END);
}

int border_copy_out(uint64_t at, uint64_t from, uint64_t size)
{
	return border_inside(from, size) ? (int)user_words_out(at, from, size) : -EFAULT;
}

int border_copy_in(uint64_t to, uint64_t at, uint64_t size)
{
	return border_inside(to, size) ? (int)user_words_in(to, at, size) : -EFAULT;
}

/* Several pieces meet inside words: those go through memory of ours. */
static int border_gather_pieces(uint64_t at, const struct iov *from, uint64_t size)
{
	uint64_t bounce[BORDER_BOUNCE / 8];
	int error = 0;

	for (uint64_t done = 0; done < size && !error; done += BORDER_BOUNCE) {
		uint64_t n = size - done < BORDER_BOUNCE ? size - done : BORDER_BOUNCE;

		error = iov_get(from, done, bounce, n) ?: border_copy_out(at + done, (uint64_t)bounce, n);
	}
	return error;
}

static int border_scatter_pieces(const struct iov *to, uint64_t at, uint64_t size)
{
	uint64_t bounce[BORDER_BOUNCE / 8];
	int error = 0;

	for (uint64_t done = 0; done < size && !error; done += BORDER_BOUNCE) {
		uint64_t n = size - done < BORDER_BOUNCE ? size - done : BORDER_BOUNCE;

		error = border_copy_in((uint64_t)bounce, at + done, n) ?: iov_put(to, done, bounce, n);
	}
	return error;
}

int border_gather(uint64_t at, const struct iov *from, uint64_t size)
{
	return from->pieces ? border_gather_pieces(at, from, size) : border_copy_out(at, from->one.addr, size);
}

int border_scatter(const struct iov *to, uint64_t at, uint64_t size)
{
	return to->pieces ? border_scatter_pieces(to, at, size) : border_copy_in(to->one.addr, at, size);
}

int border_out_string(struct border_piece *p, const char *s)
{
	uint64_t size = s ? strnlen(s, BORDER_STRING_MAX) + 1 : 0;

	if (size > BORDER_STRING_MAX)
		return -ENAMETOOLONG;
	return border_out(p, s, size, false);
}

/* Signals that the host noted while this thread was out. */
void border_take_signals(struct border *b)
{
	uint64_t set = __atomic_exchange_n(&b->signals, 0, __ATOMIC_ACQUIRE);

	for (int signal = 1; signal <= 64; signal++)
		if (set & SIGBIT(signal))
			signal_from_host(signal);
}

/*
 * On silicon the host finds in the vector registers what the program left there, and may leave there what it likes. The
 * software processor's host half uses none, and is no further from the program than the processor itself: its stub page
 * tells which one this is, and nobody outside could change that page.
 */
long border_cross_hidden(bool interruptible)
{
	void *area = thread_vectors(current);
	long result;

	xstate_hide(area);
	result = border_exit(EXIT_HOSTCALL, interruptible);
	xstate_show(area);
	return result;
}

/* A result that is no success of the row: an errno of Linux, or the host's lie. */
long border_failure(long result, bool restarts)
{
	if (result >= 0 || result < -ERRNO_LAST)
		return -EIO;
	return result == -EINTR && restarts ? -ERESTARTSYS : result;
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
	t->border_exposes = enclu_page[0] == ENCLU_FIRST_BYTE;
	t->slot = (uint32_t)((volatile struct border *)t->border)->slot;
	return 0;
}

int border_read(void *to, uint64_t address, uint64_t size)
{
	if (!border_address_ok(address, size) || address & BORDER_WORD)
		return -EFAULT;
	return border_copy_in((uint64_t)to, address, size);
}

#include "hostcall_stubs.h"
