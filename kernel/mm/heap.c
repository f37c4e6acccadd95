/*
 * Two layers under one lock: runs of pages, found by a scan of one descriptor a page, and slab pages for sizes up to
 * 2 KiB. Descriptors lie at KERNEL_HEAP and are accepted as the heap grows; the pages follow. What lies below
 * `frontier` is in the enclave (but for thread blocks and their guards), what lies above never was: its first use needs
 * no zeroing.
 */
#include "kernel/mm/heap.h"

#include "abi/layout.h"
#include "base/mem.h"
#include "kernel/kernel.h"
#include "kernel/mm/epc.h"
#include "kernel/mm/heap_page.h"
#include "kernel/sync/lock.h"

#define BATCH 16U      /* pages accepted at once */
#define CLASS_MIN 32U
#define CLASSES 7U     /* 32 ... 2048 */
#define NO_OBJECT 0xffffU

static struct {
	struct lock lock; /* everything here, and every descriptor */
	uint32_t frontier;
	uint32_t hint;    /* no page below it is free */
	uint32_t free;    /* free pages below the frontier */
	uint64_t described; /* descriptors are accepted below this address */
	uint64_t committed;
	uint32_t partial[CLASSES]; /* slab pages with a free object; 0: none */
} heap;

static void *page_of(uint32_t index)
{
	return (void *)(HEAP_FIRST + (uint64_t)index * PAGE_SIZE);
}

static struct heap_page *describe(uint32_t index)
{
	return (struct heap_page *)HEAP_DESCRIPTORS + index;
}

static uint32_t index_of(const void *p)
{
	return (uint32_t)(((uint64_t)p - HEAP_FIRST) / PAGE_SIZE);
}

/* Make descriptors below `index` usable. Called with heap.lock held. */
static bool heap_describe(uint32_t index)
{
	uint64_t end = PAGE_UP((uint64_t)describe(index));

	while (heap.described < end) {
		uint64_t wanted = (end - heap.described) / PAGE_SIZE, got = epc_add(heap.described, wanted);

		heap.described += got * PAGE_SIZE;
		heap.committed += got;
		epc_settle();
		if (got != wanted)
			return false;
	}
	return true;
}

/* Accept pages beyond the frontier; they are free then. Called with heap.lock held. */
static bool heap_grow(uint32_t count)
{
	uint64_t got;

	if (count > HEAP_PAGES - heap.frontier || !heap_describe(heap.frontier + count))
		return false;
	got = epc_add((uint64_t)page_of(heap.frontier), count);
	for (uint64_t i = 0; i < got; i++)
		describe(heap.frontier + (uint32_t)i)->kind = HEAP_FRESH;
	heap.frontier += (uint32_t)got;
	heap.free += (uint32_t)got;
	heap.committed += got;
	epc_settle();
	return got == count;
}

/* The first `count` free pages in one piece, or frontier with *missing pages to be added. */
static uint32_t heap_scan(uint32_t count, uint32_t *missing)
{
	uint32_t run = 0;
	bool first = true;

	for (uint32_t i = heap.hint; i < heap.frontier; i++) {
		if (!heap_page_free(describe(i))) {
			run = 0;
			continue;
		}
		if (first)
			heap.hint = i;
		first = false;
		if (++run == count) {
			*missing = 0;
			return i + 1 - count;
		}
	}
	if (first)
		heap.hint = heap.frontier;
	*missing = count - run;
	return heap.frontier - run;
}

/* A run of `count` pages, marked; returns its index + 1, or 0. Pages that were used before are zeroed where `zero`. */
static uint32_t run_take(uint32_t count, bool zero)
{
	uint32_t missing = count, at = heap.frontier;

	if (!count || count > HEAP_PAGES)
		return 0;
	if (heap.free)
		at = heap_scan(count, &missing);
	if (missing) {
		uint32_t batch = missing < BATCH ? BATCH : missing;

		if (!heap_grow(batch) && heap.frontier < at + count)
			return 0;
	}
	for (uint32_t i = at; i < at + count; i++) {
		if (describe(i)->kind == HEAP_FREE && zero)
			memset(page_of(i), 0, PAGE_SIZE);
		describe(i)->kind = i == at ? HEAP_HEAD : HEAP_BODY;
	}
	heap.free -= count;
	if (at == heap.hint)
		heap.hint = at + count;
	return at + 1;
}

static void run_free(uint32_t at)
{
	uint32_t i = at;

	do {
		describe(i++)->kind = HEAP_FREE;
		heap.free++;
	} while (i < heap.frontier && describe(i)->kind == HEAP_BODY);
	if (at < heap.hint)
		heap.hint = at;
}

void *heap_pages(size_t count)
{
	uint32_t run;

	if (!count || count > HEAP_PAGES)
		return NULL;
	LOCKED(&heap.lock);
	run = run_take((uint32_t)count, true);
	return run ? page_of(run - 1) : NULL;
}

void heap_pages_free(void *p, size_t count)
{
	if (!p)
		return;
	LOCKED(&heap.lock);
	kernel_assert(describe(index_of(p))->kind == HEAP_HEAD);
	for (size_t i = 1; i < count; i++)
		kernel_assert(describe(index_of(p) + (uint32_t)i)->kind == HEAP_BODY);
	run_free(index_of(p));
}

static uint32_t class_of(size_t size)
{
	uint32_t class = 0;

	while ((size_t)CLASS_MIN << class < size)
		class++;
	return class;
}

static void partial_unlink(uint32_t class, struct heap_page *d)
{
	if (d->next)
		describe(d->next)->prev = d->prev;
	if (d->prev)
		describe(d->prev)->next = d->next;
	else
		heap.partial[class] = d->next;
	d->next = d->prev = 0;
}

static void partial_link(uint32_t class, uint32_t at)
{
	struct heap_page *d = describe(at);

	d->prev = 0;
	d->next = heap.partial[class];
	if (d->next)
		describe(d->next)->prev = at;
	heap.partial[class] = at;
}

/* A new slab page: its objects are chained by their first two bytes. */
static bool slab_grow(uint32_t class)
{
	uint32_t run = run_take(1, false), size = CLASS_MIN << class, count = (uint32_t)PAGE_SIZE / size;
	struct heap_page *d;
	uint8_t *page;

	if (!run)
		return false;
	d = describe(run - 1);
	page = page_of(run - 1);
	*d = (struct heap_page){ .kind = HEAP_SLAB, .class = (uint8_t)class };
	for (uint32_t i = 0; i < count; i++)
		*(uint16_t *)(page + i * size) = (uint16_t)(i + 1 < count ? i + 1 : NO_OBJECT);
	partial_link(class, run - 1);
	return true;
}

static void *slab_take(uint32_t class)
{
	uint32_t at = heap.partial[class];
	struct heap_page *d;
	uint16_t *object;

	if (!at) {
		if (!slab_grow(class))
			return NULL;
		at = heap.partial[class];
	}
	d = describe(at);
	object = (uint16_t *)((uint8_t *)page_of(at) + (size_t)d->first * (CLASS_MIN << class));
	d->first = *object;
	d->used++;
	if (d->first == NO_OBJECT)
		partial_unlink(class, d);
	return object;
}

static void slab_put(uint32_t at, void *p)
{
	struct heap_page *d = describe(at);
	uint32_t class = d->class, offset = (uint32_t)((uint64_t)p & PAGE_MASK), size = CLASS_MIN << class;

	kernel_assert(d->used && offset % size == 0);
	if (d->first == NO_OBJECT)
		partial_link(class, at);
	*(uint16_t *)p = d->first;
	d->first = (uint16_t)(offset / size);
	/* An empty page is kept while it is the only one of its class with room. */
	if (--d->used == 0 && (d->prev || d->next)) {
		partial_unlink(class, d);
		run_free(at);
	}
}

void *heap_alloc(size_t size)
{
	uint32_t class;
	void *p;

	if (!size)
		size = 1;
	if (size > CLASS_MIN << (CLASSES - 1))
		return size > HEAP_PAGES * PAGE_SIZE ? NULL : heap_pages(PAGE_UP(size) / PAGE_SIZE);
	class = class_of(size);
	lock_acquire(&heap.lock);
	p = slab_take(class);
	lock_release(&heap.lock);
	if (p)
		memset(p, 0, CLASS_MIN << class);
	return p;
}

void heap_free(void *p)
{
	uint32_t at = index_of(p);

	if (!p)
		return;
	LOCKED(&heap.lock);
	kernel_assert((uint64_t)p >= HEAP_FIRST && at < heap.frontier);
	if (describe(at)->kind == HEAP_SLAB) {
		slab_put(at, p);
		return;
	}
	kernel_assert(describe(at)->kind == HEAP_HEAD && !((uint64_t)p & PAGE_MASK));
	run_free(at);
}

uint64_t heap_committed(void)
{
	return __atomic_load_n(&heap.committed, __ATOMIC_RELAXED);
}

/*
 * Pages at the frontier that the caller accepts itself, or leaves as holes; they are never free again. Returns their
 * address, or 0.
 */
uint64_t heap_reserve(uint32_t count)
{
	uint64_t address;

	LOCKED(&heap.lock);
	if (count > HEAP_PAGES - heap.frontier || !heap_describe(heap.frontier + count))
		return 0;
	for (uint32_t i = 0; i < count; i++)
		describe(heap.frontier + i)->kind = HEAP_RESERVED;
	address = (uint64_t)page_of(heap.frontier);
	heap.frontier += count;
	return address;
}

void heap_count(int64_t pages)
{
	__atomic_add_fetch(&heap.committed, (uint64_t)pages, __ATOMIC_RELAXED);
}

void heap_start(void)
{
	heap.described = HEAP_DESCRIPTORS;
	heap.hint = heap.frontier = 1; /* index 0 means none in the links */
	heap.free = 0;
	heap.committed = 0;
	memset(heap.partial, 0, sizeof(heap.partial));
	if (!heap_describe(2))
		kernel_die("no memory for the kernel's heap: the first page at %#lx was not added", HEAP_DESCRIPTORS);
}
