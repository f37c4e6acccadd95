/* Descriptors. Looking one up takes no lock; changing the table takes fdtable.lock. */
#include "base/mem.h"
#include "kernel/fs/flock.h"
#include "kernel/fs/hostfs.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"
#include "kernel/task/process.h"

#define CHUNK 1024U
#define CHUNKS 1024U
#define FDS ((int)(CHUNK * CHUNKS))

/* Chunks are never freed, so a reader may hold on to one. */
struct fd_chunk {
	struct file *files[CHUNK]; /* atomic */
	uint64_t used[CHUNK / 64];
	uint64_t cloexec[CHUNK / 64];
};

struct fdtable {
	struct lock lock;
	struct fd_chunk *chunks[CHUNKS]; /* atomic */
	int lowest_free; /* every descriptor below is used */
};

static struct fdtable table;

/* Where a descriptor, which is not negative, stands: its chunk; in it, the slot and the word of bits. */
static uint32_t chunk_of(int fd)
{
	return (uint32_t)fd / CHUNK;
}

static uint32_t index_of(int fd)
{
	return (uint32_t)fd % CHUNK;
}

static uint32_t word_of(int fd)
{
	return index_of(fd) / 64;
}

static struct file **slot_of(int fd)
{
	struct fd_chunk *c;

	if (fd < 0 || fd >= FDS)
		return NULL;
	c = __atomic_load_n(&table.chunks[chunk_of(fd)], __ATOMIC_ACQUIRE);
	return c ? &c->files[index_of(fd)] : NULL;
}

struct file *fd_get(int fd)
{
	struct file **slot = slot_of(fd), *f;
	uint32_t refs;

	if (slot && lock_alone())
		return *slot ? file_get(*slot) : NULL;
	while (slot && (f = __atomic_load_n(slot, __ATOMIC_ACQUIRE))) {
		refs = __atomic_load_n(&f->refs, __ATOMIC_RELAXED);
		/* 0: being released. Descriptions keep their memory (file.c), so the counter may be read. */
		if (!refs || !__atomic_compare_exchange_n(&f->refs, &refs, refs + 1, false, __ATOMIC_ACQUIRE,
							  __ATOMIC_RELAXED))
			continue;
		if (__atomic_load_n(slot, __ATOMIC_ACQUIRE) == f)
			return f;
		file_put(f);
	}
	return NULL;
}

struct file *fd_get_opened(int fd)
{
	struct file *f = fd_get(fd);

	if (!f || !(f->flags & O_PATH))
		return f;
	file_put(f);
	return NULL;
}

static int fd_limit(void)
{
	uint64_t limit = init_process.limits[RLIMIT_NOFILE].rlim_cur;

	return limit < FDS ? (int)limit : FDS;
}

/* table.lock is held. */
static struct fd_chunk *chunk_make(int fd)
{
	struct fd_chunk **c = &table.chunks[chunk_of(fd)];

	if (!*c) {
		struct fd_chunk *fresh = heap_alloc(sizeof(*fresh));

		__atomic_store_n(c, fresh, __ATOMIC_RELEASE);
	}
	return *c;
}

/* table.lock is held. The lowest free descriptor >= fd. */
static int find_free(int fd)
{
	if (fd < table.lowest_free)
		fd = table.lowest_free;
	for (; fd < FDS; fd = (fd | 63) + 1) {
		struct fd_chunk *c = table.chunks[chunk_of(fd)];
		uint64_t open;

		if (!c)
			return fd;
		open = ~c->used[word_of(fd)] & (~0UL << (fd & 63));
		if (open)
			return (fd & ~63) + __builtin_ctzl(open);
	}
	return fd;
}

/* table.lock is held. Returns what was there before. */
static struct file *slot_set(struct fd_chunk *c, int fd, struct file *f, uint32_t fd_flags)
{
	uint64_t bit = 1UL << (fd & 63);
	uint32_t word = word_of(fd);
	struct file *old = c->files[index_of(fd)];

	c->used[word] = f ? c->used[word] | bit : c->used[word] & ~bit;
	c->cloexec[word] = fd_flags & FD_CLOEXEC ? c->cloexec[word] | bit : c->cloexec[word] & ~bit;
	__atomic_store_n(&c->files[index_of(fd)], f, __ATOMIC_RELEASE);
	if (f && fd == table.lowest_free)
		table.lowest_free = fd + 1;
	else if (!f && fd < table.lowest_free)
		table.lowest_free = fd;
	return old;
}

int fd_install(struct file *f, uint32_t fd_flags, int lowest)
{
	struct fd_chunk *c;
	int fd;

	LOCKED(&table.lock);
	fd = find_free(lowest);
	if (fd >= fd_limit())
		return -EMFILE;
	c = chunk_make(fd);
	if (!c)
		return -ENOMEM;
	slot_set(c, fd, f, fd_flags);
	return fd;
}

static void close_file(struct file *f)
{
	flock_close(f);
	file_put(f);
}

int fd_inherit(struct file *f, uint32_t fd_flags, int fd)
{
	struct file *old = NULL;
	struct fd_chunk *c;

	if (fd < 0 || fd >= FDS)
		return -EBADF;
	lock_acquire(&table.lock);
	c = chunk_make(fd);
	if (c)
		old = slot_set(c, fd, f, fd_flags);
	lock_release(&table.lock);
	if (old)
		close_file(old);
	return c ? fd : -ENOMEM;
}

int fd_install_at(struct file *f, uint32_t fd_flags, int fd)
{
	return fd < fd_limit() ? fd_inherit(f, fd_flags, fd) : -EBADF;
}

static struct file *take(int fd)
{
	struct file **slot = slot_of(fd);

	if (!slot)
		return NULL;
	LOCKED(&table.lock);
	return *slot ? slot_set(table.chunks[chunk_of(fd)], fd, NULL, 0) : NULL;
}

int fd_close(int fd)
{
	struct file *f = take(fd);

	if (!f)
		return -EBADF;
	close_file(f);
	return 0;
}

int fd_next(int fd)
{
	for (; fd < FDS; fd++) {
		struct file **slot = slot_of(fd);

		if (!slot)
			fd |= (int)CHUNK - 1;
		else if (__atomic_load_n(slot, __ATOMIC_RELAXED))
			return fd;
	}
	return -1;
}

int fd_flags(int fd)
{
	struct file **slot = slot_of(fd);

	if (!slot)
		return -EBADF;
	LOCKED(&table.lock);
	if (!*slot)
		return -EBADF;
	return table.chunks[chunk_of(fd)]->cloexec[word_of(fd)] >> (fd & 63) & 1 ? FD_CLOEXEC : 0;
}

int fd_set_flags(int fd, uint32_t fd_flags)
{
	struct file **slot = slot_of(fd);

	if (!slot)
		return -EBADF;
	LOCKED(&table.lock);
	if (!*slot)
		return -EBADF;
	slot_set(table.chunks[chunk_of(fd)], fd, *slot, fd_flags);
	return 0;
}

int fd_close_range(uint32_t first, uint32_t last, bool only_mark)
{
	if (first >= (uint32_t)FDS)
		return 0;
	for (int fd = fd_next((int)first); fd >= 0 && (uint32_t)fd <= last; fd = fd_next(fd + 1)) {
		if (only_mark)
			fd_set_flags(fd, FD_CLOEXEC);
		else
			fd_close(fd);
	}
	return 0;
}

void fd_close_on_exec(void)
{
	for (int fd = fd_next(0); fd >= 0; fd = fd_next(fd + 1)) {
		if (fd_flags(fd) == FD_CLOEXEC)
			fd_close(fd);
	}
}

void fdtable_start(void)
{
	init_process.files = &table;
}
