/* Open file descriptions: made, counted, released; what many kinds of them do alike. */
#include "abi/linux/mman.h"
#include "base/mem.h"
#include "kernel/epoll/epoll.h"
#include "kernel/fs/vfs.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"
#include "kernel/task/process.h"

/*
 * Descriptions are never given back to the heap, only to this list (linked through `data`): fd_get() may look at one
 * that was just released, and must find a reference count there.
 */
static struct file *free_file; /* atomic: one that a single exchange finds */
static struct lock free_lock;
static struct file *free_files;

static struct file *file_alloc(void)
{
	struct file *f = LOCK_SWAP(&free_file, NULL);

	if (f)
		return f;
	lock_acquire(&free_lock);
	f = free_files;
	if (f)
		free_files = f->data;
	lock_release(&free_lock);
	return f ? f : heap_alloc(sizeof(*f));
}

struct file *file_new(const struct file_ops *ops, uint32_t flags, void *data)
{
	struct file *f = file_alloc();

	if (!f)
		return NULL;
	f->flags = flags;
	f->ops = ops;
	f->inode = NULL;
	f->pos_lock = (struct lock)LOCK_INIT;
	f->pos = 0;
	f->host_fd = -1;
	f->data = data;
	f->name = NULL;
	f->mounts_listed = 0;
	f->owner = 0;
	f->epoll_items = NULL;
	__atomic_store_n(&f->refs, 1, __ATOMIC_RELEASE);
	return f;
}

struct file *file_get(struct file *f)
{
	LOCK_ADD(&f->refs, 1);
	return f;
}

void file_put(struct file *f)
{
	if (!f || LOCK_ADD(&f->refs, -1U))
		return;
	epoll_file_released(f);
	if (f->ops->release)
		f->ops->release(f);
	if (f->inode)
		inode_put(f->inode);
	if (f->name && f->name != f->name_here)
		heap_free(f->name);
	f = LOCK_SWAP(&free_file, f);
	if (!f)
		return;
	lock_acquire(&free_lock);
	f->data = free_files;
	free_files = f;
	lock_release(&free_lock);
}

void file_set_name(struct file *f, const char *name, size_t length)
{
	if (f->name && f->name != f->name_here)
		heap_free(f->name);
	f->name = length < sizeof(f->name_here) ? f->name_here : heap_alloc(length + 1);
	if (!f->name)
		return;
	memcpy(f->name, name, length);
	f->name[length] = 0;
}

int file_inode(struct file *f, struct inode **out)
{
	if (f->inode) {
		*out = inode_get(f->inode);
		return 0;
	}
	return f->ops->as_inode ? f->ops->as_inode(f, out) : -ENOTDIR;
}

int file_getattr(struct file *f, struct stat *st)
{
	if (f->ops->getattr)
		return f->ops->getattr(f, st);
	if (f->inode)
		return f->inode->ops->getattr(f->inode, st);
	return -EBADF;
}

int file_map_check(const struct file *f, int prot, int flags)
{
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;

	if ((f->flags & O_ACCMODE) == O_WRONLY)
		return -EACCES;
	if (shared && prot & PROT_WRITE && (f->flags & O_ACCMODE) != O_RDWR)
		return -EACCES;
	return 0;
}

int file_map_any(struct file *f, int prot, int flags, uint64_t offset, uint64_t length)
{
	(void)offset;
	(void)length;
	return file_map_check(f, prot, flags);
}

int file_inode_getattr(struct file *f, struct stat *st)
{
	return f->inode->ops->getattr(f->inode, st);
}

int file_sync_nothing(struct file *f, bool data_only)
{
	(void)f;
	(void)data_only;
	return 0;
}
