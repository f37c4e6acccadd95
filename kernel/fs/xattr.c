/*
 * Extended attributes: none of our file systems keeps them. Paths and descriptors are checked first, so that a wrong
 * one gets its own error; then the answer is Linux's for such a file system.
 */
#include "kernel/fs/walk.h"
#include "kernel/syscall.h"

static long path_refuse(uint64_t path, unsigned how, long answer)
{
	_cleanup_walk_ struct walk *w = NULL;
	int error = walk_begin(&w, AT_FDCWD, path, how) ?: walk_run(w, WALK_INODE);

	return error ? error : answer;
}

static long fd_refuse(int fd, long answer)
{
	_cleanup_file_ struct file *f = fd_get_opened(fd);

	return f ? answer : -EBADF;
}

#define REFUSE(name, answer) \
	SYSCALL1(name##xattr, uint64_t, path) \
	{ \
		return path_refuse(path, WALK_FOLLOW, answer); \
	} \
	SYSCALL1(l##name##xattr, uint64_t, path) \
	{ \
		return path_refuse(path, 0, answer); \
	} \
	SYSCALL1(f##name##xattr, int, fd) \
	{ \
		return fd_refuse(fd, answer); \
	}

REFUSE(set, -EOPNOTSUPP)
REFUSE(get, -EOPNOTSUPP)
REFUSE(remove, -EOPNOTSUPP)
REFUSE(list, 0)
