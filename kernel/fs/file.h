/*
 * An open file description: what a descriptor points to, shared by dup. Kinds differ by their ops.
 *
 * A kind that lives on the host (sockets, host files, terminals) sets host_fd: the host can be asked to wait for it.
 * A kind that lives in the enclave has host_fd -1 and a wait queue behind ops->poll.
 */
#ifndef ADYTON_KERNEL_FS_FILE_H
#define ADYTON_KERNEL_FS_FILE_H

#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "kernel/mm/user.h"
#include "kernel/sync/lock.h"
#include "kernel/sync/wait.h"

struct file;
struct inode;
struct path;
struct inode_attr;
struct epoll_item;

/* Whoever asks an in-enclave object to report readiness later gives a way to attach waiters. NULL: only ask. */
struct poll_table {
	/* Attach to a queue that the object will wake with POLL* events; called once or twice per file. */
	void (*attach)(struct poll_table *t, struct file *f, struct waitq *q);
};

struct file_ops {
	const char *kind; /* for /proc/self/fd and traces: "pipe", "socket", "hostfile"... */
	bool public; /* its bytes are known to the host: host files, the measured root, the vDSO */
	bool hosted; /* reading and writing it is that of host_fd: from one to another the host moves bytes by itself */
	/*
	 * The position is ours (file->pos): read and write always get one. Otherwise read(2) and write(2) pass NULL,
	 * and pread(2) passes its offset if there is a seek operation.
	 */
	bool positioned;
	/* Bytes moved, or a negative errno. pos points at the offset to use and is moved on; NULL for streams. */
	long (*read)(struct file *f, const struct iov *to, int64_t *pos);
	long (*write)(struct file *f, const struct iov *from, int64_t *pos);
	long (*seek)(struct file *f, int64_t offset, int whence);
	uint32_t (*poll)(struct file *f, struct poll_table *t); /* in-enclave kinds: ready POLL* bits now */
	long (*ioctl)(struct file *f, uint32_t request, uint64_t arg);
	int (*getattr)(struct file *f, struct stat *st);
	int (*setattr)(struct file *f, const struct inode_attr *attr); /* chmod, chown, utimens, truncate */
	long (*readdir)(struct file *f, uint64_t buf, uint64_t size);  /* getdents64 */
	int (*sync)(struct file *f, bool data_only);
	long (*fallocate)(struct file *f, int mode, int64_t offset, int64_t length);
	int (*flock)(struct file *f, int operation);
	long (*lock_range)(struct file *f, int cmd, uint64_t flock_user); /* F_GETLK, F_SETLK, F_SETLKW and OFD */
	int (*set_flags)(struct file *f, uint32_t flags); /* F_SETFL: O_APPEND, O_NONBLOCK, O_DIRECT, O_ASYNC */
	/* fcntl(2) commands of this kind only: seals, pipe sizes. NULL: -EINVAL. */
	long (*fcntl)(struct file *f, int cmd, uint64_t arg);
	/* Fill one page of a mapping (kernel pointer, zero beyond the end). -EIO: a block that fails verification. */
	int (*map_page)(struct file *f, uint64_t page_index, void *page);
	/* The same for several at once, where that is cheaper; ok[i]: page i could be filled. */
	void (*map_pages)(struct file *f, uint64_t page_index, uint32_t count, uint8_t *pages, bool *ok);
	/* May this file be mapped so? 0 or -errno (-ENODEV when mmap makes no sense). NULL: -ENODEV. */
	int (*map_check)(struct file *f, int prot, int flags, uint64_t offset, uint64_t length);
	/*
	 * The inode of a file that was opened without one (host files): for fchdir, openat. NULL: file->inode or none.
	 */
	int (*as_inode)(struct file *f, struct inode **out);
	/* What open(2) of /proc/self/fd/N gives. NULL: the inode is opened again; without one, the same description. */
	int (*reopen)(struct file *f, uint32_t flags, struct file **out);
	void (*release)(struct file *f); /* the last reference went away */
};

struct file {
	uint32_t refs; /* atomic */
	uint32_t flags; /* O_ACCMODE, O_APPEND, O_NONBLOCK...; atomic, F_SETFL changes it */
	const struct file_ops *ops;
	struct inode *inode; /* NULL for anonymous kinds; holds a reference */
	struct lock pos_lock; /* pos, while a call moves it */
	int64_t pos;
	int32_t host_fd;
	void *data; /* the kind's own */
	char *name; /* for /proc/self/fd/N: absolute path or "pipe:[7]"; heap memory or name_here; may be NULL */
	char name_here[80]; /* file_set_name(): short ones */
	/* directories: how many mount points without a directory below them were listed; pos_lock */
	uint32_t mounts_listed;
	int32_t owner; /* F_SETOWN */
	struct epoll_item *epoll_items; /* NULL, or who watches it: kernel/epoll/epoll.h */
};

struct file *file_new(const struct file_ops *ops, uint32_t flags, void *data) must_check; /* refs 1, host_fd -1 */
struct file *file_get(struct file *f);
void file_put(struct file *f); /* NULL is harmless */
static inline void file_put_cleanup(struct file **f)
{
	file_put(*f);
}
#define _cleanup_file_ __attribute__((cleanup(file_put_cleanup)))

static inline bool file_nonblocking(const struct file *f)
{
	return __atomic_load_n(&f->flags, __ATOMIC_RELAXED) & O_NONBLOCK;
}

#define RW_MAX 0x7ffff000UL /* what Linux moves in one call at most */

static inline bool file_readable(const struct file *f)
{
	return (f->flags & O_ACCMODE) != O_WRONLY && !(f->flags & O_PATH);
}

static inline bool file_writable(const struct file *f)
{
	return (f->flags & O_ACCMODE) != O_RDONLY && !(f->flags & O_PATH);
}

/*
 * Reading and writing for the kernel's own callers and the system calls: checks how the file was opened. pos NULL: at
 * the file's own position.
 */
long file_read(struct file *f, const struct iov *to, int64_t *pos) must_check;
long file_write(struct file *f, const struct iov *from, int64_t *pos) must_check;
/* lseek for files with a position of ours, over so many bytes without holes. */
long file_seek_within(struct file *f, int64_t offset, int whence, int64_t size);

/* A name for /proc/self/fd/N, copied. Failing to allocate leaves none. */
void file_set_name(struct file *f, const char *name, size_t length);

/* The rules of mmap(2) about how a file was opened, for map_check. */
int file_map_check(const struct file *f, int prot, int flags) must_check;

/* Operations that are the same for many kinds: all of the file may be mapped, by those rules; */
int file_map_any(struct file *f, int prot, int flags, uint64_t offset, uint64_t length) must_check;
/* the inode has the attributes; */
int file_inode_getattr(struct file *f, struct stat *st) must_check;
/* what was written is where it belongs already, or nothing can be written. */
int file_sync_nothing(struct file *f, bool data_only) must_check;

/* Descriptors (fdtable.c). */
struct file *fd_get(int fd) must_check; /* a new reference, or NULL (-EBADF) */
struct file *fd_get_opened(int fd) must_check; /* the same, but none for O_PATH descriptors */
int fd_install(struct file *f, uint32_t fd_flags, int lowest) must_check; /* takes over the reference on success */
int fd_install_at(struct file *f, uint32_t fd_flags, int fd) must_check;  /* dup2: closes what was there */
/* the same, and RLIMIT_NOFILE does not count */
int fd_inherit(struct file *f, uint32_t fd_flags, int fd) must_check;
int fd_close(int fd);
int fd_close_range(uint32_t first, uint32_t last, bool only_mark);
int fd_flags(int fd);                          /* FD_CLOEXEC or 0, -EBADF */
int fd_set_flags(int fd, uint32_t fd_flags);
void fd_close_on_exec(void);
/* The first descriptor in use that is >= fd, or -1: for /proc/self/fd. */
int fd_next(int fd);
void fdtable_start(void); /* empty; kernel/entry/inherit.c fills it */

#endif
