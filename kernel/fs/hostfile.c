/*
 * Open files of the host: plain files, directories, terminals, pipes that were inherited. Position, locks and
 * permissions live there; reads and writes go there with the program's own buffer. `data` is the inode that the file
 * was found from.
 */
#include "abi/linux/poll.h"
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/fs/hostfs.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"

#define SLICE_HERE 8

static const struct file_ops hostfile_ops;

bool hostfs_file_is(const struct file *f)
{
	return f->ops == &hostfile_ops;
}

/*
 * Linux cannot pin secret memory, so direct transfers would fail with EFAULT. The host opened the file with O_DIRECT,
 * so that it could refuse; then only the program goes on seeing the flag. Pipes keep it: there it means packets.
 */
static int hostfile_buffered(long host_fd, uint32_t flags)
{
	struct stat st;

	if (!(flags & O_DIRECT) || flags & O_PATH || host_fstat(host_fd, &st) ||
	    (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)))
		return 0;
	return (int)host_fcntl(host_fd, F_SETFL, (long)(flags & ~(uint32_t)(O_DIRECT | FASYNC)));
}

int hostfile_new(long host_fd, uint32_t flags, struct inode *from, struct file **out)
{
	int error = hostfile_buffered(host_fd, flags);
	struct file *f = error ? NULL : file_new(&hostfile_ops, flags, NULL);

	if (!f) {
		long closed = host_close(host_fd);

		(void)closed;
		return error ? error : -ENOMEM;
	}
	f->host_fd = (int32_t)host_fd;
	f->data = from ? inode_get(from) : NULL;
	*out = f;
	return 0;
}

int hostfs_adopt(int host_fd, struct file **out)
{
	char path[40], target[256];
	long flags = host_fcntl(host_fd, F_GETFL, 0), n;
	int error;

	if (flags < 0)
		return (int)flags;
	error = hostfile_new(host_fd, (uint32_t)flags, NULL, out);
	if (error)
		return error;
	format(path, sizeof(path), "/proc/self/fd/%d", host_fd);
	n = host_readlinkat(AT_FDCWD, path, target, sizeof(target) - 1);
	if (n > 0)
		file_set_name(*out, target, (size_t)n);
	return 0;
}

static long move_once(struct file *f, const struct iov *v, const int64_t *pos, bool write)
{
	if (write)
		return pos ? host_pwrite64(f->host_fd, v, *pos) : host_write(f->host_fd, v);
	return pos ? host_pread64(f->host_fd, v, *pos) : host_read(f->host_fd, v);
}

/* May a read be continued after a full piece? Only where it cannot block: in a plain file. */
static bool continues(const struct file *f, bool write)
{
	struct stat st;

	return write || (!host_fstat(f->host_fd, &st) && S_ISREG(st.st_mode));
}

/* What is left of a transfer larger than the border; `done` bytes went already. */
static long move_rest(struct file *f, const struct iov *v, int64_t *pos, bool write, uint64_t done)
{
	struct piece here[SLICE_HERE], *space = v->count > SLICE_HERE ? heap_alloc(v->count * sizeof(*space)) : here;
	struct iov part;

	if (!space)
		return (long)done;
	while (done < v->total) {
		long n;

		iov_slice(&part, space, v, done, v->total - done);
		n = move_once(f, &part, pos, write);
		if (n <= 0)
			break;
		done += (uint64_t)n;
		if (pos)
			*pos += n;
		if ((uint64_t)n < HOST_BUFFER)
			break;
	}
	if (space != here)
		heap_free(space);
	return (long)done;
}

static long hostfile_move(struct file *f, const struct iov *v, int64_t *pos, bool write)
{
	long n = move_once(f, v, pos, write);

	if (n <= 0)
		return n;
	if (pos)
		*pos += n;
	if ((uint64_t)n < HOST_BUFFER || (uint64_t)n >= v->total || !continues(f, write))
		return n;
	return move_rest(f, v, pos, write, (uint64_t)n);
}

static long hostfile_read(struct file *f, const struct iov *to, int64_t *pos)
{
	return hostfile_move(f, to, pos, false);
}

static long hostfile_write(struct file *f, const struct iov *from, int64_t *pos)
{
	return hostfile_move(f, from, pos, true);
}

static long hostfile_seek(struct file *f, int64_t offset, int whence)
{
	return host_lseek(f->host_fd, offset, whence);
}

static int hostfile_getattr(struct file *f, struct stat *st)
{
	return (int)host_fstat(f->host_fd, st);
}

static int hostfile_setattr(struct file *f, const struct inode_attr *a)
{
	struct inode *from = f->data;

	if (from && from->mount && from->mount->read_only)
		return -EROFS;
	return hostfs_setattr(f->host_fd, true, a);
}

static long hostfile_readdir(struct file *f, uint64_t buf, uint64_t size)
{
	return host_getdents64(f->host_fd, (void *)buf, size);
}

static int hostfile_sync(struct file *f, bool data_only)
{
	return (int)(data_only ? host_fdatasync(f->host_fd) : host_fsync(f->host_fd));
}

static long hostfile_fallocate(struct file *f, int mode, int64_t offset, int64_t length)
{
	return host_fallocate(f->host_fd, mode, offset, length);
}

static int hostfile_flock(struct file *f, int operation)
{
	return (int)host_flock(f->host_fd, operation);
}

static long hostfile_lock_range(struct file *f, int cmd, uint64_t user)
{
	struct flock lock;
	long error = copy_from_user(&lock, user, sizeof(lock));

	if (!error)
		error = host_fcntl_lock(f->host_fd, cmd, &lock);
	if (!error && (cmd == F_GETLK || cmd == F_OFD_GETLK))
		error = copy_to_user(user, &lock, sizeof(lock));
	return error;
}

static int hostfile_set_flags(struct file *f, uint32_t flags)
{
	/* FASYNC would have the host signal its own process; it is kept inside and means nothing. */
	int error = (int)host_fcntl(f->host_fd, F_SETFL, (long)(flags & ~(uint32_t)FASYNC));

	return error ? error : hostfile_buffered(f->host_fd, flags);
}

static long hostfile_fcntl(struct file *f, int cmd, uint64_t arg)
{
	switch (cmd) {
	case F_GETPIPE_SZ:
	case F_SETPIPE_SZ:
	case F_GET_SEALS:
		return host_fcntl(f->host_fd, cmd, (long)arg);
	default:
		return -EINVAL;
	}
}

/* A page that lies wholly behind the end is no page: -EIO, the program gets SIGBUS. */
static int hostfile_map_page(struct file *f, uint64_t page_index, void *page)
{
	size_t have = 0;

	while (have < PAGE_SIZE) {
		struct iov v = IOV_KERNEL((uint8_t *)page + have, PAGE_SIZE - have);
		long n = host_pread64(f->host_fd, &v, (long)(page_index * PAGE_SIZE + have));

		if (n < 0)
			return (int)n;
		if (!n)
			break;
		have += (size_t)n;
	}
	if (!have)
		return -EIO;
	memset((uint8_t *)page + have, 0, PAGE_SIZE - have);
	return 0;
}

static int hostfile_map_check(struct file *f, int prot, int flags, uint64_t offset, uint64_t length)
{
	struct stat st;
	int error = (int)host_fstat(f->host_fd, &st);

	(void)offset;
	(void)length;
	if (error)
		return error;
	return S_ISREG(st.st_mode) ? file_map_check(f, prot, flags) : -ENODEV;
}

/* The inode takes over the descriptor (see hostfile_release). pos_lock guards file->inode, which is set once. */
static int hostfile_as_inode(struct file *f, struct inode **out)
{
	struct inode *i;
	long fd;
	int error;

	LOCKED(&f->pos_lock);
	if (!f->inode) {
		/* A descriptor of its own: hostfs_inode_new() closes it on failure, and this file goes on. */
		fd = host_fcntl(f->host_fd, F_DUPFD_CLOEXEC, 3);
		error = fd < 0 ? (int)fd : hostfs_inode_new(f->data, fd, &i);
		if (error)
			return error;
		f->inode = i;
	}
	*out = inode_get(f->inode);
	return 0;
}

static int hostfile_reopen(struct file *f, uint32_t flags, struct file **out)
{
	long fd = hostfs_reopen(f->host_fd, flags);
	int error = fd < 0 ? (int)fd : hostfile_new(fd, flags, f->data, out);

	if (!error && f->name)
		file_set_name(*out, f->name, strlen(f->name));
	return error;
}

/*
 * The host's own messages go to 2, and must not go into the next file that is opened: /dev/null takes its place. It is
 * not kept open, because who reads the other end of a pipe waits for its end.
 */
void hostfs_close_fd(int32_t fd)
{
	long null = fd == 2 ? host_openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0) : -EBADF;
	long error = null < 0 ? 0 : host_dup3(null, fd, O_CLOEXEC);

	if (null < 0 || error < 0)
		error = host_close(fd);
	if (null >= 0)
		error = host_close(null);
	(void)error;
}

static void hostfile_release(struct file *f)
{
	hostfs_close_fd(f->host_fd);
	inode_put(f->data);
}

static const struct file_ops hostfile_ops = {
	.kind = "hostfile",
	.public = true,
	.hosted = true,
	.read = hostfile_read,
	.write = hostfile_write,
	.seek = hostfile_seek,
	.ioctl = hostfs_ioctl,
	.getattr = hostfile_getattr,
	.setattr = hostfile_setattr,
	.readdir = hostfile_readdir,
	.sync = hostfile_sync,
	.fallocate = hostfile_fallocate,
	.flock = hostfile_flock,
	.lock_range = hostfile_lock_range,
	.set_flags = hostfile_set_flags,
	.fcntl = hostfile_fcntl,
	.map_page = hostfile_map_page,
	.map_check = hostfile_map_check,
	.as_inode = hostfile_as_inode,
	.reopen = hostfile_reopen,
	.release = hostfile_release,
};
