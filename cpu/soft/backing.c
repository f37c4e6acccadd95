#include "cpu/soft/backing.h"

#include "base/mem.h"
#include "cpu/soft/soft.h"

#define LINUX_RW (LINUX_PROT_READ | LINUX_PROT_WRITE)
#define LOWEST_MAPPED 0x10000UL /* vm.mmap_min_addr: never map below it */

_Static_assert(EPCM_R == LINUX_PROT_READ && EPCM_W == LINUX_PROT_WRITE && EPCM_X == LINUX_PROT_EXEC, "one encoding");

uint8_t *backing_stage;
static uint64_t exposed;

int backing_init(void)
{
	/* The first mapping of its kind: here is where missing support or a missing right shows. */
	long at = private_map_at(0, STAGE_PAGES * PAGE_SIZE, LINUX_RW);

	if (sys_is_error(at))
		return (int)at;
	backing_stage = (uint8_t *)at;
	exposed = 0;
	return 0;
}

uint64_t backing_exposed(void)
{
	return exposed;
}

static uint32_t lowest_page(const struct extent *e)
{
	return e->base < LOWEST_MAPPED ? (uint32_t)(LOWEST_MAPPED >> PAGE_SHIFT) : 0;
}

/* Record what has been done with Linux for count pages of one extent. */
static void page_realised(struct extent *e, uint32_t first, uint32_t count, uint32_t backing, uint32_t mapped)
{
	for (uint32_t i = first; i < first + count; i++) {
		uint32_t old = e->page[i] & PAGE_BACKING_MASK;
		uint32_t word = e->page[i] & ~(PAGE_BACKING_MASK | PAGE_MAPPED_MASK);

		e->backed += (old == PAGE_BACKING_NONE) - (uint32_t)(backing == PAGE_BACKING_NONE);
		exposed += (uint64_t)(backing == PAGE_BACKING_ANON) - (old == PAGE_BACKING_ANON);
		__atomic_store_n(&e->page[i], word | backing | mapped << PAGE_MAPPED_SHIFT,
				 __ATOMIC_RELAXED);
	}
}

/*
 * Put writable memory behind a run, and behind all of the extent around it that has nothing yet: one file, one mapping.
 */
static bool back_extent(struct extent *e, uint32_t first, uint32_t count)
{
	uint32_t lowest = lowest_page(e);

	while (first > lowest && !page_backed(e->page[first - 1])) {
		first--;
		count++;
	}
	while (first + count < EXTENT_PAGES && !page_backed(e->page[first + count]))
		count++;
	if (sys_is_error(private_map_at(page_address(e, first), count * PAGE_SIZE, 0)))
		return false;
	for (uint32_t i = first; i < first + count; i++)
		e->page[i] &= ~(PAGE_STALE | PAGE_BOUNDARY);
	e->page[first] |= PAGE_BOUNDARY;
	if (first + count < EXTENT_PAGES)
		e->page[first + count] |= PAGE_BOUNDARY;
	page_realised(e, first, count, PAGE_BACKING_EXTENT, 0);
	return true;
}

bool backing_protect(struct extent *e, uint32_t first, uint32_t count, uint32_t access)
{
	if (sys_is_error(sys_mprotect(page_address(e, first), count * PAGE_SIZE, (int)access)))
		return false;
	for (uint32_t i = first; i < first + count; i++) {
		uint32_t word = e->page[i] & ~PAGE_MAPPED_MASK;

		__atomic_store_n(&e->page[i], word | access << PAGE_MAPPED_SHIFT, __ATOMIC_RELAXED);
	}
	return true;
}

static bool words_equal(const void *a, const void *b, size_t size)
{
	const uint64_t *x = a, *y = b;

	for (size_t i = 0; i < size / 8; i++)
		if (x[i] != y[i])
			return false;
	return true;
}

static bool words_zero(const void *a, size_t size)
{
	const uint64_t *x = a;
	uint64_t any = 0;

	for (size_t i = 0; i < size / 8; i++)
		any |= x[i];
	return !any;
}

/*
 * Map the stage's content as a sealed memfd. Root could have written to the file before it was sealed, so the mapping
 * is compared with the stage, which nobody else can write, before the enclave runs it.
 */
static bool place_sealed(struct extent *e, uint32_t first, uint32_t count, const uint8_t *content, uint32_t access)
{
	uint64_t length = count * PAGE_SIZE, address = page_address(e, first);
	const int seals = LINUX_F_SEAL_SEAL | LINUX_F_SEAL_SHRINK | LINUX_F_SEAL_GROW | LINUX_F_SEAL_WRITE;
	long fd = sys_memfd_create("enclave", LINUX_MFD_CLOEXEC | LINUX_MFD_ALLOW_SEALING | LINUX_MFD_EXEC);
	bool ok;

	if (fd == -LINUX_EINVAL) /* before Linux 6.3 */
		fd = sys_memfd_create("enclave", LINUX_MFD_CLOEXEC | LINUX_MFD_ALLOW_SEALING);
	if (sys_is_error(fd))
		return false;
	ok = sys_write((int)fd, content, length) == (long)length &&
	     !sys_is_error(sys_fcntl((int)fd, LINUX_F_ADD_SEALS, seals)) &&
	     !sys_is_error(sys_mmap(address, length, (int)access, LINUX_MAP_SHARED | LINUX_MAP_FIXED, (int)fd, 0));
	(void)sys_close((int)fd);
	if (!ok)
		return false;
	page_realised(e, first, count, PAGE_BACKING_SEALED, access);
	if (!words_equal((const void *)address, content, length))
		soft_die("a sealed page of the enclave was changed while it was made");
	return true;
}

/*
 * Whatever fills a page does so where no enclave code can see it, and the page appears complete: another thread may be
 * waiting for it at this very moment. Ordinary memory is made elsewhere and moved; secret memory cannot be moved in
 * from elsewhere without losing its place in the extent, so it gets a second, short-lived mapping.
 */
static bool move_in(struct extent *e, uint32_t first, uint32_t count, const uint8_t *content, uint32_t access,
		    uint32_t backing)
{
	const int flags = LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS | LINUX_MAP_NORESERVE;
	uint64_t length = count * PAGE_SIZE;
	long at = sys_mmap(0, length, LINUX_RW, flags, -1, 0);

	if (sys_is_error(at))
		return false;
	if (content && !words_zero(content, length))
		memcpy((void *)at, content, length);
	if (sys_is_error(sys_mprotect((uint64_t)at, length, (int)access)) ||
	    sys_is_error(sys_mremap((uint64_t)at, length, length, LINUX_MREMAP_MAYMOVE | LINUX_MREMAP_FIXED,
				    page_address(e, first)))) {
		(void)sys_munmap((uint64_t)at, length);
		return false;
	}
	page_realised(e, first, count, backing, access);
	return true;
}

/* A second mapping of secret pages of one file, writable; 0 without memory. */
static uint64_t alias_of(struct extent *e, uint32_t first, uint32_t count)
{
	/* From length 0: a shared mapping is not moved but doubled. */
	long at = sys_mremap(page_address(e, first), 0, count * PAGE_SIZE, LINUX_MREMAP_MAYMOVE, 0);

	if (sys_is_error(at))
		return 0;
	if (!sys_is_error(sys_mprotect((uint64_t)at, count * PAGE_SIZE, LINUX_RW)))
		return (uint64_t)at;
	(void)sys_munmap((uint64_t)at, count * PAGE_SIZE);
	return 0;
}

/* Fill pages of an extent that lie in one file: with a content, or with zeros where they are stale. */
static bool fill_file(struct extent *e, uint32_t first, uint32_t count, const uint8_t *content)
{
	uint64_t at = alias_of(e, first, count);

	if (!at)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (content && (e->page[first + i] & PAGE_STALE || !words_zero(content + i * PAGE_SIZE, PAGE_SIZE)))
			/* a first touch is dear */
			memcpy((void *)(at + i * PAGE_SIZE), content + i * PAGE_SIZE, PAGE_SIZE);
		else if (e->page[first + i] & PAGE_STALE)
			memset((void *)(at + i * PAGE_SIZE), 0, PAGE_SIZE);
		e->page[first + i] &= ~PAGE_STALE;
	}
	(void)sys_munmap(at, count * PAGE_SIZE);
	return true;
}

static bool fill_extent(struct extent *e, uint32_t first, uint32_t count, const uint8_t *content)
{
	for (uint32_t i = first, n; i < first + count; i += n) {
		for (n = 1; i + n < first + count && !(e->page[i + n] & PAGE_BOUNDARY); n++)
			;
		if (!fill_file(e, i, n, content ? content + (i - first) * PAGE_SIZE : NULL))
			return false;
	}
	return true;
}

/* Writable memory behind a run that is alike in permissions but perhaps not in what lies behind it now. */
static bool place_extent(struct extent *e, uint32_t first, uint32_t count, const uint8_t *content, uint32_t access)
{
	if (soft.options.memory == CPU_MEMORY_ORDINARY)
		return move_in(e, first, count, content, access, PAGE_BACKING_EXTENT);
	for (uint32_t i = first, n; i < first + count; i += n) {
		uint32_t backing = e->page[i] & PAGE_BACKING_MASK;

		for (n = 1; i + n < first + count && (e->page[i + n] & PAGE_BACKING_MASK) == backing; n++)
			;
		if (backing != PAGE_BACKING_EXTENT && !back_extent(e, i, n))
			return false;
	}
	return fill_extent(e, first, count, content) && backing_protect(e, first, count, access);
}

/* Which backing do these permissions need, given what is there? */
uint32_t backing_needed(uint32_t word)
{
	uint32_t access = epcm_access(word), backing = word & PAGE_BACKING_MASK;

	if ((access & (EPCM_W | EPCM_X)) == (EPCM_W | EPCM_X))
		return PAGE_BACKING_ANON;
	if (backing == PAGE_BACKING_ANON)
		return backing;
	if (soft.options.memory == CPU_MEMORY_ORDINARY)
		return PAGE_BACKING_EXTENT; /* protects nothing, and so need not be sealed */
	/* what never was writable is no secret */
	if (access & EPCM_X || (backing == PAGE_BACKING_NONE && access == EPCM_R))
		return PAGE_BACKING_SEALED;
	if (access & EPCM_W || backing == PAGE_BACKING_NONE)
		return PAGE_BACKING_EXTENT;
	return backing;
}

/* The same for pages that get a new content: what only can be read from its first moment on is no secret. */
uint32_t backing_needed_new(uint32_t word)
{
	if (soft.options.memory == CPU_MEMORY_SECRET && epcm_access(word) == EPCM_R)
		return PAGE_BACKING_SEALED;
	return backing_needed(word);
}

/* Give pages of one extent, alike in access and need, this content. */
static bool place(struct extent *e, uint32_t first, uint32_t count, const uint8_t *content, uint32_t needed)
{
	uint32_t access = epcm_access(e->page[first]);
	bool ok;

	switch (needed) {
	case PAGE_BACKING_SEALED:
		ok = place_sealed(e, first, count, content, access);
		break;
	case PAGE_BACKING_ANON:
		ok = move_in(e, first, count, content, access, PAGE_BACKING_ANON);
		break;
	default:
		ok = place_extent(e, first, count, content, access);
	}
	for (uint32_t i = first; ok && i < first + count; i++)
		e->page[i] &= ~PAGE_STALE;
	return ok;
}

bool backing_place(struct extent *e, uint32_t first, uint32_t count, const uint8_t *content)
{
	return place(e, first, count, content, backing_needed_new(e->page[first]));
}

/* Has no content yet: reads as zeros. */
static bool page_fresh(uint32_t word)
{
	return !page_backed(word) || (word & PAGE_STALE);
}

/* Change what lies behind a run, keeping its content; in pieces of the stage, which is zero before and after. */
static bool convert(struct extent *e, uint32_t first, uint32_t count)
{
	for (uint32_t i = first, n; i < first + count; i += n) {
		bool ok, fresh = page_fresh(e->page[i]);

		n = first + count - i < STAGE_PAGES ? first + count - i : STAGE_PAGES;
		for (uint32_t k = 1; k < n; k++)
			if (fresh != page_fresh(e->page[i + k]))
				n = k;
		if (!fresh) {
			if (!backing_protect(e, i, n, LINUX_PROT_READ))
				return false;
			memcpy(backing_stage, (const void *)page_address(e, i), n * PAGE_SIZE);
		}
		/* zeros, where fresh */
		ok = place(e, i, n, backing_stage, backing_needed(e->page[i]));
		if (!fresh)
			mem_wipe(backing_stage, n * PAGE_SIZE);
		if (!ok)
			return false;
	}
	return true;
}

/* Zero what an earlier life of these pages left behind. */
static bool scrub(struct extent *e, uint32_t first, uint32_t count)
{
	for (uint32_t i = first, n; i < first + count; i += n) {
		n = 1;
		if (!(e->page[i] & PAGE_STALE))
			continue;
		while (i + n < first + count && e->page[i + n] & PAGE_STALE)
			n++;
		if (!fill_extent(e, i, n, NULL))
			return false;
	}
	return true;
}

bool backing_realise(struct extent *e, uint32_t first, uint32_t count)
{
	uint32_t word = e->page[first], access = epcm_access(word), needed = backing_needed(word);

	if (access && (word & PAGE_BACKING_MASK) != needed) {
		if (needed != PAGE_BACKING_EXTENT || (word & PAGE_BACKING_MASK) != PAGE_BACKING_NONE)
			return convert(e, first, count);
		if (!back_extent(e, first, count))
			return false;
	}
	if (access && !scrub(e, first, count))
		return false;
	return page_mapped(e->page[first]) == access || backing_protect(e, first, count, access);
}

void backing_release(struct extent *e)
{
	uint32_t first = lowest_page(e);

	(void)sys_munmap(page_address(e, first), (EXTENT_PAGES - first) * PAGE_SIZE);
	for (uint32_t i = 0; i < EXTENT_PAGES; i++)
		e->page[i] &= ~PAGE_STALE;
	page_realised(e, 0, EXTENT_PAGES, PAGE_BACKING_NONE, 0);
}

/* Ordinary memory goes back at once; secret memory cannot (no hole punching) and is scrubbed when used again. */
void backing_drop(struct extent *e, uint32_t first, uint32_t count)
{
	uint32_t backing = e->page[first] & PAGE_BACKING_MASK;

	if (backing == PAGE_BACKING_NONE)
		return;
	if (backing != PAGE_BACKING_EXTENT) {
		(void)sys_munmap(page_address(e, first), count * PAGE_SIZE);
		page_realised(e, first, count, PAGE_BACKING_NONE, 0);
		return;
	}
	if (soft.options.memory == CPU_MEMORY_ORDINARY) {
		if (sys_is_error(sys_madvise(page_address(e, first), count * PAGE_SIZE, LINUX_MADV_DONTNEED)) &&
		    !back_extent(e, first, count))
			soft_die("cannot take back an enclave page");
		return;
	}
	for (uint32_t i = first; i < first + count; i++)
		e->page[i] |= PAGE_STALE;
}
