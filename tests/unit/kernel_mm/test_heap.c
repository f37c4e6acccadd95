/*
 * The kernel's heap over the addresses that it has in the enclave, with mprotect for EACCEPT: what was not accepted
 * faults.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/kernel.h"
#include "kernel/mm/epc.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/heap_page.h"
#include "kernel/sync/lock.h"

#define STEPS 20000
#define LIVE 300U

static uint64_t accepted, removed, memory;

void epc_settle(void)
{
}

uint64_t epc_add(uint64_t addr, uint64_t count)
{
	if (count > memory - accepted)
		count = memory - accepted;
	assert_int_equal(count ? mprotect((void *)addr, count * PAGE_SIZE, PROT_READ | PROT_WRITE) : 0, 0);
	for (uint64_t i = 0; i < count * PAGE_SIZE; i += PAGE_SIZE)
		assert_int_equal(*(uint64_t *)(addr + i), 0);
	accepted += count;
	return count;
}

int epc_remove(uint64_t addr, uint64_t count)
{
	removed += count;
	assert_true(mmap((void *)addr, count * PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		    (void *)addr);
	return 0;
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

void kernel_log(const char *how, ...)
{
	(void)how;
}

void kernel_die(const char *how, ...)
{
	fprintf(stderr, "%s\n", how);
	abort();
}

static int setup(void **state)
{
	void *at = mmap((void *)KERNEL_HEAP, KERNEL_END - KERNEL_HEAP, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

	(void)state;
	assert_true(at == (void *)KERNEL_HEAP);
	accepted = removed = 0;
	memory = 100000;
	heap_start();
	return 0;
}

static bool filled(const uint8_t *p, size_t size, uint8_t byte)
{
	return p[0] == byte && !memcmp(p, p + 1, size - 1);
}

static void test_sizes(void **state)
{
	(void)state;
	for (size_t size = 0; size < 20000; size += size < 100 ? 1 : 97) {
		uint8_t *p = heap_alloc(size), *q = heap_alloc(size);
		size_t n = size ? size : 1;

		assert_non_null(p);
		assert_non_null(q);
		assert_true(p >= q + n || q >= p + n);
		assert_true(filled(p, n, 0) && filled(q, n, 0));
		assert_int_equal((uint64_t)p % (size > 2048 ? PAGE_SIZE : 32), 0);
		memset(p, 0xaa, n);
		memset(q, 0xbb, n);
		heap_free(p);
		assert_true(filled(q, n, 0xbb));
		heap_free(q);
	}
	heap_free(NULL);
}

/* Live blocks keep their contents, new ones are zero, and what is freed is used again. */
static void test_random(void **state)
{
	static struct {
		uint8_t *p;
		size_t size;
	} live[LIVE];
	unsigned int seed = 7;
	uint64_t bytes = 0, peak = 0;

	(void)state;
	for (int i = 0; i < STEPS; i++) {
		unsigned int k = (unsigned int)rand_r(&seed) % LIVE;
		uint8_t byte = (uint8_t)(k + 1);

		if (live[k].p) {
			assert_true(filled(live[k].p, live[k].size, byte));
			bytes -= live[k].size;
			if (live[k].size % PAGE_SIZE == 0)
				heap_pages_free(live[k].p, live[k].size / PAGE_SIZE);
			else
				heap_free(live[k].p);
			live[k].p = NULL;
			continue;
		}
		live[k].size = 1 + (size_t)rand_r(&seed) % (rand_r(&seed) % 4 ? 500 : 60000);
		if (rand_r(&seed) % 8 == 0)
			live[k].size = PAGE_UP(live[k].size);
		live[k].p = live[k].size % PAGE_SIZE ? heap_alloc(live[k].size) : heap_pages(live[k].size / PAGE_SIZE);
		assert_non_null(live[k].p);
		assert_true(filled(live[k].p, live[k].size, 0));
		memset(live[k].p, byte, live[k].size);
		bytes += live[k].size;
		peak = bytes > peak ? bytes : peak;
	}
	assert_int_equal(heap_committed(), accepted);
	assert_true(accepted * PAGE_SIZE < 2 * peak + MIB);
	for (unsigned int k = 0; k < LIVE; k++)
		heap_free(live[k].p);
	peak = accepted;
	assert_non_null(heap_pages(peak / 2)); /* all of it is in one piece again */
	assert_int_equal(accepted, peak);
}

static void test_exhausted(void **state)
{
	void *p, *first = NULL;
	int count = 0;

	(void)state;
	memory = accepted + 40;
	while ((p = heap_pages(3))) {
		count++;
		first = first ? first : p;
	}
	assert_true(count >= 10 && count <= 14);
	heap_pages_free(first, 3);
	assert_true(heap_pages(3) == first);
	assert_null(heap_alloc(MIB));
	assert_null(heap_alloc(SIZE_MAX));
	assert_null(heap_pages(SIZE_MAX));
	assert_null(heap_pages(0));
}

/* Can this page be touched? */
static bool present(uint64_t addr)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uint64_t start, end;
	char perms[8], line[512];
	bool found = false;

	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %7s", &start, &end, perms) == 3 && addr >= start && addr < end)
			found = perms[0] == 'r';
	fclose(maps);
	return found;
}

static void test_thread_block(void **state)
{
	uint64_t a, b;

	(void)state;
	assert_non_null(heap_pages(5)); /* the frontier is somewhere */
	a = heap_thread_block();
	b = heap_thread_block();
	assert_true(a && b && (a + THREAD_BLOCK_SIZE <= b || b + THREAD_BLOCK_SIZE <= a));
	for (uint64_t page = 0; page < THREAD_BLOCK_SIZE; page += PAGE_SIZE) {
		bool guard = page == 0x5000 || page == 0x8000 || page == THREAD_BLOCK_END;

		assert_int_equal(present(a + page), !guard);
	}
	memset((void *)(a + THREAD_BLOCK_STRUCT), 0xff, 2 * PAGE_SIZE);
	heap_thread_block_free(a);
	assert_int_equal(removed, 1); /* the TCS */
	assert_true(heap_thread_block() == a);
	assert_true(filled((uint8_t *)a, 0x5000, 0));
	assert_true(heap_thread_block() != a);
	/* Guards are never handed out. */
	for (int i = 0; i < 100; i++) {
		uint8_t *p = heap_pages(1);

		assert_true((uint64_t)p < a || (uint64_t)p >= a + THREAD_BLOCK_SIZE);
		*p = 1;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_sizes, setup),
		cmocka_unit_test_setup(test_random, setup),
		cmocka_unit_test_setup(test_exhausted, setup),
		cmocka_unit_test_setup(test_thread_block, setup),
	};

	return cmocka_run_group_tests_name("kernel_mm_heap", tests, NULL, NULL);
}
