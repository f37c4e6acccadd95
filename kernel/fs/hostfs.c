/*
 * Names in host directories. The host walks whole paths (openat2, following no link), so that open(2) is one host call;
 * a directory that others start from is an O_PATH descriptor there.
 *
 * Links that stand directly in a mount's root ("/lib" to "usr/lib") are remembered: paths through them cost no failed
 * attempt. Such links belong to the distribution; any change of names by the program forgets them.
 */
#include "kernel/fs/hostfs.h"
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"
#include "kernel/task/process.h"

#define LINKS_MAX 16
#define LINK_NAME 32
#define LINK_TARGET 64
#define SHADOWS_MAX 8

struct hostfs_link {
	char name[LINK_NAME];
	char target[LINK_TARGET];
};

struct hostfs {
	struct inode *root;
	bool whole; /* the host's "/" is our "/": the host's links mean what ours mean */
	struct lock lock; /* links */
	uint32_t link_count;
	struct hostfs_link links[LINKS_MAX];
};

static const struct inode_ops hostfs_ops;
static struct hostfs detached; /* of descriptors that were open at the start: in no mount */
static uint64_t shadows[SHADOWS_MAX]; /* filled at the start */
static uint32_t shadow_count;

static int32_t fd_of(const struct inode *i)
{
	return container_of(i, const struct hostfs_inode, inode)->fd;
}

bool hostfs_inode_is(const struct inode *i)
{
	return i->ops == &hostfs_ops;
}

static void close_host(long fd)
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
		close_host(fd);
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
	close_host(fd_of(i));
	heap_free(container_of(i, struct hostfs_inode, inode));
}

/* The name up to the first slash: is it a link that is remembered? fs->lock is held. */
static struct hostfs_link *link_find(struct hostfs *fs, const char *rest)
{
	for (uint32_t i = 0; i < fs->link_count; i++) {
		struct hostfs_link *l = &fs->links[i];
		size_t n = strlen(l->name);

		if (!strncmp(l->name, rest, n) && (!rest[n] || rest[n] == '/'))
			return l;
	}
	return NULL;
}

static bool starts_with_link(struct inode *dir, const char *rest)
{
	struct hostfs *fs = dir->data;

	if (!fs->link_count || dir != fs->root || !strchr(rest, '/'))
		return false; /* a link in the last place may be wanted itself: the host knows */
	LOCKED(&fs->lock);
	return link_find(fs, rest);
}

static void link_remember(struct hostfs *fs, const char *name, size_t length, const char *target, size_t size)
{
	LOCKED(&fs->lock);
	if (fs->link_count < LINKS_MAX && length < LINK_NAME && size < LINK_TARGET) {
		struct hostfs_link *l = &fs->links[fs->link_count];

		memset(l, 0, sizeof(*l));
		memcpy(l->name, name, length);
		memcpy(l->target, target, size);
		fs->link_count++;
	}
}

static void links_forget(struct inode *dir)
{
	struct hostfs *fs = dir->data;

	LOCKED(&fs->lock);
	fs->link_count = 0;
}

static long open_how(struct inode *dir, const char *rest, uint32_t flags, uint32_t mode)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode,
				.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };

	if (starts_with_link(dir, rest))
		return -ELOOP;
	return host_openat2(fd_of(dir), rest, &how, sizeof(how));
}

static int hostfs_walk(struct inode *dir, const char *rest, struct inode **out)
{
	long fd = open_how(dir, rest, O_PATH | O_NOFOLLOW, 0);

	return fd < 0 ? (int)fd : hostfs_inode_new(dir, fd, out);
}

static int hostfs_open_rest(struct inode *dir, const char *rest, uint32_t flags, uint32_t mode, struct file **out)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_TRUNC | O_CREAT);
	long fd;

	if (writes && dir->mount && dir->mount->read_only) {
		fd = open_how(dir, rest, flags & ~(uint32_t)(O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC), 0);
		if (fd < 0)
			return fd == -ENOENT && flags & O_CREAT ? -EROFS : (int)fd;
		if ((flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC) {
			close_host(fd);
			return -EROFS;
		}
	} else {
		fd = open_how(dir, rest, flags, mode);
	}
	return fd < 0 ? (int)fd : hostfile_new(fd, flags, dir, out);
}

static bool shadowed(const struct stat *st)
{
	for (uint32_t i = 0; i < shadow_count; i++) {
		if (shadows[i] == st->st_dev)
			return true;
	}
	return false;
}

static int stat_exact(struct inode *dir, const char *rest, struct stat *st)
{
	long fd = open_how(dir, rest, O_PATH | O_NOFOLLOW, 0), error;

	if (fd < 0)
		return (int)fd;
	error = host_fstat(fd, st);
	close_host(fd);
	return (int)error;
}

/*
 * One call where the host's links mean the same as ours; what it answers stands unless the way led into one of our
 * mounts. A failure may come from a link, so it is asked again exactly.
 */
static int hostfs_stat_rest(struct inode *dir, const char *rest, bool follow, struct stat *st)
{
	struct hostfs *fs = dir->data;
	int error;

	if (!fs->whole || host_newfstatat(fd_of(dir), rest, st, AT_SYMLINK_NOFOLLOW)) {
		error = stat_exact(dir, rest, st);
		if (error)
			return error;
	} else if (shadowed(st)) {
		return -ELOOP;
	}
	return follow && S_ISLNK(st->st_mode) ? -ELOOP : 0;
}

static long hostfs_find_link(struct inode *dir, char *rest, size_t *end, char *target, size_t size)
{
	struct hostfs *fs = dir->data;
	size_t at = 0;

	if (dir == fs->root) {
		LOCKED(&fs->lock);
		struct hostfs_link *l = link_find(fs, rest);

		if (l) {
			*end = strlen(l->name);
			return (long)str_copy(target, size, l->target);
		}
	}
	for (;;) {
		size_t start;
		char behind;
		long n;

		while (rest[at] == '/')
			at++;
		if (!rest[at])
			return -ENOENT;
		for (start = at; rest[at] && rest[at] != '/';)
			at++;
		behind = rest[at];
		rest[at] = 0;
		n = host_readlinkat(fd_of(dir), rest, target, size);
		rest[at] = behind;
		if (n == (long)size)
			return -ENAMETOOLONG;
		if (n >= 0) {
			*end = at;
			if (dir == fs->root && !start)
				link_remember(fs, rest, at, target, (size_t)n);
			return n;
		}
		if (n != -EINVAL)
			return n == -ENOENT ? -ENODATA : n;
	}
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
	long fd = host_openat2(fd_of(dir), t.text, &how, sizeof(how));

	return fd < 0 ? (int)fd : hostfs_inode_new(dir, fd, out);
}

static long hostfs_readlink(struct inode *i, char *to, size_t size)
{
	return host_readlinkat(fd_of(i), "", to, size);
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
	long fd = hostfs_reopen(fd_of(i), flags);

	return fd < 0 ? (int)fd : hostfile_new(fd, flags, i, out);
}

static int hostfs_create(struct inode *dir, const char *name, size_t length, uint32_t mode, uint64_t device,
			 struct inode **out)
{
	struct terminated t = terminate(name, length);
	long error;

	if (S_ISDIR(mode))
		error = host_mkdirat(fd_of(dir), t.text, (long)(mode & 07777));
	else
		error = host_mknodat(fd_of(dir), t.text, (long)mode, (long)device);
	links_forget(dir);
	if (error || !out)
		return (int)error;
	return hostfs_lookup(dir, name, length, out);
}

static int hostfs_symlink(struct inode *dir, const char *name, size_t length, const char *target)
{
	struct terminated t = terminate(name, length);

	links_forget(dir);
	return (int)host_symlinkat(target, fd_of(dir), t.text);
}

static int hostfs_link(struct inode *dir, const char *name, size_t length, struct inode *old)
{
	struct terminated t = terminate(name, length);
	struct fd_path p = fd_path(fd_of(old));

	links_forget(dir);
	return (int)host_linkat(AT_FDCWD, p.text, fd_of(dir), t.text, AT_SYMLINK_FOLLOW);
}

static int hostfs_unlink(struct inode *dir, const char *name, size_t length, bool directory)
{
	struct terminated t = terminate(name, length);

	links_forget(dir);
	return (int)host_unlinkat(fd_of(dir), t.text, directory ? AT_REMOVEDIR : 0);
}

static int hostfs_rename(struct inode *from, const char *name, size_t length, struct inode *to, const char *new_name,
			 size_t new_length, uint32_t flags)
{
	struct terminated old = terminate(name, length), new = terminate(new_name, new_length);

	links_forget(from);
	return (int)host_renameat2(fd_of(from), old.text, fd_of(to), new.text, (long)flags);
}

static int hostfs_getattr(struct inode *i, struct stat *st)
{
	return (int)host_fstat(fd_of(i), st);
}

static int hostfs_truncate(int32_t fd, bool opened, uint64_t size)
{
	long own = opened ? fd : hostfs_reopen(fd, O_WRONLY), error;

	if (own < 0)
		return (int)own;
	error = host_ftruncate(own, (long)size);
	if (!opened)
		close_host(own);
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
	return hostfs_setattr(fd_of(i), false, a);
}

static int hostfs_statfs(struct inode *i, struct statfs *st)
{
	return (int)host_fstatfs(fd_of(i), st);
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
	.walk = hostfs_walk,
	.open_path = hostfs_open_rest,
	.stat_path = hostfs_stat_rest,
	.find_link = hostfs_find_link,
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

void hostfs_shadow(const char *source)
{
	struct stat st;

	if (shadow_count < SHADOWS_MAX && !host_newfstatat(AT_FDCWD, source, &st, 0))
		shadows[shadow_count++] = st.st_dev;
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
	close_host(fd);
	return n < 0 ? n : (long)have;
}
