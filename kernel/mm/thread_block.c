/* Thread blocks: laid out once at the heap's frontier, so that their guards were never pages, and then reused. */
#include "abi/layout.h"
#include "base/mem.h"
#include "kernel/kernel.h"
#include "kernel/mm/epc.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/heap_page.h"
#include "kernel/sync/lock.h"

static const struct {
	uint64_t start, end;
} block_parts[] = {
	{ THREAD_BLOCK_TCS, 0x5000 }, /* TCS, SSA, struct thread: no guard between them */
	{ THREAD_BLOCK_XSTACK, 0x8000 },
	{ THREAD_BLOCK_STACK, THREAD_BLOCK_END },
};
_Static_assert(THREAD_BLOCK_STRUCT + 2 * PAGE_SIZE == 0x5000, "thread block");

static struct {
	struct lock lock;
	uint64_t free; /* chained by the first word of the page of struct thread */
} blocks;

static uint64_t *block_link(uint64_t block)
{
	return (uint64_t *)(block + THREAD_BLOCK_STRUCT);
}

static uint64_t block_new(void)
{
	uint64_t block = heap_reserve(THREAD_BLOCK_SIZE / PAGE_SIZE);

	if (!block)
		return 0;
	for (size_t i = 0; i < sizeof(block_parts) / sizeof(block_parts[0]); i++) {
		uint64_t pages = (block_parts[i].end - block_parts[i].start) / PAGE_SIZE;
		uint64_t got = epc_add(block + block_parts[i].start, pages);

		heap_count((int64_t)got);
		if (got != pages)
			return 0; /* no memory at all: what was added of this block is lost */
	}
	return block;
}

uint64_t heap_thread_block(void)
{
	uint64_t block;

	lock_acquire(&blocks.lock);
	block = blocks.free;
	if (block)
		blocks.free = *block_link(block);
	lock_release(&blocks.lock);
	if (!block)
		return block_new();
	memset((void *)(block + THREAD_BLOCK_SSA), 0, 0x5000 - THREAD_BLOCK_SSA);
	if (epc_add(block + THREAD_BLOCK_TCS, 1) == 1)
		return block;
	lock_acquire(&blocks.lock);
	*block_link(block) = blocks.free;
	blocks.free = block;
	lock_release(&blocks.lock);
	return 0;
}

void heap_thread_block_free(uint64_t block)
{
	int error = epc_remove(block + THREAD_BLOCK_TCS, 1);

	if (error) {
		kernel_log("a finished thread's TCS could not be removed (error %d): its block is lost", -error);
		return;
	}
	LOCKED(&blocks.lock);
	*block_link(block) = blocks.free;
	blocks.free = block;
}
