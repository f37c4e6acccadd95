/*
 * What the generated stubs (hostcall_stubs.h) are made of: one straight line from the caller's arguments to EEXIT and
 * back, in which everything that a row says is a constant. Only they and border.c touch host memory:
 *
 *   - what is read there is read once, and what the kernel put there it never reads back;
 *   - it is read and written in whole aligned words of eight bytes (border.c says why).
 *
 * The window is used as a stack: a fault while program memory is copied out or in makes calls of its own, above the one
 * that it interrupted. So the head is written last on the way out and read first on the way in.
 */
#ifndef ADYTON_KERNEL_BORDER_STUB_H
#define ADYTON_KERNEL_BORDER_STUB_H

#include "abi/linux/errno.h"
#include "kernel/border/hostcall.h"
#include "kernel/entry/entry.h"
#include "kernel/kernel.h"
#include "kernel/syscall.h"

enum border_service { SYS, SYSB, OWN, OWNB, OWNI };
enum border_result { ZERO, FD, LEN, U31, POS, NEVER };

#define always_inline static inline __attribute__((always_inline))
#define border_apart __attribute__((noinline))

#define BORDER_ROOM (BORDER_SIZE - BORDER_BUFFER)
#define BORDER_ALIGN 63UL /* Linux copies faster to where a cache line begins */

/* Where an argument lies in the window. */
struct border_piece {
	uint64_t at, size;
};

/*
 * border.c; apart, so that a row is its straight line and no more. Copies between the window and the program's memory
 * or the kernel's: 0 or -EFAULT.
 */
int border_copy_out(uint64_t at, uint64_t from, uint64_t size) must_check border_apart;
int border_copy_in(uint64_t to, uint64_t at, uint64_t size) must_check border_apart;
int border_gather(uint64_t at, const struct iov *from, uint64_t size) must_check border_apart;
int border_scatter(const struct iov *to, uint64_t at, uint64_t size) must_check border_apart;
int border_out_string(struct border_piece *p, const char *s) must_check border_apart;
void border_take_signals(struct border *b) border_apart;
long border_cross_hidden(bool interruptible) border_apart;
long border_failure(long result, bool restarts) border_apart;

always_inline uint64_t border_begin(void)
{
	return current->border_used;
}

always_inline void border_end(uint64_t used)
{
	current->border_used = used;
}

/* Room in the window. -E2BIG where it does not fit and may not be cut. */
always_inline int border_reserve(struct border_piece *p, uint64_t size, bool cuts)
{
	struct thread *t = current;

	if (size > BORDER_CALL_MAX) {
		if (!cuts)
			return -E2BIG;
		size = BORDER_CALL_MAX;
	}
	if (size > BORDER_ROOM - t->border_used)
		return -E2BIG;
	p->at = (uint64_t)t->border + BORDER_BUFFER + t->border_used;
	p->size = size;
	t->border_used += (size + BORDER_ALIGN) & ~BORDER_ALIGN;
	return 0;
}

/* For what the host writes. The host sees 0 where there is no buffer. */
always_inline int border_room(struct border_piece *p, const void *buffer, uint64_t size, bool cuts)
{
	p->at = p->size = 0;
	return buffer ? border_reserve(p, size, cuts) : 0;
}

always_inline int border_out(struct border_piece *p, const void *buffer, uint64_t size, bool cuts)
{
	int error = border_room(p, buffer, size, cuts);

	return error || !buffer ? error : border_copy_out(p->at, (uint64_t)buffer, p->size);
}

always_inline int border_out_iov(struct border_piece *p, const struct iov *v, bool cuts)
{
	return border_reserve(p, v->total, cuts) ?: border_gather(p->at, v, p->size);
}

/* `size` is the row's own, or what the host says: then it was held against the piece's before. */
always_inline int border_in(void *buffer, const struct border_piece *p, uint64_t size)
{
	return buffer ? border_copy_in((uint64_t)buffer, p->at, size) : 0;
}

always_inline int border_in_iov(const struct iov *v, const struct border_piece *p, uint64_t size)
{
	return border_scatter(v, p->at, size);
}

always_inline long border_cross(bool interruptible)
{
	if (current->border_exposes)
		return border_cross_hidden(interruptible);
	return border_exit(EXIT_HOSTCALL, interruptible);
}

/* The host's answer, held against the row. */
always_inline long border_hold(long result, enum border_service service, enum border_result kind, uint64_t bound)
{
	const uint64_t most = kind == ZERO  ? 0 :
			      kind == FD    ? 1048575 :
			      kind == LEN   ? bound :
			      kind == U31   ? INT32_MAX : INT64_MAX;

	return (uint64_t)result <= most ? result : border_failure(result, service == SYSB || service == OWNB);
}

/* Out and back: the result that the row allows. `bound`: the size of the buffer that a LEN measures. */
always_inline long border_make(enum hostcall nr, enum border_service service, enum border_result kind, uint64_t bound,
			       uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	volatile struct border *w = current->border;

	w->nr = nr;
	w->slots[0] = a;
	w->slots[1] = b;
	w->slots[2] = c;
	w->slots[3] = d;
	w->slots[4] = e;
	w->slots[5] = f;
	if (border_cross(service != SYS && service != OWN))
		return service == OWNI ? -EINTR : -ERESTARTSYS;
	if (kind == NEVER)
		kernel_die("the host came back from call %u, which has no return", nr);
	if (w->signals)
		border_take_signals(current->border);
	return border_hold(w->result, service, kind, bound);
}

#endif
