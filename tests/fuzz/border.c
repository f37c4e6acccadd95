/*
 * A host call and every answer to it. Input: the row, whether the program's or the kernel's memory is meant, buffer
 * sizes, then what the host leaves in the window, its result first. Nothing outside the caller's buffers may change,
 * and the result is one that the row allows.
 */
#undef _GNU_SOURCE
#include "tests/fuzz/kernel.h"

#include <string.h>

#include "abi/linux/errno.h"
#include "kernel/mm/heap.h"
#include "kernel/task/thread.h"

static struct thread fuzz_thread;
#undef current
#define current (&fuzz_thread)
#undef KERNEL_END
#define KERNEL_END UINT64_MAX /* all that this process has stands for memory of the kernel */
#include "kernel/border/border.c"

#define R(name, service, result, kinds) { result, kinds },
static const struct border_row {
	uint8_t result;
	char kinds[7];
} border_rows[] = {
#include "hostcall_rows.h"
};
#undef R

#define BUFFER_MAX 4096
#define GUARD 64

static const uint8_t *fuzz_data;
static size_t fuzz_left;
static uint8_t fuzz_window_bytes[BORDER_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct border *const fuzz_window = (struct border *)fuzz_window_bytes;

const char enclu_page[1] = { 0x0f };

static uint64_t fuzz_take(size_t size)
{
	uint64_t value = 0;
	size_t n = size < fuzz_left ? size : fuzz_left;

	memcpy(&value, fuzz_data, n);
	fuzz_data += n;
	fuzz_left -= n;
	return value;
}

long border_exit(uint64_t why, uint64_t interruptible)
{
	bool interrupted = fuzz_take(1) == 0xff;

	(void)why;
	for (int i = 0; i < 6; i++) {
		uint64_t slot = fuzz_window->slots[i];

		fuzz_check(slot - (uint64_t)&fuzz_thread >= sizeof(fuzz_thread), "no address of the kernel goes out");
	}
	if (interrupted && interruptible)
		return -EINTR;
	memset(fuzz_window, (int)fuzz_take(1), BORDER_BUFFER + 3 * BUFFER_MAX);
	fuzz_window->result = (int64_t)fuzz_take(8);
	fuzz_window->signals = fuzz_take(8);
	memcpy((uint8_t *)fuzz_window + BORDER_BUFFER, fuzz_data, fuzz_left < BUFFER_MAX ? fuzz_left : BUFFER_MAX);
	return 0;
}

void signal_from_host(int sig)
{
	fuzz_check(sig >= 1 && sig <= 64, "a signal is one");
}

void xstate_hide(void *area)
{
	(void)area;
}

void xstate_show(const void *area)
{
	(void)area;
}

int iov_put(const struct iov *v, uint64_t offset, const void *from, size_t size)
{
	fuzz_check(offset + size <= v->total, "no more is scattered than there is room for");
	memcpy((uint8_t *)v->one.addr + offset, from, size);
	return 0;
}

int iov_get(const struct iov *v, uint64_t offset, void *to, size_t size)
{
	fuzz_check(offset + size <= v->total, "no more is gathered than there is");
	memcpy(to, (const uint8_t *)v->one.addr + offset, size);
	return 0;
}

/* An argument with a buffer of its own between guards. */
struct fuzz_argument {
	uint8_t *memory;
	size_t size;
	struct iov v;
};

static struct border_arg argument_make(struct fuzz_argument *a, char kind)
{
	a->size = fuzz_take(2) % BUFFER_MAX;
	a->memory = heap_alloc(a->size + 2 * GUARD);
	memset(a->memory, 0xa5, a->size + 2 * GUARD);
	if (kind == 'S') {
		memset(a->memory + GUARD, 's', a->size);
		a->memory[GUARD + a->size] = 0;
	}
	a->v = IOV_KERNEL(a->memory + GUARD, a->size);
	if (kind == 'V')
		return (struct border_arg){ .value = fuzz_take(8) };
	return (struct border_arg){ .value = kind == 'G' || kind == 'C' ? (uint64_t)&a->v : (uint64_t)a->memory + GUARD,
				    .size = a->size };
}

static void argument_look(struct fuzz_argument *a, char kind)
{
	for (size_t i = 0; i < GUARD; i++)
		fuzz_check(a->memory[i] == 0xa5 && (a->memory[GUARD + a->size + i] == 0xa5 || (kind == 'S' && !i)),
			   "only the caller's buffer changes");
}

static bool result_allowed(long result, const struct border_row *row, uint64_t bound)
{
	if (result < 0)
		return result >= -ERRNO_LAST || result == -ERESTARTSYS;
	return row->result == ZERO  ? result == 0
	       : row->result == FD  ? result <= 1048575
	       : row->result == LEN ? (uint64_t)result <= bound
	       : row->result == U31 ? result <= INT32_MAX
				    : row->result == POS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_argument arguments[6] = { 0 };
	struct border_arg args[6];
	const struct border_row *row;
	enum hostcall nr;
	volatile uint64_t bound = 0;
	volatile int count;

	memset(fuzz_window, 0, sizeof(*fuzz_window));
	fuzz_data = data;
	fuzz_left = size;
	fuzz_thread = (struct thread){ .border = fuzz_window };
	nr = (enum hostcall)(fuzz_take(1) % HOSTCALL_COUNT);
	row = &border_rows[nr];
	for (count = 0; row->kinds[count]; count++) {
		args[count] = argument_make(&arguments[count], row->kinds[count]);
		if (strchr("IOBGC", row->kinds[count]))
			bound = arguments[count].size;
	}
	if (!setjmp(fuzz_died)) {
		long result = border_call(nr, args);

		fuzz_check(result_allowed(result, row, bound), "the result is one of the row's");
		fuzz_check(!fuzz_thread.border_used, "the window is given back");
	}
	for (int i = 0; i < count; i++)
		argument_look(&arguments[i], row->kinds[i]);
	fuzz_heap_clear();
	return 0;
}
