/* The address space against a page-array oracle, and case by case where Linux has particular answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those */
#include <cmocka.h>

#include "base/mem.h"
#include "tests/unit/kernel_mm/fake.h"
#include "kernel/syscall.h"
#include "kernel/task/process.h"

void *mmap(void *addr, size_t length, int prot, int flags, int fd, long offset);

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define BASE 0x10000000UL
#define AT(page) (BASE + (uint64_t)(page) * PAGE_SIZE)
#define PAGES(n) ((uint64_t)(n) * PAGE_SIZE)

static long call(long (*handler)(const struct regs *), uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	struct regs r = { .rdi = a, .rsi = b, .rdx = c, .r10 = d, .r8 = e };

	return handler(&r);
}

/* Touch as a program does. write: the content it leaves. */
static enum mm_fault_result touch_write(uint64_t addr, uint64_t content)
{
	for (int i = 0; i < 3; i++) {
		struct fake_page *p = fake_page(PAGE_DOWN(addr));
		enum mm_fault_result result;

		if (p && p->rwx & PROT_WRITE) {
			p->content = content;
			return MM_FAULT_DONE;
		}
		result = mm_fault(addr, 2);
		if (result != MM_FAULT_DONE)
			return result;
	}
	fail_msg("a write at %lx faults for ever", addr);
	return MM_FAULT_BUS;
}

static enum mm_fault_result touch_read(uint64_t addr, uint64_t *content)
{
	for (int i = 0; i < 3; i++) {
		struct fake_page *p = fake_page(PAGE_DOWN(addr));
		enum mm_fault_result result;

		if (p && p->rwx & PROT_READ) {
			*content = p->content;
			return MM_FAULT_DONE;
		}
		result = mm_fault(addr, 0);
		if (result != MM_FAULT_DONE)
			return result;
	}
	fail_msg("a read at %lx faults for ever", addr);
	return MM_FAULT_BUS;
}

static int setup(void **state)
{
	(void)state;
	fake_reset();
	mm_start(0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(mm_unmap(USER_BOTTOM, USER_TOP - USER_BOTTOM), 0);
	assert_int_equal(fake_pages(), mm_self.parked);
	space_unpark(&mm_self);
	assert_int_equal(fake_pages(), 0);
	assert_int_equal(mm_self.parked, 0);
	assert_int_equal(mm_self.committed, 0);
	assert_int_equal(mm_self.virtual_pages, 0);
	assert_int_equal(mm_self.areas.count, 0);
	return 0;
}

/* --- what always holds --- */

static uint32_t check_tree(const struct vma *v, uint64_t *end)
{
	uint32_t l, r;
	uint64_t gap = 0;

	if (!v)
		return 0;
	l = check_tree(v->left, end);
	assert_true(v->start < v->end && v->start >= *end && !(v->start & PAGE_MASK) && !(v->end & PAGE_MASK));
	*end = v->end;
	r = check_tree(v->right, end);
	assert_true(l <= r + 1 && r <= l + 1);
	assert_int_equal(v->height, 1 + (l > r ? l : r));
	assert_int_equal(v->lowest, v->left ? v->left->lowest : v->start);
	assert_int_equal(v->highest, v->right ? v->right->highest : v->end);
	if (v->left)
		gap = v->start - v->left->highest > v->left->gap ? v->start - v->left->highest : v->left->gap;
	if (v->right && v->right->lowest - v->end > gap)
		gap = v->right->lowest - v->end;
	if (v->right && v->right->gap > gap)
		gap = v->right->gap;
	assert_int_equal(v->gap, gap);
	return v->height;
}

static void check_space(void)
{
	uint64_t end = 0, pages = 0, committed = 0, parked = 0, virtual = 0;
	uint32_t count = 0, state;

	assert_int_equal(mm_self.lock.state, 0);
	(void)check_tree(mm_self.areas.root, &end);
	for (struct vma *v = vma_find(&mm_self.areas, 0); v; v = vma_next(&mm_self.areas, v)) {
		count++;
		virtual += (v->end - v->start) / PAGE_SIZE;
		for (uint64_t a = v->start; a < v->end; a += PAGE_SIZE) {
			const struct fake_page *p = fake_page(a);

			state = pagemap_get(&mm_self.pages, a);
			pages += !!(state & PAGE_COMMITTED);
			assert_int_equal(state & PAGE_PARKED ? 0 : state, p && p->rwx ? PAGE_COMMITTED | p->rwx :
					 state & PAGE_COMMITTED);
			assert_int_equal(!p, !state);
			assert_true(!(state & PAGE_PARKED) || (!p->rwx && !p->content));
			assert_true(!p || !(p->rwx & ~vma_access(v->prot)));
		}
	}
	for (uint64_t a = 0, stop; (stop = pagemap_next(&mm_self.pages, &a, USER_TOP, &state)); a = stop)
		*(state & PAGE_COMMITTED ? &committed : &parked) += (stop - a) / PAGE_SIZE;
	assert_int_equal(count, mm_self.areas.count);
	assert_int_equal(virtual, mm_self.virtual_pages);
	assert_int_equal(pages, mm_self.committed);
	assert_int_equal(committed, mm_self.committed);
	assert_int_equal(parked, mm_self.parked);
	assert_int_equal(committed + parked, fake_pages());
}

/* --- random operations against an array --- */

#define WINDOW 1024U
#define WINDOW_START (MM_TOP - PAGES(WINDOW))
#define STEPS 25000

struct oracle_page {
	bool mapped, file, locked, shared;
	uint32_t prot;
	uint64_t content, source; /* source: the file's content, under a page never written */
};
static struct oracle_page oracle[WINDOW];
static uint64_t seed;

static uint64_t random_below(uint64_t bound)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return (seed >> 33) % bound;
}

static struct oracle_page *at(uint64_t addr)
{
	assert_true(addr >= WINDOW_START && addr < MM_TOP);
	return &oracle[(addr - WINDOW_START) / PAGE_SIZE];
}

static bool oracle_all(uint64_t addr, uint64_t pages, bool mapped)
{
	for (uint64_t i = 0; i < pages; i++)
		if (at(addr + PAGES(i))->mapped != mapped)
			return false;
	return true;
}

/* Room for a mapping that the kernel places; without it, it would go below the window. */
static bool oracle_room(uint64_t pages)
{
	uint64_t run = 0;

	for (uint64_t i = 0; i < WINDOW && run < pages; i++)
		run = oracle[i].mapped ? 0 : run + 1;
	return run == pages;
}

static uint32_t random_prot(void)
{
	static const uint32_t prots[] = { PROT_NONE, PROT_READ, RW, RW, RW, PROT_READ | PROT_EXEC, RW | PROT_EXEC };

	return prots[random_below(sizeof(prots) / sizeof(prots[0]))];
}

static void random_range(uint64_t *addr, uint64_t *pages)
{
	uint64_t first = random_below(WINDOW);

	*pages = 1 + random_below(random_below(4) ? 24 : 200);
	if (*pages > WINDOW - first)
		*pages = WINDOW - first;
	*addr = WINDOW_START + PAGES(first);
}

static void step_map(struct fake_file *f)
{
	uint64_t addr, pages, index = random_below(32);
	uint32_t prot = random_prot(), kind = (uint32_t)random_below(4);
	const bool shared = !f && random_below(3) == 0;
	int flags = shared ? MAP_SHARED : MAP_PRIVATE;
	long got;

	random_range(&addr, &pages);
	if (f && pages > 32)
		pages = 32;
	if (kind >= 2 && !oracle_room(pages))
		return;
	flags |= (f ? 0 : MAP_ANONYMOUS) | (kind == 0 ? MAP_FIXED : kind == 1 ? MAP_FIXED_NOREPLACE : 0);
	flags |= random_below(10) == 0 ? MAP_POPULATE : 0;
	got = mm_map(kind == 3 ? 0 : addr, PAGES(pages) - random_below(PAGE_SIZE), (int)prot, flags,
		     f ? &f->file : NULL, PAGES(index));
	if (kind == 1 && !oracle_all(addr, pages, false)) {
		assert_int_equal(got, -EEXIST);
		return;
	}
	assert_true(got > 0);
	if (kind <= 1 || (kind == 2 && oracle_all(addr, pages, false)))
		assert_int_equal(got, addr);
	else
		assert_true(oracle_all((uint64_t)got, pages, false));
	for (uint64_t i = 0; i < pages; i++) {
		uint64_t content = f ? FAKE_FILE(index + i) : 0;

		*at((uint64_t)got + PAGES(i)) = (struct oracle_page){
			.mapped = true, .file = f, .shared = shared, .prot = prot, .content = content, .source = content
		};
	}
}

static void step_unmap(void)
{
	uint64_t addr, pages;

	random_range(&addr, &pages);
	assert_int_equal(mm_unmap(addr, PAGES(pages)), 0);
	for (uint64_t i = 0; i < pages; i++)
		at(addr + PAGES(i))->mapped = false;
}

static void step_protect(void)
{
	uint64_t addr, pages;
	uint32_t prot = random_prot();

	random_range(&addr, &pages);
	assert_int_equal(mm_protect(addr, PAGES(pages), (int)prot), oracle_all(addr, pages, true) ? 0 : -ENOMEM);
	for (uint64_t i = 0; i < pages && at(addr + PAGES(i))->mapped; i++)
		at(addr + PAGES(i))->prot = prot;
}

static void step_touch(void)
{
	uint64_t addr = WINDOW_START + PAGES(random_below(WINDOW)), content = 0;
	struct oracle_page *o = at(addr);
	bool write = random_below(2);
	enum mm_fault_result got = write ? touch_write(addr + 5, seed) : touch_read(addr + 5, &content);

	if (!o->mapped) {
		assert_int_equal(got, MM_FAULT_MAPERR);
	} else if (!(vma_access(o->prot) & (write ? PROT_WRITE : PROT_READ))) {
		assert_int_equal(got, MM_FAULT_ACCERR);
	} else if (o->file && o->source >= FAKE_FILE(FAKE_FILE_PAGES)) {
		assert_int_equal(got, MM_FAULT_BUS); /* grown beyond the end by mremap */
	} else {
		assert_int_equal(got, MM_FAULT_DONE);
		if (write)
			o->content = seed;
		else
			assert_int_equal(content, o->content);
	}
}

static void step_advise(void)
{
	static const int advice[] = { MADV_DONTNEED, MADV_DONTNEED, MADV_WILLNEED,
				      MADV_RANDOM,   MADV_NORMAL,   MADV_DONTFORK };
	uint64_t addr, pages;
	int what = advice[random_below(6)];

	random_range(&addr, &pages);
	assert_int_equal(call(sys_madvise, addr, PAGES(pages), (uint64_t)what, 0, 0),
			 oracle_all(addr, pages, true) ? 0 : -ENOMEM);
	for (uint64_t i = 0; i < pages && what == MADV_DONTNEED; i++)
		if (!at(addr + PAGES(i))->shared)
			at(addr + PAGES(i))->content = at(addr + PAGES(i))->source;
}

/* One area as the kernel sees it: mremap does not cross areas. */
static bool one_area(uint64_t addr, uint64_t pages)
{
	const struct vma *v = vma_find(&mm_self.areas, addr);

	return v && v->start <= addr && v->end >= addr + PAGES(pages);
}

static void step_remap(void)
{
	uint64_t addr, pages, to = 0, more = 1 + random_below(40), n;
	int flags = random_below(3) ? MREMAP_MAYMOVE : 0;
	const bool whole = (random_range(&addr, &pages), one_area(addr, pages));
	struct oracle_page old[WINDOW];
	long got;

	if (random_below(4) == 0) {
		flags = MREMAP_MAYMOVE | MREMAP_FIXED;
		to = WINDOW_START + PAGES(random_below(WINDOW - more));
	}
	if (flags == MREMAP_MAYMOVE && !oracle_room(more))
		return;
	memcpy(old, at(addr), pages * sizeof(old[0]));
	got = call(sys_mremap, addr, PAGES(pages), PAGES(more), (uint64_t)flags, to);
	if (flags & MREMAP_FIXED && to < addr + PAGES(pages) && addr < to + PAGES(more)) {
		assert_int_equal(got, -EINVAL);
		return;
	}
	if (!whole) {
		assert_int_equal(got, -EFAULT);
		return;
	}
	if (got == -ENOMEM) {
		assert_true(!(flags & MREMAP_MAYMOVE) && more > pages);
		return;
	}
	assert_true(got > 0);
	for (uint64_t i = 0; i < pages; i++)
		at(addr + PAGES(i))->mapped = false;
	n = pages < more ? pages : more;
	for (uint64_t i = 0; i < more; i++) {
		struct oracle_page *o = at((uint64_t)got + PAGES(i));

		*o = old[i < n ? i : n - 1];
		if (i >= n)
			o->content = o->source = o->file ? old[n - 1].source + (i - n) + 1 : 0;
	}
}

static void test_random(void **state)
{
	static struct fake_file f;

	(void)state;
	seed = 20261121;
	memset(oracle, 0, sizeof(oracle));
	fake_file_init(&f, PAGES(FAKE_FILE_PAGES), O_RDONLY);
	for (uint64_t i = 0; i < FAKE_FILE_PAGES; i++)
		f.page[i] = FAKE_FILE(i);
	for (int i = 0; i < STEPS; i++) {
		uint64_t what = random_below(20);

		if (what < 2)
			step_map(NULL);
		else if (what < 3)
			step_map(&f);
		else if (what < 5)
			step_unmap();
		else if (what < 7)
			step_protect();
		else if (what < 8)
			step_advise();
		else if (what < 9)
			step_remap();
		else
			step_touch();
		if (i % 32 == 0)
			check_space();
	}
	check_space();
	assert_int_equal(mm_unmap(WINDOW_START, PAGES(WINDOW)), 0);
	assert_int_equal(f.file.refs, 1);
}

/* --- cases --- */

static void test_decode(void **state)
{
	(void)state;
	assert_int_equal(mm_map(0, 0, RW, ANON, NULL, 0), -EINVAL);
	assert_int_equal(mm_map(0, PAGE_SIZE, RW, MAP_ANONYMOUS, NULL, 0), -EINVAL);
	assert_int_equal(mm_map(0, PAGE_SIZE, RW, ANON, NULL, 1), -EINVAL);
	assert_int_equal(mm_map(0, UINT64_MAX, RW, ANON, NULL, 0), -ENOMEM);
	assert_int_equal(mm_map(0, USER_TOP, RW, ANON, NULL, 0), -ENOMEM);
	assert_int_equal(mm_map(0, PAGE_SIZE, RW, ANON | MAP_HUGETLB, NULL, 0), -ENOMEM);
	assert_int_equal(mm_map(AT(0) + 1, PAGE_SIZE, RW, ANON | MAP_FIXED, NULL, 0), -EINVAL);
	assert_int_equal(mm_map(0, PAGE_SIZE, RW, ANON | MAP_FIXED, NULL, 0), -EPERM);
	assert_int_equal(mm_map(USER_TOP, PAGE_SIZE, RW, ANON | MAP_FIXED, NULL, 0), -ENOMEM);
	assert_int_equal(mm_map(USER_TOP - PAGE_SIZE, PAGES(2), RW, ANON | MAP_FIXED, NULL, 0), -ENOMEM);
	assert_int_equal(mm_unmap(AT(0) + 1, PAGE_SIZE), -EINVAL);
	assert_int_equal(mm_unmap(AT(0), 0), -EINVAL);
	assert_int_equal(mm_unmap(AT(0), UINT64_MAX), -EINVAL);
	assert_int_equal(mm_protect(AT(0), PAGE_SIZE, 0x100), -EINVAL);
	assert_int_equal(mm_protect(AT(0), PAGE_SIZE, RW), -ENOMEM);
	assert_int_equal(mm_protect(AT(0), UINT64_MAX - 1, RW), -ENOMEM);
}

static void test_places(void **state)
{
	long a, b;

	(void)state;
	a = mm_map(0, PAGES(3), RW, ANON, NULL, 0);
	assert_int_equal(a, MM_TOP - PAGES(3));
	b = mm_map(0, PAGES(2), PROT_READ, ANON, NULL, 0);
	assert_int_equal(b, a - (long)PAGES(2));
	assert_int_equal(mm_unmap((uint64_t)a, PAGES(3)), 0);
	assert_int_equal(mm_map(0, PAGES(4), RW, ANON, NULL, 0), b - (long)PAGES(4));
	assert_int_equal(mm_map(0, PAGES(3), RW, ANON, NULL, 0), a);
	/* A hint is taken when it is free, whatever it is (Go: 0xc000000000), and forgotten when not. */
	assert_int_equal(mm_map(0xc000000000, 64 * MIB, PROT_NONE, ANON, NULL, 0), 0xc000000000);
	assert_true(mm_map(0xc000000000, 64 * MIB, PROT_NONE, ANON, NULL, 0) > 0xd000000000);
	assert_int_equal(mm_map(AT(0) + 1, PAGE_SIZE, RW, ANON, NULL, 0), AT(1));
	a = mm_map(0, PAGES(3), RW, ANON | MAP_32BIT, NULL, 0);
	assert_true(a >= 0x40000000 && a < 0x80000000);
	/* A reservation of most of the range costs nothing. */
	assert_true(mm_map(0, 512 * GIB, PROT_NONE, ANON | MAP_NORESERVE, NULL, 0) > 0);
	assert_int_equal(mm_self.committed, 0);
	check_space();
}

static void test_merge(void **state)
{
	(void)state;
	assert_int_equal(mm_map(AT(0), PAGES(4), RW, ANON | MAP_FIXED, NULL, 0), AT(0));
	assert_int_equal(mm_map(AT(4), PAGES(4), RW, ANON | MAP_FIXED, NULL, 0), AT(4));
	assert_int_equal(mm_self.areas.count, 1);
	assert_int_equal(mm_protect(AT(2), PAGES(2), PROT_READ), 0);
	assert_int_equal(mm_self.areas.count, 3);
	assert_int_equal(mm_protect(AT(0), PAGES(8), PROT_READ), 0);
	assert_int_equal(mm_self.areas.count, 1);
	assert_int_equal(mm_unmap(AT(3), PAGE_SIZE), 0);
	assert_int_equal(mm_self.areas.count, 2);
	check_space();
}

static void test_fault_around(void **state)
{
	(void)state;
	assert_int_equal(mm_map(AT(3), PAGES(1000), RW, ANON | MAP_FIXED, NULL, 0), AT(3));
	assert_int_equal(mm_fault(AT(5), 2), MM_FAULT_DONE);
	assert_int_equal(mm_self.committed, 13); /* pages 3 to 15: the aligned run, cut by the area's start */
	assert_int_equal(mm_fault(AT(16), 2), MM_FAULT_DONE);
	assert_int_equal(mm_self.committed, 13 + 32); /* straight on: twice as much */
	assert_int_equal(mm_fault(AT(48), 2), MM_FAULT_DONE);
	assert_int_equal(mm_self.committed, 13 + 32 + 64);
	assert_int_equal(mm_fault(AT(1000), 2), MM_FAULT_DONE);
	assert_int_equal(mm_self.committed, 13 + 32 + 64 + 11); /* 992 to 1002 */
	assert_int_equal(call(sys_madvise, AT(500), PAGES(100), MADV_RANDOM, 0, 0), 0);
	assert_int_equal(mm_fault(AT(550), 2), MM_FAULT_DONE);
	assert_int_equal(mm_self.committed, 13 + 32 + 64 + 11 + 1);
	check_space();
}

static void test_limit(void **state)
{
	(void)state;
	assert_int_equal(mm_map(AT(0), PAGES(64), RW, ANON | MAP_FIXED, NULL, 0), AT(0));
	mm_self.limit = 20;
	assert_int_equal(mm_fault(AT(0), 2), MM_FAULT_DONE);
	assert_int_equal(mm_self.committed, 16);
	for (int i = 0; i < 4; i++)
		assert_int_equal(mm_fault(AT(32 + i), 2), MM_FAULT_DONE);
	assert_int_equal(mm_self.committed, 20);
	assert_int_equal(mm_fault(AT(40), 2), MM_FAULT_BUS);
	assert_int_equal(mm_unmap(AT(0), PAGES(8)), 0);
	assert_int_equal(mm_fault(AT(40), 2), MM_FAULT_DONE);
	assert_int_equal(mm_self.peak, 20);
	/* The processor itself has no more. */
	mm_self.limit = 10000;
	fake_memory = fake_pages() + 3;
	assert_int_equal(mm_fault(AT(48), 2), MM_FAULT_DONE);
	assert_int_equal(mm_fault(AT(52), 2), MM_FAULT_BUS);
	check_space();
}

/* What would not fit if it were touched is refused; reservations, stacks and what is there already are not. */
static void test_charge(void **state)
{
	(void)state;
	mm_self.limit = 320; /* 10 of them are the reserve */
	assert_int_equal(mm_map(AT(0), PAGES(311), RW, ANON | MAP_FIXED, NULL, 0), -ENOMEM);
	assert_int_equal(mm_map(AT(0), PAGES(310), RW, ANON | MAP_FIXED, NULL, 0), AT(0));
	assert_int_equal(mm_map(AT(1000), PAGES(310), RW, ANON | MAP_FIXED, NULL, 0), AT(1000)); /* nothing adds up */
	for (int i = 0; i < 100; i++)
		assert_int_equal(touch_write(AT(i), 1), MM_FAULT_DONE);
	assert_true(mm_self.committed >= 100 && mm_self.committed < 300);
	assert_int_equal(mm_map(AT(2000), PAGES(310), RW, ANON | MAP_FIXED, NULL, 0), -ENOMEM);
	assert_int_equal(mm_map(AT(2000), PAGES(310), PROT_READ, ANON | MAP_FIXED, NULL, 0), AT(2000));
	assert_int_equal(mm_protect(AT(2000), PAGES(310), RW), -ENOMEM);
	assert_int_equal(mm_protect(AT(2000), PAGES(8), RW), 0);
	assert_int_equal(call(sys_mremap, AT(1000), PAGES(310), PAGES(620), MREMAP_MAYMOVE, 0), -ENOMEM);
	/* In place of pages that are there: those are not charged twice. */
	assert_int_equal(mm_map(AT(0), PAGES(310), RW, ANON | MAP_FIXED, NULL, 0), AT(0));
	assert_int_equal(mm_map(AT(5000), PAGES(4000), RW, ANON | MAP_FIXED, NULL, 0), -ENOMEM);
	assert_int_equal(mm_map(AT(5000), PAGES(4000), RW, ANON | MAP_FIXED | MAP_NORESERVE, NULL, 0), AT(5000));
	assert_int_equal(mm_map(AT(5000), PAGES(4000), PROT_NONE, ANON | MAP_FIXED | MAP_NORESERVE, NULL, 0), AT(5000));
	assert_int_equal(mm_protect(AT(5000), PAGES(312), RW), -ENOMEM); /* an allocator's arena */
	assert_int_equal(mm_protect(AT(5000), PAGES(4000), RW), 0);      /* no allocation can be that large */
	assert_int_equal(mm_map(AT(9000), PAGES(4000), PROT_NONE, ANON | MAP_FIXED | MAP_STACK, NULL, 0), AT(9000));
	assert_int_equal(mm_protect(AT(9000), PAGES(4000), RW), 0);
	check_space();
}

static void test_charge_brk(void **state)
{
	(void)state;
	mm_self.limit = 320;
	mm_set_brk(AT(0));
	assert_int_equal(call(sys_brk, AT(310), 0, 0, 0, 0), AT(310));
	assert_int_equal(call(sys_brk, AT(621), 0, 0, 0, 0), AT(310));
	for (int i = 0; i < 16; i++)
		assert_int_equal(touch_write(AT(i), 1), MM_FAULT_DONE);
	assert_int_equal(call(sys_brk, AT(610), 0, 0, 0, 0), AT(310));
	assert_int_equal(call(sys_brk, AT(320), 0, 0, 0, 0), AT(320));
}

static void test_permissions(void **state)
{
	uint64_t content, calls;

	(void)state;
	assert_int_equal(mm_map(AT(0), PAGES(16), RW, ANON | MAP_FIXED, NULL, 0), AT(0));
	assert_int_equal(touch_write(AT(1), 7), MM_FAULT_DONE);
	calls = fake_host_calls;
	assert_int_equal(mm_protect(AT(0), PAGES(16), PROT_READ | PROT_EXEC), 0);
	assert_int_equal(fake_host_calls, calls + 1); /* one run, one exit */
	assert_int_equal(fake_page(AT(1))->rwx, PROT_READ | PROT_EXEC);
	assert_int_equal(touch_write(AT(1), 8), MM_FAULT_ACCERR);
	assert_int_equal(mm_protect(AT(0), PAGES(16), PROT_NONE), 0);
	assert_int_equal(touch_read(AT(1), &content), MM_FAULT_ACCERR);
	calls = fake_host_calls;
	assert_int_equal(mm_protect(AT(0), PAGES(16), PROT_WRITE), 0);
	assert_int_equal(fake_host_calls, calls); /* gaining needs no exit */
	assert_int_equal(touch_read(AT(1), &content), MM_FAULT_DONE);
	assert_int_equal(content, 7);
	assert_int_equal(mm_fault(AT(1), 16), MM_FAULT_ACCERR);
	assert_int_equal(mm_fault(AT(16), 0), MM_FAULT_MAPERR);
	/* Never an endless loop on a page that the processor cannot back. */
	for (int i = 0; i < 999; i++)
		assert_int_equal(mm_fault(AT(1), 0), MM_FAULT_DONE);
	assert_int_equal(mm_fault(AT(1), 0), MM_FAULT_BUS);
}

static void test_stack(void **state)
{
	uint64_t content;

	(void)state;
	init_process.limits[RLIMIT_STACK] = (struct rlimit){ PAGES(1024), PAGES(1024) };
	assert_int_equal(mm_map(AT(2000), PAGES(4), RW, ANON | MAP_FIXED | MAP_GROWSDOWN, NULL, 0), AT(2000));
	assert_int_equal(touch_read(AT(1990), &content), MM_FAULT_DONE);
	assert_int_equal(vma_find(&mm_self.areas, AT(1990))->start, AT(1990));
	assert_int_equal(touch_read(AT(2004) - PAGES(1024), &content), MM_FAULT_DONE);
	assert_int_equal(touch_read(AT(2004) - PAGES(1025), &content), MM_FAULT_MAPERR);
	check_space();
	assert_int_equal(mm_unmap(AT(0), PAGES(2004)), 0);
	/* The guard to what lies below. */
	assert_int_equal(mm_map(AT(0), PAGES(4), RW, ANON | MAP_FIXED, NULL, 0), AT(0));
	assert_int_equal(mm_map(AT(300), PAGES(4), RW, ANON | MAP_FIXED | MAP_GROWSDOWN, NULL, 0), AT(300));
	assert_int_equal(touch_read(AT(260), &content), MM_FAULT_DONE);
	assert_int_equal(touch_read(AT(259), &content), MM_FAULT_MAPERR);
}

static void test_file(void **state)
{
	static struct fake_file f;
	uint64_t content;

	(void)state;
	fake_file_init(&f, PAGES(20) + 1, O_RDONLY);
	f.broken = 3;
	assert_int_equal(mm_map(AT(0), PAGES(40), RW, MAP_PRIVATE | MAP_FIXED, &f.file, PAGES(1)), AT(0));
	assert_int_equal(touch_read(AT(0), &content), MM_FAULT_DONE);
	assert_int_equal(content, FAKE_FILE(1));
	assert_int_equal(touch_read(AT(2), &content), MM_FAULT_BUS); /* fails verification */
	assert_int_equal(touch_read(AT(19), &content), MM_FAULT_DONE);
	assert_int_equal(content, FAKE_FILE(20));
	assert_int_equal(touch_read(AT(20), &content), MM_FAULT_BUS); /* beyond the end */
	assert_int_equal(touch_write(AT(1), 99), MM_FAULT_DONE);
	assert_int_equal(f.page[2], FAKE_FILE(2)); /* private */
	assert_int_equal(call(sys_madvise, AT(0), PAGES(40), MADV_DONTNEED, 0, 0), 0);
	assert_int_equal(touch_read(AT(1), &content), MM_FAULT_DONE);
	assert_int_equal(content, FAKE_FILE(2));
	assert_int_equal(mm_map(0, PAGE_SIZE, RW, MAP_SHARED, &f.file, 0), -EACCES);
	assert_true(mm_map(0, PAGE_SIZE, PROT_READ, MAP_SHARED, &f.file, 0) > 0);
	check_space();
	assert_int_equal(mm_unmap(USER_BOTTOM, USER_TOP - USER_BOTTOM), 0);
	assert_int_equal(f.file.refs, 1);
}

static void unmap_neighbours(void)
{
	assert_int_equal(mm_unmap(AT(2), PAGES(6)), 0);
	assert_int_equal(mm_protect(AT(8), PAGES(2), PROT_NONE), 0);
}

static void unmap_all(void)
{
	assert_int_equal(mm_unmap(AT(0), PAGES(16)), 0);
}

/* The file is read without the lock: what comes back fits what is mapped by then. */
static void test_meanwhile(void **state)
{
	static struct fake_file f;

	(void)state;
	fake_file_init(&f, PAGES(FAKE_FILE_PAGES), O_RDONLY);
	assert_int_equal(mm_map(AT(0), PAGES(16), RW, MAP_PRIVATE | MAP_FIXED, &f.file, 0), AT(0));
	f.meanwhile = unmap_neighbours;
	assert_int_equal(mm_fault(AT(1), 0), MM_FAULT_DONE);
	assert_int_equal(fake_page(AT(1))->content, FAKE_FILE(1));
	for (int i = 2; i < 16; i++)
		assert_null(fake_page(AT(i)));
	check_space();
	assert_int_equal(mm_unmap(AT(0), PAGES(16)), 0);
	assert_int_equal(mm_map(AT(0), PAGES(16), RW, MAP_PRIVATE | MAP_FIXED, &f.file, 0), AT(0));
	f.meanwhile = unmap_all;
	assert_int_equal(mm_fault(AT(1), 0), MM_FAULT_DONE);
	assert_int_equal(mm_self.committed, 0);
	assert_int_equal(mm_fault(AT(1), 0), MM_FAULT_MAPERR);
}

static void test_shared(void **state)
{
	static struct fake_file f;
	uint64_t content;

	(void)state;
	fake_file_init(&f, PAGES(8), O_RDWR);
	assert_int_equal(mm_map(AT(0), PAGES(16), RW, MAP_SHARED | MAP_FIXED, &f.file, 0), AT(0));
	assert_int_equal(touch_read(AT(1), &content), MM_FAULT_DONE);
	assert_int_equal(fake_page(AT(1))->rwx, PROT_READ); /* clean */
	assert_int_equal(touch_write(AT(1), 41), MM_FAULT_DONE);
	assert_int_equal(touch_write(AT(6), 46), MM_FAULT_DONE);
	assert_int_equal(f.page[1], FAKE_FILE(1));
	assert_int_equal(call(sys_msync, AT(0), PAGES(16), MS_SYNC, 0, 0), 0);
	assert_int_equal(f.page[1], 41);
	assert_int_equal(f.page[6], 46);
	assert_int_equal(f.page[2], FAKE_FILE(2));
	assert_int_equal(fake_page(AT(1))->rwx, PROT_READ); /* clean again */
	/* Losing the right to write, or the mapping, does not lose what was written. */
	assert_int_equal(touch_write(AT(2), 42), MM_FAULT_DONE);
	assert_int_equal(mm_protect(AT(0), PAGES(16), PROT_READ), 0);
	assert_int_equal(f.page[2], 42);
	assert_int_equal(mm_protect(AT(0), PAGES(16), RW), 0);
	assert_int_equal(touch_write(AT(3), 43), MM_FAULT_DONE);
	assert_int_equal(mm_map(AT(0), PAGES(4), RW, ANON | MAP_FIXED, NULL, 0), AT(0));
	assert_int_equal(f.page[3], 43);
	/* One writable cache per part of a file. */
	assert_int_equal(mm_map(0, PAGES(8), RW, MAP_SHARED, &f.file, 0), -ENODEV);
	assert_int_equal(mm_unmap(AT(0), PAGES(16)), 0);
	assert_true(mm_map(0, PAGES(8), RW, MAP_SHARED, &f.file, 0) > 0);
	check_space();
}

/* read and write of a file that is mapped, through another open of it. */
static void test_coherent(void **state)
{
	static struct fake_file f, other;
	uint64_t content;

	(void)state;
	fake_file_init(&f, PAGES(8), O_RDWR);
	fake_file_init(&other, PAGES(8), O_RDONLY);
	other.number = f.number;
	assert_int_equal(mm_map(AT(0), PAGES(4), RW, MAP_SHARED | MAP_FIXED, &f.file, PAGES(2)), AT(0));
	assert_int_equal(touch_write(AT(1), 33), MM_FAULT_DONE);
	assert_int_equal(touch_write(AT(2), 34), MM_FAULT_DONE);
	mm_file_before(&other.file, PAGES(3) + 5, 100);
	assert_int_equal(f.page[3], 33);
	assert_int_equal(f.page[4], FAKE_FILE(4)); /* not asked for */
	f.page[3] = 43; /* written by other means */
	mm_file_written(&other.file, PAGES(3) + 5, 100);
	assert_int_equal(touch_read(AT(1), &content), MM_FAULT_DONE);
	assert_int_equal(content, 43);
	mm_file_before(&other.file, 0, UINT64_MAX);
	assert_int_equal(f.page[4], 34);
	assert_int_equal(mm_map(AT(9), PAGES(1), RW, MAP_SHARED | MAP_FIXED, &f.file, 0), AT(9));
	assert_int_equal(touch_write(AT(9), 35), MM_FAULT_DONE);
	mm_file_before(&other.file, 0, UINT64_MAX);
	assert_int_equal(f.page[0], 35);
	assert_int_equal(touch_write(AT(0), 32), MM_FAULT_DONE);
	mm_flush();
	assert_int_equal(f.page[2], 32);
	check_space();
}

static void test_brk(void **state)
{
	uint64_t content;

	(void)state;
	mm_set_brk(AT(0));
	assert_int_equal(call(sys_brk, 0, 0, 0, 0, 0), AT(0));
	assert_int_equal(call(sys_brk, AT(2) + 5, 0, 0, 0, 0), AT(2) + 5);
	assert_int_equal(touch_write(AT(2), 5), MM_FAULT_DONE);
	assert_int_equal(touch_read(AT(3), &content), MM_FAULT_MAPERR);
	assert_int_equal(call(sys_brk, AT(1), 0, 0, 0, 0), AT(1));
	assert_int_equal(call(sys_brk, AT(5), 0, 0, 0, 0), AT(5));
	assert_int_equal(touch_read(AT(2), &content), MM_FAULT_DONE);
	assert_int_equal(content, 0);
	assert_int_equal(mm_self.areas.count, 1);
	assert_int_equal(mm_map(AT(8), PAGE_SIZE, RW, ANON | MAP_FIXED, NULL, 0), AT(8));
	assert_int_equal(call(sys_brk, AT(8), 0, 0, 0, 0), AT(5)); /* no room: unchanged */
	assert_int_equal(call(sys_brk, AT(0) - 1, 0, 0, 0, 0), AT(5));
	check_space();
}

static void test_remap(void **state)
{
	long a = mm_map(0, PAGES(4), RW, ANON, NULL, 0), b;
	uint64_t at_a = (uint64_t)a, content;

	(void)state;
	assert_int_equal(touch_write(at_a, 1), MM_FAULT_DONE);
	assert_int_equal(touch_write(at_a + PAGES(3), 4), MM_FAULT_DONE);
	/* what lies above is the stack's */
	assert_int_equal(call(sys_mremap, at_a, PAGES(4), PAGES(8), 0, 0), -ENOMEM);
	b = call(sys_mremap, at_a, PAGES(4), PAGES(8), MREMAP_MAYMOVE, 0);
	assert_true(b > 0 && b != a);
	assert_int_equal(touch_read((uint64_t)b + PAGES(3), &content), MM_FAULT_DONE);
	assert_int_equal(content, 4);
	assert_int_equal(touch_read(at_a, &content), MM_FAULT_MAPERR);
	assert_int_equal(call(sys_mremap, (uint64_t)b, PAGES(8), PAGES(2), 0, 0), b);
	assert_int_equal(call(sys_mremap, (uint64_t)b, PAGES(2), PAGES(6), 0, 0), b);
	assert_int_equal(touch_read((uint64_t)b + PAGES(3), &content), MM_FAULT_DONE);
	assert_int_equal(content, 0);
	a = call(sys_mremap, (uint64_t)b, PAGES(6), PAGES(6), MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	assert_true(a > 0 && a != b);
	assert_int_equal(touch_read((uint64_t)b, &content), MM_FAULT_DONE);
	assert_int_equal(content, 0);
	assert_int_equal(touch_read((uint64_t)a, &content), MM_FAULT_DONE);
	assert_int_equal(content, 1);
	assert_int_equal(call(sys_mremap, (uint64_t)b, PAGES(13), PAGES(6), 0, 0), -EFAULT);
	assert_int_equal(call(sys_mremap, (uint64_t)b, PAGES(6), 0, 0, 0), -EINVAL);
	assert_int_equal(call(sys_mremap, (uint64_t)b, PAGES(6), PAGES(6), MREMAP_FIXED, AT(0)), -EINVAL);
	check_space();
}

static void test_park(void **state)
{
	uint64_t content, calls, made;
	long a, b;

	(void)state;
	a = mm_map(0, PAGES(40), RW, ANON | MAP_POPULATE, NULL, 0);
	assert_int_equal(touch_write((uint64_t)a, 1), MM_FAULT_DONE);
	b = mm_map(0, PAGES(8), RW, ANON | MAP_POPULATE, NULL, 0);
	calls = fake_host_calls;
	made = fake_pages();
	assert_int_equal(mm_unmap((uint64_t)a, PAGES(40)), 0);
	assert_int_equal(fake_host_calls, calls + 1);
	assert_int_equal(mm_self.parked, 40);
	assert_int_equal(touch_read((uint64_t)a, &content), MM_FAULT_MAPERR);
	/* Used again: the same place, zeroed, without an exit. */
	assert_int_equal(mm_map(0, PAGES(40), RW, ANON, NULL, 0), a);
	assert_int_equal(touch_read((uint64_t)a, &content), MM_FAULT_DONE);
	assert_int_equal(content, 0);
	assert_int_equal(fake_host_calls, calls + 1);
	assert_int_equal(fake_pages(), made);
	assert_true(mm_self.parked < 40);
	/* Under the limit parked pages go first. */
	mm_self.limit = mm_self.committed + 10;
	assert_int_equal(touch_write((uint64_t)b + PAGES(7), 1), MM_FAULT_DONE);
	assert_true(mm_map(0, PAGES(10), RW, ANON | MAP_POPULATE, NULL, 0) > 0);
	assert_true(mm_self.committed + mm_self.parked <= mm_self.limit);
	check_space();
	/* Executable pages and files' pages are not kept. */
	mm_self.limit = 10000;
	space_unpark(&mm_self);
	a = mm_map(0, PAGES(4), RW | PROT_EXEC, ANON | MAP_POPULATE, NULL, 0);
	assert_int_equal(mm_unmap((uint64_t)a, PAGES(4)), 0);
	assert_int_equal(mm_self.parked, 0);
}

static void test_text(void **state)
{
	static const uint64_t patch = 77;
	uint64_t content;
	long stub, second;

	(void)state;
	assert_int_equal(mm_map(AT(0), PAGES(4), PROT_READ | PROT_WRITE, ANON | MAP_FIXED, NULL, 0), AT(0));
	assert_int_equal(touch_write(AT(1), 5), MM_FAULT_DONE);
	assert_int_equal(mm_patch_text(AT(1), &patch, 8), -EACCES); /* still writable */
	assert_int_equal(mm_protect(AT(0), PAGES(4), PROT_READ | PROT_EXEC), 0);
	assert_int_equal(mm_patch_text(AT(1), &patch, 8), 0);
	assert_int_equal(touch_read(AT(1), &content), MM_FAULT_DONE);
	assert_int_equal(content, 77);
	assert_int_equal(fake_page(AT(1))->rwx, PROT_READ | PROT_EXEC);
	assert_int_equal(mm_patch_text(AT(9), &patch, 8), -EFAULT);
	assert_int_equal(mm_patch_text(AT(2) - 4, &patch, 8), -EINVAL);
	stub = mm_stub_pages(AT(1) + 5, 1);
	assert_int_equal(stub, AT(-1));
	second = mm_stub_pages(AT(1), 1);
	assert_int_equal(second, AT(-2));
	assert_int_equal(mm_patch_text((uint64_t)stub, &patch, 8), 0);
	/* The program can neither unmap nor replace nor change it. */
	assert_int_equal(mm_unmap(AT(-8), PAGES(16)), 0);
	assert_int_equal(touch_read((uint64_t)stub, &content), MM_FAULT_DONE);
	assert_int_equal(content, 77);
	assert_int_equal(mm_map((uint64_t)stub, PAGE_SIZE, RW, ANON | MAP_FIXED, NULL, 0), -ENOMEM);
	assert_int_equal(mm_protect((uint64_t)stub, PAGE_SIZE, RW), -EACCES);
	assert_int_equal(call(sys_madvise, (uint64_t)stub, PAGE_SIZE, MADV_DONTNEED, 0, 0), -EINVAL);
	assert_int_equal(call(sys_mremap, (uint64_t)stub, PAGE_SIZE, PAGES(2), MREMAP_MAYMOVE, 0), -EFAULT);
	check_space();
}

/* The program's memory where the fake kernel may write it: below ELRANGE's end, and below a sanitizer's shadow. */
static uint8_t *low_page(void)
{
	void *at_low = mmap((void *)0x30000000, PAGE_SIZE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);

	assert_ptr_equal(at_low, 0x30000000);
	return at_low;
}

static void test_mincore(void **state)
{
	uint8_t *vec = low_page();

	(void)state;
	assert_int_equal(mm_map(AT(0), PAGES(16), RW, ANON | MAP_FIXED, NULL, 0), AT(0));
	assert_int_equal(call(sys_madvise, AT(0), PAGES(16), MADV_RANDOM, 0, 0), 0);
	assert_int_equal(touch_write(AT(5), 1), MM_FAULT_DONE);
	assert_int_equal(call(sys_mincore, AT(0) + 1, PAGES(16), (uint64_t)vec, 0, 0), -EINVAL);
	assert_int_equal(call(sys_mincore, AT(0), PAGES(16), UINT64_MAX, 0, 0), -EFAULT);
	assert_int_equal(call(sys_mincore, AT(0), PAGES(17), (uint64_t)vec, 0, 0), -ENOMEM);
	assert_int_equal(call(sys_mincore, AT(0), PAGES(16), (uint64_t)vec, 0, 0), 0);
	for (int i = 0; i < 16; i++)
		assert_int_equal(vec[i], i == 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_decode), T(test_places),      T(test_merge),   T(test_fault_around),
		T(test_limit),  T(test_charge), T(test_charge_brk), T(test_permissions), T(test_stack),   T(test_file),
		T(test_meanwhile), T(test_shared), T(test_coherent),    T(test_brk),     T(test_remap),
		T(test_text),   T(test_park),        T(test_mincore), T(test_random),
	};

	return cmocka_run_group_tests_name("kernel_mm", tests, NULL, NULL);
}
