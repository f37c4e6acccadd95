#include "abi/linux/errno.h"
#include "abi/linux/uio.h"
#include "base/mem.h"
#include "kernel/mm/user.h"

#define RW_MAX 0x7ffff000UL /* MAX_RW_COUNT: what one read or write moves at most */

static const struct piece *iov_piece(const struct iov *v, uint32_t i)
{
	return v->pieces ? &v->pieces[i] : &v->one;
}

static bool piece_kernel(uint64_t addr)
{
	return addr >= KERNEL_BASE && addr < KERNEL_END;
}

static int piece_put(uint64_t to, const void *from, size_t size)
{
	if (!piece_kernel(to))
		return copy_to_user(to, from, size);
	memcpy((void *)to, from, size);
	return 0;
}

static int piece_get(void *to, uint64_t from, size_t size)
{
	if (!piece_kernel(from))
		return copy_from_user(to, from, size);
	memcpy(to, (const void *)from, size);
	return 0;
}

/* Walk over [offset, offset+size): the next stretch that lies in one piece. */
static size_t iov_step(const struct iov *v, uint32_t *i, uint64_t *offset, size_t size, uint64_t *addr)
{
	uint64_t room;

	while (*i < v->count && *offset >= iov_piece(v, *i)->size) {
		*offset -= iov_piece(v, *i)->size;
		++*i;
	}
	if (*i >= v->count)
		return 0;
	*addr = iov_piece(v, *i)->addr + *offset;
	room = iov_piece(v, *i)->size - *offset;
	return size < room ? size : room;
}

int iov_put(const struct iov *v, uint64_t offset, const void *from, size_t size)
{
	uint32_t i = 0;
	uint64_t addr;

	while (size) {
		size_t n = iov_step(v, &i, &offset, size, &addr);
		int error = n ? piece_put(addr, from, n) : -EFAULT;

		if (error)
			return error;
		from = (const uint8_t *)from + n;
		offset += n;
		size -= n;
	}
	return 0;
}

int iov_get(const struct iov *v, uint64_t offset, void *to, size_t size)
{
	uint32_t i = 0;
	uint64_t addr;

	while (size) {
		size_t n = iov_step(v, &i, &offset, size, &addr);
		int error = n ? piece_get(to, addr, n) : -EFAULT;

		if (error)
			return error;
		to = (uint8_t *)to + n;
		offset += n;
		size -= n;
	}
	return 0;
}

uint64_t iov_span(const struct iov *v, uint64_t offset, size_t size)
{
	uint32_t i = 0;
	uint64_t addr = 0;

	return iov_step(v, &i, &offset, size, &addr) == size && size ? addr : 0;
}

int iov_from_user(struct iov *v, struct piece *space, uint64_t vec, uint64_t count)
{
	int error;

	_Static_assert(sizeof(struct piece) == sizeof(struct iovec), "one layout: an address and a length");
	if (count > UIO_MAXIOV)
		return -EINVAL;
	error = copy_from_user(space, vec, count * sizeof(*space));
	if (error)
		return error;
	*v = (struct iov){ .pieces = space, .count = (uint32_t)count };
	for (uint64_t i = 0; i < count; i++) {
		if ((int64_t)space[i].size < 0)
			return -EINVAL;
		if (!user_range_ok(space[i].addr, space[i].size))
			return -EFAULT;
		/* Beyond the limit Linux shortens instead of refusing. */
		if (space[i].size > RW_MAX - v->total)
			space[i].size = RW_MAX - v->total;
		v->total += space[i].size;
	}
	return 0;
}

void iov_slice(struct iov *to, struct piece *space, const struct iov *from, uint64_t skip, uint64_t size)
{
	uint32_t i = 0, n = 0;
	uint64_t addr, offset = skip, left = size;

	*to = (struct iov){ .pieces = space };
	while (left) {
		size_t step = iov_step(from, &i, &offset, left, &addr);

		if (!step)
			break;
		space[n++] = (struct piece){ addr, step };
		offset += step;
		left -= step;
		to->total += step;
	}
	to->count = n;
	if (n == 1) {
		to->one = space[0];
		to->pieces = NULL;
	}
}
