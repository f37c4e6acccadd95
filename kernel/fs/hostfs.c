/*
 * Names in host directories. A directory that others start from is an O_PATH descriptor on the host; how whole paths
 * are walked there stands in hostwalk.c.
 */
#include "kernel/fs/hostwalk.h"
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"
#include "kernel/task/process.h"

static const struct inode_ops hostfs_ops;
static struct hostfs detached; /* of descriptors that were open at the start: in no mount */

bool hostfs_inode_is(const struct inode *i)
{
	return i->ops == &hostfs_ops;
}

void hostfs_close(long fd)
{
	long error = host_close(fd);

	(void)error; /* the descriptor is gone either way */
}

int hostfs_inode_new(struct inode *dir, long fd, struct inode **out)
{
	struct hostfs_inode *h = heap_alloc(sizeof(*h));
	struct stat st;
	long error = h ? host_fstat(fd, &st) : -ENOMEM;

	if (error) {
		heap_free(h);
		hostfs_close(fd);
		return (int)error;
	}
	inode_init(&h->inode, &hostfs_ops, st.st_mode, st.st_ino);
	h->fd = (int32_t)fd;
	h->inode.mount = dir ? dir->mount : NULL;
	h->inode.data = dir ? dir->data : &detached;
	*out = &h->inode;
	return 0;
}

static void release_inode(struct inode *i)
{
	hostfs_close(hostfs_fd(i));
	heap_free(container_of(i, struct hostfs_inode, inode));
}

/* Names come with a length; the host wants them terminated. */
struct terminated {
	char text[NAME_MAX + 1];
};

static struct terminated terminate(const char *name, size_t length)
{
	struct terminated t;

	if (length > NAME_MAX) /* the walker refused it already */
		length = NAME_MAX;
	memcpy(t.text, name, length);
	t.text[length] = 0;
	return t;
}

static int hostfs_lookup(struct inode *dir, const char *name, size_t length, struct inode **out)
{
	struct terminated t = terminate(name, length);
	struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC };
	long fd = host_openat2(hostfs_fd(dir), t.text, &how, sizeof(how));

	return fd < 0 ? (int)fd : hostfs_inode_new(dir, fd, out);
}

static long hostfs_readlink(struct inode *i, char *to, size_t size)
{
	return host_readlinkat(hostfs_fd(i), "", to, size);
}

struct fd_path {
	char text[40];
};

static struct fd_path fd_path(int32_t fd)
{
	struct fd_path p;

	format(p.text, sizeof(p.text), "/proc/self/fd/%d", fd);
	return p;
}

long hostfs_reopen(int32_t fd, uint32_t flags)
{
	struct fd_path p = fd_path(fd);

	return host_openat(AT_FDCWD, p.text, (long)((flags & ~(uint32_t)(O_NOFOLLOW | O_CREAT | O_EXCL)) | O_CLOEXEC),
			   0);
}

static int hostfs_open(struct inode *i, uint32_t flags, struct file **out)
{
	long fd = hostfs_reopen(hostfs_fd(i), flags);

	return fd < 0 ? (int)fd : hostfile_new(fd, flags, i, out);
}

static int hostfs_create(struct inode *dir, const char *name, size_t length, uint32_t mode, uint64_t device,
			 struct inode **out)
{
	struct terminated t = terminate(name, length);
	long error;

	if (S_ISDIR(mode))
		error = host_mkdirat(hostfs_fd(dir), t.text, (long)(mode & 07777));
	else
		error = host_mknodat(hostfs_fd(dir), t.text, (long)mode, (long)device);
	hostwalk_forget(dir);
	if (error || !out)
		return (int)error;
	return hostfs_lookup(dir, name, length, out);
}

static int hostfs_symlink(struct inode *dir, const char *name, size_t length, const char *target)
{
	struct terminated t = terminate(name, length);

	hostwalk_forget(dir);
	return (int)host_symlinkat(target, hostfs_fd(dir), t.text);
}

static int hostfs_link(struct inode *dir, const char *name, size_t length, struct inode *old)
{
	struct terminated t = terminate(name, length);
	struct fd_path p = fd_path(hostfs_fd(old));

	hostwalk_forget(dir);
	return (int)host_linkat(AT_FDCWD, p.text, hostfs_fd(dir), t.text, AT_SYMLINK_FOLLOW);
}

static int hostfs_unlink(struct inode *dir, const char *name, size_t length, bool directory)
{
	struct terminated t = terminate(name, length);

	hostwalk_forget(dir);
	return (int)host_unlinkat(hostfs_fd(dir), t.text, directory ? AT_REMOVEDIR : 0);
}

static int hostfs_rename(struct inode *from, const char *name, size_t length, struct inode *to, const char *new_name,
			 size_t new_length, uint32_t flags)
{
	struct terminated old = terminate(name, length), new = terminate(new_name, new_length);

	hostwalk_forget(from);
	return (int)host_renameat2(hostfs_fd(from), old.text, hostfs_fd(to), new.text, (long)flags);
}

static int hostfs_getattr(struct inode *i, struct stat *st)
{
	return (int)host_fstat(hostfs_fd(i), st);
}

static int hostfs_truncate(int32_t fd, bool opened, uint64_t size)
{
	long own = opened ? fd : hostfs_reopen(fd, O_WRONLY), error;

	if (own < 0)
		return (int)own;
	error = host_ftruncate(own, (long)size);
	if (!opened)
		hostfs_close(own);
	return (int)error;
}

static int hostfs_chmod(int32_t fd, bool opened, uint32_t mode)
{
	struct fd_path p = fd_path(fd);

	return (int)(opened ? host_fchmod(fd, (long)mode) : host_fchmodat(AT_FDCWD, p.text, (long)mode));
}

static int hostfs_utimes(int32_t fd, const struct inode_attr *a)
{
	static const struct timespec omit = { .tv_nsec = UTIME_OMIT }, now = { .tv_nsec = UTIME_NOW };
	struct timespec_pair times = { { omit, omit } };

	if (a->valid & (ATTR_ATIME | ATTR_ATIME_NOW))
		times.at[0] = a->valid & ATTR_ATIME ? a->atime : now;
	if (a->valid & (ATTR_MTIME | ATTR_MTIME_NOW))
		times.at[1] = a->valid & ATTR_MTIME ? a->mtime : now;
	return (int)host_utimensat(fd, "", &times, AT_EMPTY_PATH);
}

/* opened: the descriptor is a real one, not O_PATH. */
int hostfs_setattr(int32_t fd, bool opened, const struct inode_attr *a)
{
	long error = 0;

	if (a->valid & (ATTR_UID | ATTR_GID))
		error = host_fchownat(fd, "", a->valid & ATTR_UID ? (long)a->uid : -1,
				      a->valid & ATTR_GID ? (long)a->gid : -1, AT_EMPTY_PATH);
	if (!error && a->valid & ATTR_MODE)
		error = hostfs_chmod(fd, opened, a->mode & 07777);
	if (!error && a->valid & ATTR_SIZE)
		error = hostfs_truncate(fd, opened, a->size);
	if (!error && a->valid & (ATTR_ATIME | ATTR_MTIME | ATTR_ATIME_NOW | ATTR_MTIME_NOW))
		error = hostfs_utimes(fd, a);
	return (int)error;
}

static int hostfs_inode_setattr(struct inode *i, const struct inode_attr *a)
{
	return hostfs_setattr(hostfs_fd(i), false, a);
}

static int hostfs_statfs(struct inode *i, struct statfs *st)
{
	return (int)host_fstatfs(hostfs_fd(i), st);
}

static const struct inode_ops hostfs_ops = {
	.lookup = hostfs_lookup,
	.readlink = hostfs_readlink,
	.open = hostfs_open,
	.create = hostfs_create,
	.symlink = hostfs_symlink,
	.link = hostfs_link,
	.unlink = hostfs_unlink,
	.rename = hostfs_rename,
	.getattr = hostfs_getattr,
	.setattr = hostfs_inode_setattr,
	.statfs = hostfs_statfs,
	.walk = hostwalk_walk,
	.open_path = hostwalk_open,
	.stat_path = hostwalk_stat,
	.find_link = hostwalk_find_link,
	.own_permissions = true,
	.release = release_inode,
};

int hostfs_mount(const char *source, struct inode **out)
{
	struct hostfs *fs = heap_alloc(sizeof(*fs));
	long fd = fs ? host_openat(AT_FDCWD, source, O_PATH | O_CLOEXEC, 0) : -ENOMEM;
	int error = fd < 0 ? (int)fd : hostfs_inode_new(NULL, fd, &fs->root);

	if (error) {
		heap_free(fs);
		return error;
	}
	fs->whole = !strcmp(source, "/");
	fs->root->data = fs;
	*out = fs->root;
	return 0;
}

int hostfs_open_path(const char *path, uint32_t flags, struct file **out)
{
	long fd = host_openat(AT_FDCWD, path, (long)(flags | O_CLOEXEC), 0);

	return fd < 0 ? (int)fd : hostfile_new(fd, flags, NULL, out);
}

long hostfs_slurp(const char *path, char *to, size_t size)
{
	long fd = host_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0), n = 0;
	size_t have = 0;

	if (fd < 0)
		return fd;
	while (have < size) {
		struct iov v = IOV_KERNEL(to + have, size - have);

		n = host_read(fd, &v);
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	hostfs_close(fd);
	return n < 0 ? n : (long)have;
}
