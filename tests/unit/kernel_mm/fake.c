#include "tests/unit/kernel_mm/fake.h"

#include <stdarg.h>

#include "base/mem.h"
#include "kernel/kernel.h"
#include "kernel/mm/epc.h"
#include "kernel/mm/heap.h"
#include "kernel/task/process.h"

void *calloc(size_t count, size_t size);
void *aligned_alloc(size_t align, size_t size);
void free(void *p);
_Noreturn void abort(void);
int vprintf(const char *how, va_list list);
int printf(const char *how, ...);

#define SLOTS 16384U

struct process init_process;
uint64_t fake_memory, fake_host_calls, fake_heap_live;
static struct fake_page pages[SLOTS];

void fake_reset(void)
{
	memset(pages, 0, sizeof(pages));
	memset(&init_process, 0, sizeof(init_process));
	memset(&mm_self, 0, sizeof(mm_self));
	fake_memory = SLOTS / 2;
	fake_host_calls = 0;
}

/* Linear probing; removal leaves a tombstone (addr 1). */
static struct fake_page *slot(uint64_t addr, bool make)
{
	struct fake_page *grave = NULL;

	for (uint64_t i = addr / PAGE_SIZE * 2654435761UL;; i++) {
		struct fake_page *p = &pages[i % SLOTS];

		if (p->addr == addr)
			return p;
		if (p->addr == 1 && !grave)
			grave = p;
		if (!p->addr)
			return make ? (grave ? grave : p) : NULL;
	}
}

struct fake_page *fake_page(uint64_t addr)
{
	return slot(addr, false);
}

uint64_t fake_pages(void)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < SLOTS; i++)
		count += pages[i].addr > 1;
	return count;
}

static bool make(uint64_t addr, uint32_t rwx, uint64_t content)
{
	kernel_assert(!fake_page(addr));
	if (fake_pages() >= fake_memory)
		return false;
	*slot(addr, true) = (struct fake_page){ addr, rwx, content };
	return true;
}

uint64_t epc_add(uint64_t addr, uint64_t count)
{
	uint64_t done = 0;

	while (done < count && make(addr + done * PAGE_SIZE, PROT_READ | PROT_WRITE, 0))
		done++;
	return done;
}

int epc_add_copy(uint64_t addr, uint64_t source, uint32_t rwx)
{
	const struct fake_page *from = source < USER_TOP ? fake_page(source) : NULL;

	kernel_assert(!(source & PAGE_MASK));
	kernel_assert(source >= USER_TOP || (from && from->rwx & PROT_READ));
	kernel_assert(!(rwx & PROT_WRITE) || rwx & PROT_READ);
	return make(addr, rwx, from ? from->content : *(const uint64_t *)source) ? 0 : -ENOMEM;
}

void epc_extend(uint64_t addr, uint64_t count, uint32_t rwx)
{
	for (uint64_t i = 0; i < count; i++) {
		kernel_assert(fake_page(addr + i * PAGE_SIZE));
		fake_page(addr + i * PAGE_SIZE)->rwx |= rwx;
	}
}

void epc_settle(void)
{
}

int epc_restrict(uint64_t addr, uint64_t count, uint32_t from, uint32_t to)
{
	fake_host_calls++;
	kernel_assert(!(to & PROT_WRITE) || to & PROT_READ);
	for (uint64_t i = 0; i < count; i++) {
		struct fake_page *p = fake_page(addr + i * PAGE_SIZE);

		kernel_assert(p && (p->rwx == from || !to)); /* from all to nothing: any */
		p->rwx = from & to;
	}
	return 0;
}

int epc_remove(uint64_t addr, uint64_t count)
{
	fake_host_calls += 2;
	for (uint64_t i = 0; i < count; i++) {
		kernel_assert(fake_page(addr + i * PAGE_SIZE));
		fake_page(addr + i * PAGE_SIZE)->addr = 1;
	}
	return 0;
}

void epc_zero(uint64_t addr, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		kernel_assert(fake_page(addr + i * PAGE_SIZE)->rwx & PROT_WRITE);
		fake_page(addr + i * PAGE_SIZE)->content = 0;
	}
}

void epc_read(void *to, uint64_t addr, uint64_t size)
{
	for (uint64_t i = 0; i < size; i += PAGE_SIZE) {
		kernel_assert(fake_page(addr + i)->rwx & PROT_READ);
		*(uint64_t *)((uint8_t *)to + i) = fake_page(addr + i)->content;
	}
}

void epc_write(uint64_t addr, const void *from, uint64_t size)
{
	for (uint64_t i = 0; i < size; i += PAGE_SIZE) {
		kernel_assert(fake_page(addr + i)->rwx & PROT_WRITE && fake_page((uint64_t)from + i)->rwx & PROT_READ);
		fake_page(addr + i)->content = fake_page((uint64_t)from + i)->content;
	}
}

void *heap_alloc(size_t size)
{
	fake_heap_live++;
	return calloc(1, size);
}

void heap_free(void *p)
{
	fake_heap_live -= !!p;
	free(p);
}

void *heap_pages(size_t count)
{
	void *p = aligned_alloc(PAGE_SIZE, count * PAGE_SIZE);

	fake_heap_live++;
	memset(p, 0, count * PAGE_SIZE);
	return p;
}

void heap_pages_free(void *p, size_t count)
{
	(void)count;
	heap_free(p);
}

uint64_t heap_committed(void)
{
	return 0;
}

void kernel_log(const char *how, ...)
{
	(void)how;
}

void kernel_die(const char *how, ...)
{
	va_list list;

	va_start(list, how);
	vprintf(how, list);
	printf("\n");
	va_end(list);
	abort();
}

uint32_t lock_shared = 1;

void lock_acquire_slow(struct lock *l)
{
	kernel_die("a lock at %p is taken twice", (void *)l);
}

void lock_release_slow(struct lock *l)
{
	kernel_die("nobody waits for the lock at %p", (void *)l);
}

/* The test's own memory stands for the program's. */
int copy_to_user(uint64_t to, const void *from, size_t size)
{
	memcpy((void *)to, from, size);
	return 0;
}

struct file *file_get(struct file *f)
{
	f->refs++;
	return f;
}

void file_put(struct file *f)
{
	kernel_assert(!f || f->refs);
	if (f)
		f->refs--;
}

struct file *fd_get(int fd)
{
	(void)fd;
	return NULL;
}

static struct fake_file *fake_of(struct file *f)
{
	return container_of(f, struct fake_file, file);
}

static int fake_map_page(struct file *f, uint64_t index, void *page)
{
	fake_of(f)->reads++;
	kernel_assert(!mm_self.lock.state);
	if (fake_of(f)->meanwhile) {
		void (*meanwhile)(void) = fake_of(f)->meanwhile;

		fake_of(f)->meanwhile = NULL;
		meanwhile();
	}
	if (index == fake_of(f)->broken)
		return -EIO;
	*(uint64_t *)page = fake_of(f)->page[index];
	return 0;
}

static int fake_map_check(struct file *f, int prot, int flags, uint64_t offset, uint64_t length)
{
	(void)f, (void)prot, (void)flags, (void)offset, (void)length;
	return 0;
}

static int fake_getattr(struct file *f, struct stat *st)
{
	*st = (struct stat){
		.st_mode = S_IFREG, .st_dev = 1, .st_ino = fake_of(f)->number, .st_size = (int64_t)fake_of(f)->size
	};
	return 0;
}

static long fake_write(struct file *f, const struct iov *from, int64_t *pos)
{
	kernel_assert(!mm_self.lock.state);
	for (uint64_t i = 0; i < from->total; i += PAGE_SIZE)
		fake_of(f)->page[((uint64_t)*pos + i) / PAGE_SIZE] = *(uint64_t *)(from->one.addr + i);
	kernel_assert((uint64_t)*pos + from->total <= fake_of(f)->size);
	return (long)from->total;
}

void fake_file_init(struct fake_file *f, uint64_t size, uint32_t flags)
{
	static const struct file_ops ops = {
		.kind = "fake", .map_page = fake_map_page, .map_check = fake_map_check, .getattr = fake_getattr,
		.write = fake_write,
	};

	*f = (struct fake_file){ .file = { .refs = 1, .flags = flags, .ops = &ops, .host_fd = -1 }, .size = size,
				 .broken = UINT64_MAX, .number = (uint64_t)f };
	for (uint64_t i = 0; i < FAKE_FILE_PAGES; i++)
		f->page[i] = FAKE_FILE(i);
}
