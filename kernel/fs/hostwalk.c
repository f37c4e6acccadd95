/*
 * Walking host directories: the host takes whole paths (openat2, following no link), so that open(2) is one host call.
 *
 * Links that stand directly in a mount's root ("/lib" to "usr/lib") are remembered: paths through them cost no failed
 * attempt. Such links belong to the distribution; any change of names by the program forgets them.
 */
#include "kernel/fs/hostwalk.h"
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/mm/heap.h"
#include "kernel/time/clock.h"

#define PLAIN_NS NSEC_PER_SEC
#define SHADOWS_MAX 8

static uint64_t shadows[SHADOWS_MAX]; /* filled at the start */
static uint32_t shadow_count;

static uint64_t letter_bit(char c)
{
	return 1UL << ((uint8_t)c % 64);
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

	/* A link in the last place may be wanted itself: the host knows. */
	if (!(__atomic_load_n(&fs->link_letters, __ATOMIC_RELAXED) & letter_bit(*rest)) || dir != fs->root ||
	    !strchr(rest, '/'))
		return false;
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
		__atomic_or_fetch(&fs->link_letters, letter_bit(*name), __ATOMIC_RELAXED);
	}
}

void hostwalk_forget(struct inode *dir)
{
	struct hostfs *fs = dir->data;

	LOCKED(&fs->lock);
	fs->link_count = 0;
	__atomic_store_n(&fs->link_letters, 0, __ATOMIC_RELAXED);
	memset(fs->plain, 0, sizeof(fs->plain));
}

static long open_how(struct inode *dir, const char *rest, uint32_t flags, uint32_t mode)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode,
				.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };

	if (starts_with_link(dir, rest))
		return -ELOOP;
	return host_openat2(hostfs_fd(dir), rest, &how, sizeof(how));
}

int hostwalk_walk(struct inode *dir, const char *rest, struct inode **out)
{
	long fd = open_how(dir, rest, O_PATH | O_NOFOLLOW, 0);

	return fd < 0 ? (int)fd : hostfs_inode_new(dir, fd, out);
}

int hostwalk_open(struct inode *dir, const char *rest, uint32_t flags, uint32_t mode, struct file **out)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_TRUNC | O_CREAT);
	long fd;

	if (writes && dir->mount && dir->mount->read_only) {
		fd = open_how(dir, rest, flags & ~(uint32_t)(O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC), 0);
		if (fd < 0)
			return fd == -ENOENT && flags & O_CREAT ? -EROFS : (int)fd;
		if ((flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC) {
			hostfs_close(fd);
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
	hostfs_close(fd);
	return (int)error;
}

/* Where the name of the last directory of a path ends; 0: the path is one name. */
static size_t directory_length(const char *rest)
{
	const char *slash = strrchr(rest, '/');

	return slash ? (size_t)(slash - rest) : 0;
}

static struct hostfs_plain *plain_slot(struct hostfs *fs, const char *rest, size_t length)
{
	uint32_t hash = 0;

	for (size_t i = 0; i < length; i++)
		hash = hash * 31 + (uint8_t)rest[i];
	return &fs->plain[hash % PLAIN_COUNT];
}

/* No link stood on the way to this path's directory a moment ago. */
static bool plain_known(struct inode *dir, const char *rest)
{
	struct hostfs *fs = dir->data;
	size_t length = directory_length(rest);
	struct hostfs_plain *p = plain_slot(fs, rest, length);

	if (!length)
		return true;
	if (dir != fs->root || length >= PLAIN_NAME)
		return false;
	LOCKED(&fs->lock);
	return !memcmp(p->name, rest, length) && !p->name[length] && clock_monotonic_ns() < p->until;
}

static void plain_remember(struct inode *dir, const char *rest)
{
	struct hostfs *fs = dir->data;
	size_t length = directory_length(rest);
	struct hostfs_plain *p = plain_slot(fs, rest, length);

	if (dir != fs->root || length >= PLAIN_NAME)
		return;
	LOCKED(&fs->lock);
	memset(p->name, 0, sizeof(p->name));
	memcpy(p->name, rest, length);
	p->until = clock_monotonic_ns() + PLAIN_NS;
}

/*
 * One call where the host's links mean the same as ours; what it answers stands unless the way led into one of our
 * mounts. That a name is missing may come from such a link, so it is asked again exactly, once per directory and
 * second.
 */
int hostwalk_stat(struct inode *dir, const char *rest, bool follow, struct stat *st)
{
	struct hostfs *fs = dir->data;
	long quick = fs->whole ? host_newfstatat(hostfs_fd(dir), rest, st, AT_SYMLINK_NOFOLLOW) : -EAGAIN;
	int error;

	if (quick == -ENOENT && plain_known(dir, rest))
		return -ENOENT;
	if (quick) {
		error = stat_exact(dir, rest, st);
		if (error == -ENOENT)
			plain_remember(dir, rest);
		if (error)
			return error;
	} else if (shadowed(st)) {
		return -ELOOP;
	}
	return follow && S_ISLNK(st->st_mode) ? -ELOOP : 0;
}

long hostwalk_find_link(struct inode *dir, char *rest, size_t *end, char *target, size_t size)
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
		n = host_readlinkat(hostfs_fd(dir), rest, target, size);
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

void hostfs_shadow(const char *source)
{
	struct stat st;

	if (shadow_count < SHADOWS_MAX && !host_newfstatat(AT_FDCWD, source, &st, 0))
		shadows[shadow_count++] = st.st_dev;
}
