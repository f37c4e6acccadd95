/*
 * From one file to another: sendfile, copy_file_range. Between files of the host the host moves the bytes, which it
 * knows anyway, and nothing comes into the enclave; all others go through a buffer of ours.
 */
#include "kernel/border/hostcall.h"
#include "kernel/fs/sizelimit.h"
#include "kernel/fs/vfs.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/mm.h"
#include "kernel/syscall.h"

#define COPY_BUFFER (64 * KIB)

/* One side of a copy. */
struct copy_end {
	struct file *file;
	uint64_t user; /* where the program keeps the offset; 0: the file's own position */
	int64_t pos;
};

static bool copy_by_host(const struct copy_end *in, const struct copy_end *out)
{
	return in->file->ops->hosted && out->file->ops->hosted && !sizelimit_set();
}

/* The offset that the program gave. */
static int copy_begin(struct copy_end *e)
{
	if (!e->user)
		return 0;
	if (get_user_u64((uint64_t *)&e->pos, e->user))
		return -EFAULT;
	return e->pos < 0 ? -EINVAL : 0;
}

/* The program learns how far it went. */
static long copy_end(const struct copy_end *e, long done)
{
	if (done <= 0 || !e->user)
		return done;
	return put_user_u64(e->user, (uint64_t)(e->pos + done)) ? -EFAULT : done;
}

/* The file's own position, for a copy that goes through us. */
static int copy_own_begin(struct copy_end *e)
{
	long at = e->user ? e->pos : e->file->ops->seek(e->file, 0, SEEK_CUR);

	e->pos = at;
	return at < 0 ? (int)at : 0;
}

static long copy_own_end(const struct copy_end *e, long done)
{
	long at = e->user || done <= 0 ? 0 : e->file->ops->seek(e->file, e->pos + done, SEEK_SET);

	return at < 0 ? at : done;
}

/* out->user and out->pos count only where `out_positioned`: otherwise it is written as write(2) does. */
static long copy_loop(const struct copy_end *in, const struct copy_end *out, bool out_positioned, uint64_t size,
		      uint8_t *buffer, uint64_t room)
{
	int64_t from = in->pos, to = out->pos;
	uint64_t total = 0;
	long n = 0, got;

	while (total < size) {
		struct iov v = IOV_KERNEL(buffer, size - total < room ? size - total : room);
		int64_t at = from;

		got = n = file_read(in->file, &v, &at);
		if (n <= 0)
			break;
		v = IOV_KERNEL(buffer, (uint64_t)n);
		n = file_write(out->file, &v, out_positioned ? &to : NULL);
		if (n <= 0)
			break;
		from += n;
		total += (uint64_t)n;
		if (n < got)
			break;
	}
	return total ? (long)total : n;
}

static long copy_through(struct copy_end *in, struct copy_end *out, bool out_positioned, uint64_t size)
{
	uint64_t room = size < COPY_BUFFER ? size : COPY_BUFFER;
	int error = copy_own_begin(in);
	uint8_t *buffer;
	long done;

	if (!error && out_positioned)
		error = copy_own_begin(out);
	if (error)
		return error;
	buffer = heap_alloc(room);
	if (!buffer)
		return -ENOMEM;
	done = copy_loop(in, out, out_positioned, size, buffer, room);
	heap_free(buffer);
	done = copy_own_end(in, done);
	return out_positioned ? copy_own_end(out, done) : done;
}

/* What shared mappings of these files hold and what the host has become the same, before and after. */
static void copy_host_before(const struct copy_end *in, const struct copy_end *out, uint64_t size)
{
	mm_file_before(in->file, in->user ? (uint64_t)in->pos : 0, in->user ? size : INT64_MAX);
	mm_file_before(out->file, out->user ? (uint64_t)out->pos : 0, out->user ? size : INT64_MAX);
}

static long copy_host_after(const struct copy_end *out, uint64_t size, long done)
{
	mm_file_written(out->file, out->user ? (uint64_t)out->pos : 0, out->user ? size : INT64_MAX);
	return done > 0 && (uint64_t)done > size ? -EIO : done;
}

static long sendfile_by_host(const struct copy_end *in, const struct copy_end *out, uint64_t size)
{
	const struct loff pos = { in->pos };

	copy_host_before(in, out, size);
	return copy_host_after(out, size, host_sendfile(out->file->host_fd, in->file->host_fd, in->user ? &pos : NULL,
							(long)size));
}

static int sendfile_check(const struct file *in, const struct file *out, uint64_t offset)
{
	if (!in || !out || !file_readable(in) || !file_writable(out))
		return -EBADF;
	if (!in->ops->seek)
		return offset ? -ESPIPE : -EINVAL;
	return out->flags & O_APPEND ? -EINVAL : 0;
}

SYSCALL4(sendfile, int, out_fd, int, in_fd, uint64_t, offset, uint64_t, size)
{
	_cleanup_file_ struct file *from = fd_get_opened(in_fd), *to = fd_get_opened(out_fd);
	struct copy_end in = { .file = from, .user = offset }, out = { .file = to };
	int error = sendfile_check(from, to, offset) ?: copy_begin(&in);

	if (error)
		return error;
	if (size > RW_MAX)
		size = RW_MAX;
	if (copy_by_host(&in, &out))
		return copy_end(&in, sendfile_by_host(&in, &out, size));
	return copy_end(&in, copy_through(&in, &out, false, size));
}

static long range_by_host(const struct copy_end *in, const struct copy_end *out, uint64_t size)
{
	const struct loff from = { in->pos }, to = { out->pos };

	copy_host_before(in, out, size);
	return copy_host_after(out, size,
			       host_copy_file_range(in->file->host_fd, in->user ? &from : NULL, out->file->host_fd,
						    out->user ? &to : NULL, (long)size, 0));
}

static bool copy_is_directory(const struct file *f)
{
	return f->inode && S_ISDIR(f->inode->mode);
}

static int range_check(const struct file *in, const struct file *out, uint32_t flags)
{
	if (!in || !out || !file_readable(in) || !file_writable(out) || out->flags & O_APPEND)
		return -EBADF;
	if (flags)
		return -EINVAL;
	if (copy_is_directory(in) || copy_is_directory(out))
		return -EISDIR;
	return in->ops->seek && out->ops->seek ? 0 : -EINVAL;
}

/* As Linux adds, without a sign: what wraps is EOVERFLOW, whether the offset is negative or the size enormous. */
static int range_begin(struct copy_end *e, uint64_t size)
{
	int error = copy_begin(e);

	return e->user && error != -EFAULT && (uint64_t)e->pos + size < size ? -EOVERFLOW : error;
}

/* Ranges of one file must not overlap. */
static bool range_overlaps(const struct copy_end *in, const struct copy_end *out, uint64_t size)
{
	return in->file->inode && in->file->inode == out->file->inode && in->pos < out->pos + (int64_t)size &&
	       out->pos < in->pos + (int64_t)size;
}

static long range_copy(struct copy_end *in, struct copy_end *out, uint64_t size)
{
	long done;
	int error;

	if (copy_by_host(in, out)) {
		done = range_by_host(in, out, size);
		if (done != -EXDEV && done != -EOPNOTSUPP)
			return done;
	}
	if (size > RW_MAX)
		size = RW_MAX;
	error = copy_own_begin(in) ?: copy_own_begin(out);
	if (error)
		return error;
	return range_overlaps(in, out, size) ? -EINVAL : copy_through(in, out, true, size);
}

SYSCALL6(copy_file_range, int, in_fd, uint64_t, in_user, int, out_fd, uint64_t, out_user, uint64_t, size, uint32_t,
	 flags)
{
	_cleanup_file_ struct file *from = fd_get_opened(in_fd), *to = fd_get_opened(out_fd);
	struct copy_end in = { .file = from, .user = in_user }, out = { .file = to, .user = out_user };
	int error = range_check(from, to, flags) ?: range_begin(&in, size) ?: range_begin(&out, size);

	if (error)
		return error;
	return copy_end(&out, copy_end(&in, range_copy(&in, &out, size)));
}
