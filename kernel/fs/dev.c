/* See dev.h. */
#include "kernel/fs/dev.h"
#include "abi/linux/poll.h"
#include "base/mem.h"
#include "crypto/random.h"
#include "kernel/fs/hostfs.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/mm/heap.h"
#include "kernel/task/process.h"

#define FILL 4096UL

static long read_nothing(struct file *f, const struct iov *to, int64_t *pos)
{
	(void)f;
	(void)to;
	(void)pos;
	return 0;
}

static long write_everything(struct file *f, const struct iov *from, int64_t *pos)
{
	(void)f;
	(void)pos;
	return (long)from->total;
}

static long write_full(struct file *f, const struct iov *from, int64_t *pos)
{
	(void)f;
	(void)pos;
	return from->total ? -ENOSPC : 0;
}

/* Zeros or random bytes, through one page of ours. */
static long read_filled(const struct iov *to, bool random)
{
	uint8_t *page = heap_alloc(FILL);
	uint64_t done = 0;
	int error = page ? 0 : -ENOMEM;

	while (!error && done < to->total) {
		size_t part = to->total - done < FILL ? to->total - done : FILL;

		if (random)
			random_bytes(page, part);
		error = iov_put(to, done, page, part);
		done += error ? 0 : part;
	}
	if (page && random)
		mem_wipe(page, FILL);
	heap_free(page);
	return done ? (long)done : error;
}

static long read_zeros(struct file *f, const struct iov *to, int64_t *pos)
{
	(void)f;
	(void)pos;
	return read_filled(to, false);
}

static long read_random(struct file *f, const struct iov *to, int64_t *pos)
{
	(void)f;
	(void)pos;
	return read_filled(to, true);
}

/* The offset of such a device is always 0. */
static long seek_nowhere(struct file *f, int64_t offset, int whence)
{
	(void)f;
	(void)offset;
	(void)whence;
	return 0;
}

static uint32_t poll_always(struct file *f, struct poll_table *t)
{
	(void)f;
	(void)t;
	return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

static int zero_map_page(struct file *f, uint64_t index, void *page)
{
	(void)f;
	(void)index;
	memset(page, 0, PAGE_SIZE);
	return 0;
}

#define DEV_OPS(label, reads, writes) \
	.kind = label, .read = reads, .write = writes, .seek = seek_nowhere, .poll = poll_always, \
	.getattr = file_inode_getattr

static const struct file_ops null_ops = { DEV_OPS("null", read_nothing, write_everything) };
static const struct file_ops zero_ops = { DEV_OPS("zero", read_zeros, write_everything), .map_page = zero_map_page,
					  .map_check = file_map_any };
static const struct file_ops full_ops = { DEV_OPS("full", read_zeros, write_full) };
static const struct file_ops random_ops = { DEV_OPS("random", read_random, write_everything) };

static const struct {
	const char *name;
	uint32_t mode;
	uint64_t number;
	const struct file_ops *ops;
	const char *host; /* or a device of the host */
} devices[] = {
	{ "null", 0666, DEV_MAKE(1U, 3U), &null_ops, NULL },
	{ "zero", 0666, DEV_MAKE(1U, 5U), &zero_ops, NULL },
	{ "full", 0666, DEV_MAKE(1U, 7U), &full_ops, NULL },
	{ "random", 0666, DEV_MAKE(1U, 8U), &random_ops, NULL },
	{ "urandom", 0666, DEV_MAKE(1U, 9U), &random_ops, NULL },
	{ "tty", 0666, DEV_MAKE(5U, 0U), NULL, "/dev/tty" },
	{ "ptmx", 0666, DEV_MAKE(5U, 2U), NULL, "/dev/ptmx" },
};
#define DEVICES (sizeof(devices) / sizeof(devices[0]))

int dev_open(struct inode *i, uint64_t device, uint32_t flags, struct file **out)
{
	for (size_t d = 0; d < DEVICES; d++) {
		if (devices[d].number != device)
			continue;
		if (devices[d].host)
			return hostfs_open_path(devices[d].host, flags, out);
		*out = file_new(devices[d].ops, flags, NULL);
		if (!*out)
			return -ENOMEM;
		(*out)->inode = inode_get(i);
		return 0;
	}
	return -ENXIO;
}

static int make_link(struct inode *dir, const char *name, const char *target)
{
	return dir->ops->symlink(dir, name, strlen(name), target);
}

int dev_mount(struct inode **root)
{
	int error = tmpfs_new(0755, root);

	for (size_t d = 0; !error && d < DEVICES; d++)
		error = (*root)->ops->create(*root, devices[d].name, strlen(devices[d].name), S_IFCHR | devices[d].mode,
					     devices[d].number, NULL);
	if (error)
		return error;
	return make_link(*root, "fd", "/proc/self/fd") ?: make_link(*root, "stdin", "/proc/self/fd/0") ?:
	       make_link(*root, "stdout", "/proc/self/fd/1") ?: make_link(*root, "stderr", "/proc/self/fd/2") ?:
	       (*root)->ops->create(*root, "attestation", 11, S_IFDIR | 0755, 0, NULL) ?:
	       (*root)->ops->create(*root, "pts", 3, S_IFDIR | 0755, 0, NULL) ?:
	       (*root)->ops->create(*root, "shm", 3, S_IFDIR | 01777, 0, NULL);
}
