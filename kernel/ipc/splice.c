/*
 * splice(2), tee(2), vmsplice(2): no pages change hands, the bytes go through a buffer. What was taken from a pipe is
 * written in full before the next piece; a failure in between loses nothing that the caller was not told about.
 */
#include "abi/linux/uio.h"
#include "kernel/ipc/pipe.h"
#include "kernel/ipc/sleep.h"
#include "kernel/mm/heap.h"

#define SPLICE_PIECE 65536U
#define SPLICE_FLAGS (SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)

struct splice {
	struct file *in, *out;
	struct pipe *pipe_in, *pipe_out;
	int64_t *in_pos, *out_pos; /* NULL: the file's own */
	uint8_t *buffer;
	bool nonblock;
};

static long splice_read_file(struct file *f, struct iov *v, int64_t *pos)
{
	long r;

	if (!f->ops->read)
		return -EINVAL;
	if (pos || !f->ops->positioned)
		return f->ops->read(f, v, pos);
	lock_acquire(&f->pos_lock);
	r = f->ops->read(f, v, &f->pos);
	lock_release(&f->pos_lock);
	return r;
}

static long splice_write_file(struct file *f, struct iov *v, int64_t *pos)
{
	long r;

	if (!f->ops->write)
		return -EINVAL;
	if (pos || !f->ops->positioned)
		return f->ops->write(f, v, pos);
	lock_acquire(&f->pos_lock);
	r = f->ops->write(f, v, &f->pos);
	lock_release(&f->pos_lock);
	return r;
}

/* Bytes of one piece from a pipe to a file or pipe: looked at first, taken when they have arrived. */
static long splice_out(struct splice *s, uint32_t size)
{
	long n = pipe_peek_kernel(s->in, s->buffer, size, s->nonblock), r;
	struct iov v;

	if (n <= 0)
		return n;
	v = IOV_KERNEL(s->buffer, (uint64_t)n);
	r = s->pipe_out ? pipe_write_iov(s->out, &v, s->nonblock) : splice_write_file(s->out, &v, s->out_pos);
	return r > 0 ? pipe_read_kernel(s->in, s->buffer, (size_t)r, true) : r;
}

/* One piece from a file to a pipe: no more is read than the pipe has room for. */
static long splice_in(struct splice *s, uint32_t size)
{
	long room = pipe_wait_room(s->out, s->nonblock), n;
	struct iov v;

	if (room < 0)
		return room;
	v = IOV_KERNEL(s->buffer, (uint64_t)room < size ? (uint64_t)room : size);
	n = splice_read_file(s->in, &v, s->in_pos);
	if (n <= 0)
		return n;
	v = IOV_KERNEL(s->buffer, (uint64_t)n);
	return pipe_write_iov(s->out, &v, false);
}

static long splice_run(struct splice *s, uint64_t size)
{
	uint64_t done = 0;

	while (done < size) {
		uint32_t piece = size - done < SPLICE_PIECE ? (uint32_t)(size - done) : SPLICE_PIECE;
		long n;

		if (done)
			s->nonblock = true; /* it moved something: waiting for more is the next call's */
		n = s->pipe_in ? splice_out(s, piece) : splice_in(s, piece);
		if (n <= 0)
			return done ? (long)done : n;
		done += (uint64_t)n;
		if ((uint64_t)n < piece)
			break;
	}
	return (long)done;
}

/* Offsets are for files that have them: -ESPIPE for pipes, -EINVAL for what cannot seek. */
static int splice_offset(const struct file *f, bool is_pipe, uint64_t user, int64_t *value, int64_t **pos)
{
	if (!user)
		return 0;
	if (is_pipe)
		return -ESPIPE;
	if (!f->ops->seek)
		return -EINVAL;
	*pos = value;
	if (get_user_u64((uint64_t *)value, user))
		return -EFAULT;
	return *value < 0 ? -EINVAL : 0;
}

static int splice_check(struct splice *s)
{
	if ((s->in->flags & O_ACCMODE) == O_WRONLY || (s->out->flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	if (!s->pipe_in && !s->pipe_out)
		return -EINVAL;
	if (s->pipe_in && s->pipe_in == s->pipe_out)
		return -EINVAL;
	return s->out->flags & O_APPEND ? -EINVAL : 0;
}

static long splice_buffered(struct splice *s, uint64_t size)
{
	long r;

	s->buffer = heap_pages(SPLICE_PIECE / PAGE_SIZE);
	if (!s->buffer)
		return -ENOMEM;
	r = splice_run(s, size);
	heap_pages_free(s->buffer, SPLICE_PIECE / PAGE_SIZE);
	return r;
}

SYSCALL6(splice, int, in, uint64_t, in_off, int, out, uint64_t, out_off, uint64_t, size, uint32_t, flags)
{
	_cleanup_file_ struct file *from = fd_get(in);
	_cleanup_file_ struct file *to = fd_get(out);
	struct splice s = { .in = from, .out = to, .pipe_in = pipe_of(from), .pipe_out = pipe_of(to) };
	int64_t in_pos = 0, out_pos = 0;
	long r;

	if (!size)
		return 0;
	if (flags & ~(uint32_t)SPLICE_FLAGS)
		return -EINVAL;
	if (!from || !to)
		return -EBADF;
	r = splice_check(&s);
	if (!r)
		r = splice_offset(from, s.pipe_in, in_off, &in_pos, &s.in_pos);
	if (!r)
		r = splice_offset(to, s.pipe_out, out_off, &out_pos, &s.out_pos);
	if (r)
		return r;
	s.nonblock = flags & SPLICE_F_NONBLOCK || (s.pipe_in && file_nonblocking(from)) ||
		     (s.pipe_out && file_nonblocking(to));
	r = splice_buffered(&s, size);
	if (r > 0 && s.in_pos && put_user_u64(in_off, (uint64_t)in_pos))
		r = -EFAULT;
	if (r > 0 && s.out_pos && put_user_u64(out_off, (uint64_t)out_pos))
		r = -EFAULT;
	return r;
}

static long tee_do(struct file *from, struct file *to, uint64_t size, bool nonblock)
{
	uint32_t piece = size < SPLICE_PIECE ? (uint32_t)size : SPLICE_PIECE;
	uint8_t *buffer = heap_pages(SPLICE_PIECE / PAGE_SIZE);
	long n;

	if (!buffer)
		return -ENOMEM;
	n = pipe_peek_kernel(from, buffer, piece, nonblock);
	if (n > 0) {
		struct iov v = IOV_KERNEL(buffer, (uint64_t)n);

		n = pipe_write_iov(to, &v, nonblock);
	}
	heap_pages_free(buffer, SPLICE_PIECE / PAGE_SIZE);
	return n;
}

SYSCALL4(tee, int, in, int, out, uint64_t, size, uint32_t, flags)
{
	_cleanup_file_ struct file *from = fd_get(in);
	_cleanup_file_ struct file *to = fd_get(out);

	if (flags & ~(uint32_t)SPLICE_FLAGS)
		return -EINVAL;
	if (!size)
		return 0;
	if (!from || !to || (from->flags & O_ACCMODE) == O_WRONLY || (to->flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	if (!pipe_of(from) || !pipe_of(to) || pipe_of(from) == pipe_of(to))
		return -EINVAL;
	return tee_do(from, to, size, flags & SPLICE_F_NONBLOCK);
}

static long vmsplice_do(struct file *f, uint64_t vec, uint64_t count, uint32_t flags)
{
	struct piece few[8], *space = few;
	struct iov v;
	long r;

	if (count > UIO_MAXIOV)
		return -EINVAL;
	if (count > 8)
		space = heap_alloc(count * sizeof(*space));
	if (!space)
		return -ENOMEM;
	r = iov_from_user(&v, space, vec, count);
	if (!r && (f->flags & O_ACCMODE) == O_RDONLY)
		r = f->ops->read(f, &v, NULL);
	else if (!r)
		r = pipe_write_iov(f, &v, flags & SPLICE_F_NONBLOCK || file_nonblocking(f));
	if (space != few)
		heap_free(space);
	return r;
}

SYSCALL4(vmsplice, int, fd, uint64_t, vec, uint64_t, count, uint32_t, flags)
{
	_cleanup_file_ struct file *f = fd_get(fd);

	if (flags & ~(uint32_t)SPLICE_FLAGS)
		return -EINVAL;
	if (!f || !pipe_of(f))
		return -EBADF;
	return vmsplice_do(f, vec, count, flags);
}
