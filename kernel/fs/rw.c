/* Moving bytes: read, write and their many forms, lseek. */
#include "abi/linux/uio.h"
#include "base/mem.h"
#include "kernel/fs/sizelimit.h"
#include "kernel/fs/vfs.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/mm.h"
#include "kernel/syscall.h"

#define PIECES_HERE 8

static bool is_directory(const struct file *f)
{
	return f->inode && S_ISDIR(f->inode->mode);
}

long file_read(struct file *f, const struct iov *to, int64_t *pos)
{
	if (!file_readable(f))
		return -EBADF;
	if (!f->ops->read)
		return is_directory(f) ? -EISDIR : -EINVAL;
	if (pos || f->ops->positioned)
		mm_file_before(f, (uint64_t)(pos ? *pos : f->pos), to->total);
	else
		mm_file_before(f, 0, INT64_MAX); /* the host knows where it reads */
	if (pos || !f->ops->positioned)
		return f->ops->read(f, to, pos);
	/*
	 * Held over a copy to the program: nobody who serves a fault takes pos_lock, and files with a position never
	 * block.
	 */
	LOCKED(&f->pos_lock);
	return f->ops->read(f, to, &f->pos);
}

static long write_positioned(struct file *f, const struct iov *from, int64_t *pos)
{
	if (pos || !f->ops->positioned)
		return f->ops->write(f, from, pos);
	LOCKED(&f->pos_lock); /* as in file_read() */
	return f->ops->write(f, from, &f->pos);
}

static long write_all(struct file *f, const struct iov *from, int64_t *pos)
{
	const bool known = !(f->flags & O_APPEND) && (pos || f->ops->positioned); /* where it goes, or does the host? */
	uint64_t start = known ? (uint64_t)(pos ? *pos : f->pos) : 0, length = known ? from->total : INT64_MAX;
	long n;

	mm_file_before(f, start, length);
	n = write_positioned(f, from, pos);
	mm_file_written(f, start, length);
	return n;
}

/* As much as RLIMIT_FSIZE allows. */
static long write_within(struct file *f, const struct iov *from, int64_t *pos)
{
	struct piece here[PIECES_HERE], *space = here;
	uint64_t size = from->total;
	long done = sizelimit_write(f, pos, &size);
	struct iov part;

	if (done)
		return done;
	if (size == from->total)
		return write_all(f, from, pos);
	if (from->count > PIECES_HERE)
		space = heap_alloc(from->count * sizeof(*space));
	if (!space)
		return -ENOMEM;
	iov_slice(&part, space, from, 0, size);
	done = write_all(f, &part, pos);
	if (space != here)
		heap_free(space);
	return done;
}

long file_write(struct file *f, const struct iov *from, int64_t *pos)
{
	if (!file_writable(f))
		return -EBADF;
	if (!f->ops->write)
		return -EINVAL;
	return sizelimit_set() ? write_within(f, from, pos) : write_all(f, from, pos);
}

static struct iov iov_one(uint64_t buf, uint64_t size)
{
	return IOV_USER(buf, size < RW_MAX ? size : RW_MAX);
}

SYSCALL3(read, int, fd, uint64_t, buf, uint64_t, size)
{
	_cleanup_file_ struct file *f = fd_get(fd);
	struct iov v = iov_one(buf, size);

	if (!f)
		return -EBADF;
	return user_range_ok(buf, v.total) ? file_read(f, &v, NULL) : -EFAULT;
}

SYSCALL3(write, int, fd, uint64_t, buf, uint64_t, size)
{
	_cleanup_file_ struct file *f = fd_get(fd);
	struct iov v = iov_one(buf, size);

	if (!f)
		return -EBADF;
	return user_range_ok(buf, v.total) ? file_write(f, &v, NULL) : -EFAULT;
}

static int check_offset(const struct file *f, int64_t offset)
{
	if (offset < 0)
		return -EINVAL;
	if (f->flags & O_PATH)
		return -EBADF;
	return f->ops->seek ? 0 : -ESPIPE;
}

SYSCALL4(pread64, int, fd, uint64_t, buf, uint64_t, size, int64_t, offset)
{
	_cleanup_file_ struct file *f = fd_get(fd);
	struct iov v = iov_one(buf, size);
	int error = f ? check_offset(f, offset) : -EBADF;

	if (error)
		return error;
	return user_range_ok(buf, v.total) ? file_read(f, &v, &offset) : -EFAULT;
}

SYSCALL4(pwrite64, int, fd, uint64_t, buf, uint64_t, size, int64_t, offset)
{
	_cleanup_file_ struct file *f = fd_get(fd);
	struct iov v = iov_one(buf, size);
	int error = f ? check_offset(f, offset) : -EBADF;

	if (error)
		return error;
	return user_range_ok(buf, v.total) ? file_write(f, &v, &offset) : -EFAULT;
}

/* offset -1 with `current_ok` (preadv2): the file's own position. */
static long move_vector(int fd, uint64_t vec, uint64_t count, int64_t *offset, bool write)
{
	_cleanup_file_ struct file *f = fd_get(fd);
	struct piece here[PIECES_HERE], *space = here;
	struct iov v;
	long result = f ? 0 : -EBADF;

	if (!result && offset)
		result = check_offset(f, *offset);
	if (result)
		return result;
	if (count > IOV_MAX)
		return -EINVAL;
	if (count > PIECES_HERE)
		space = heap_alloc(count * sizeof(*space));
	if (!space)
		return -ENOMEM;
	result = iov_from_user(&v, space, vec, count);
	if (!result)
		result = write ? file_write(f, &v, offset) : file_read(f, &v, offset);
	if (space != here)
		heap_free(space);
	return result;
}

SYSCALL3(readv, int, fd, uint64_t, vec, uint64_t, count)
{
	return move_vector(fd, vec, count, NULL, false);
}

SYSCALL3(writev, int, fd, uint64_t, vec, uint64_t, count)
{
	return move_vector(fd, vec, count, NULL, true);
}

SYSCALL4(preadv, int, fd, uint64_t, vec, uint64_t, count, int64_t, offset)
{
	return move_vector(fd, vec, count, &offset, false);
}

SYSCALL4(pwritev, int, fd, uint64_t, vec, uint64_t, count, int64_t, offset)
{
	return move_vector(fd, vec, count, &offset, true);
}

/* The fifth argument is the high half of the offset, always 0 in 64-bit programs. */
SYSCALL6(preadv2, int, fd, uint64_t, vec, uint64_t, count, int64_t, offset, uint64_t, high, uint32_t, flags)
{
	(void)high;
	if (flags & ~(uint32_t)RWF_HIPRI)
		return -EOPNOTSUPP;
	return move_vector(fd, vec, count, offset == -1 ? NULL : &offset, false);
}

static int sync_fd(int fd, bool data_only)
{
	_cleanup_file_ struct file *f = fd_get_opened(fd);

	if (!f)
		return -EBADF;
	return f->ops->sync ? f->ops->sync(f, data_only) : -EINVAL;
}

SYSCALL6(pwritev2, int, fd, uint64_t, vec, uint64_t, count, int64_t, offset, uint64_t, high, uint32_t, flags)
{
	long done;

	(void)high;
	if (flags & ~(uint32_t)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC))
		return -EOPNOTSUPP;
	done = move_vector(fd, vec, count, offset == -1 ? NULL : &offset, true);
	if (done > 0 && flags & (RWF_DSYNC | RWF_SYNC)) {
		int error = sync_fd(fd, !(flags & RWF_SYNC));

		return error ? error : done;
	}
	return done;
}

long file_seek_within(struct file *f, int64_t offset, int whence, int64_t size)
{
	int64_t base = 0;

	LOCKED(&f->pos_lock);
	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		base = f->pos;
		break;
	case SEEK_END:
		base = size;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		if (offset < 0 || offset >= size)
			return -ENXIO;
		return f->pos = whence == SEEK_DATA ? offset : size;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, offset, &base))
		return -EOVERFLOW;
	if (base < 0)
		return -EINVAL;
	return f->pos = base;
}

SYSCALL3(lseek, int, fd, int64_t, offset, int, whence)
{
	_cleanup_file_ struct file *f = fd_get_opened(fd);

	if (!f)
		return -EBADF;
	if (!f->ops->seek)
		return -ESPIPE;
	if (is_directory(f) && whence == SEEK_SET)
		f->mounts_listed = 0;
	return f->ops->seek(f, offset, whence);
}

SYSCALL1(fsync, int, fd)
{
	return sync_fd(fd, false);
}

SYSCALL1(fdatasync, int, fd)
{
	return sync_fd(fd, true);
}

/* Everything that this process has open: what others wrote on the host is theirs to sync. */
SYSCALL0(sync)
{
	mm_flush();
	for (int fd = fd_next(0); fd >= 0; fd = fd_next(fd + 1)) {
		int error = sync_fd(fd, false);

		(void)error; /* sync(2) cannot fail */
	}
	return 0;
}

SYSCALL1(syncfs, int, fd)
{
	_cleanup_file_ struct file *f = fd_get_opened(fd);

	if (!f)
		return -EBADF;
	return f->ops->sync && f->host_fd >= 0 ? f->ops->sync(f, false) : 0;
}

SYSCALL4(sync_file_range, int, fd, int64_t, offset, int64_t, length, uint32_t, flags)
{
	if (offset < 0 || length < 0 || flags & ~7U)
		return -EINVAL;
	return sync_fd(fd, true);
}
