#include "cpu/soft/memory.h"

#include "base/mem.h"
#include "cpu/soft/backing.h"
#include "cpu/soft/soft.h"

uint32_t memory_pending;

static struct {
	uint64_t start, end; /* the noted run */
	uint64_t staged;     /* address of the first staged page */
	uint32_t staged_pages;
} memory;

int memory_init(enum cpu_memory kind)
{
	private_init(kind);
	memory.start = memory.end = 0;
	memory.staged_pages = 0;
	memory_pending = 0;
	return backing_init();
}

/* The stage holds one run of one permission inside one extent. */
static void stage_flush(void)
{
	uint32_t count = memory.staged_pages;
	struct extent *e = count ? epcm_extent(memory.staged) : NULL;

	memory.staged_pages = 0;
	/* Losing content must not go unnoticed: a page without its content is never mapped. */
	if (e && !backing_place(e, epcm_index(memory.staged), count, backing_stage))
		soft_die("no memory for an enclave page with content");
	mem_wipe(backing_stage, count * PAGE_SIZE);
}

/* What makes two neighbours one run. */
static uint32_t run_key(uint32_t word)
{
	return epcm_access(word) | (word & (PAGE_MAPPED_MASK | PAGE_BACKING_MASK));
}

/* Make the EPCM true for a range. */
static bool sync_range(uint64_t start, uint64_t end)
{
	while (start < end) {
		struct extent *e = epcm_extent(start);
		uint32_t first = epcm_index(start), n = 1, key;
		uint64_t left = ((start | (EXTENT_SIZE - 1)) + 1 < end ? (start | (EXTENT_SIZE - 1)) + 1 : end) - start;

		if (!e) {
			start += left;
			continue;
		}
		key = run_key(e->page[first]);
		while (n < left >> PAGE_SHIFT && run_key(e->page[first + n]) == key)
			n++;
		if (page_mapped(e->page[first]) != epcm_access(e->page[first]) && !backing_realise(e, first, n))
			return false;
		start += n * PAGE_SIZE;
	}
	return true;
}

void memory_flush(void)
{
	uint64_t start = memory.start, end = memory.end;

	if (!memory_pending)
		return;
	stage_flush();
	memory.start = memory.end = 0;
	__atomic_store_n(&memory_pending, 0, __ATOMIC_RELAXED);
	/* Without memory the pages stay unmapped, and the fault path tries again and then tells the enclave. */
	(void)sync_range(start, end);
}

void memory_settle(uint64_t address)
{
	if (memory.staged_pages && address - memory.staged < memory.staged_pages * PAGE_SIZE)
		memory_flush();
}

void memory_note(uint64_t address)
{
	if (memory_pending && (address < memory.start || address > memory.end))
		memory_flush();
	if (!memory_pending)
		memory.start = memory.end = address;
	if (address == memory.end)
		memory.end += PAGE_SIZE;
	__atomic_store_n(&memory_pending, 1, __ATOMIC_RELAXED);
}

void memory_note_content(uint64_t address, const void *content)
{
	uint64_t next = memory.staged + memory.staged_pages * PAGE_SIZE;

	if (memory.staged_pages &&
	    (memory.staged_pages == STAGE_PAGES || address != next || !epcm_index(address) ||
	     epcm_access(epcm_read(address)) != epcm_access(epcm_read(memory.staged)) ||
	     backing_needed_new(epcm_read(address)) != backing_needed_new(epcm_read(memory.staged))))
		memory_flush();
	memory_note(address);
	if (!memory.staged_pages)
		memory.staged = address;
	memcpy(backing_stage + memory.staged_pages++ * PAGE_SIZE, content, PAGE_SIZE);
}

void memory_revoke(uint64_t address, uint64_t end)
{
	memory_flush();
	if (!sync_range(address, end))
		soft_die("cannot take away access to an enclave page");
}

void memory_drop(uint64_t address, uint64_t end)
{
	memory_revoke(address, end);
	while (address < end) {
		struct extent *e = epcm_extent(address);
		uint64_t stop = (address | (EXTENT_SIZE - 1)) + 1;
		uint32_t first = epcm_index(address), last, n;

		stop = stop < end ? stop : end;
		last = first + (uint32_t)((stop - address) >> PAGE_SHIFT);
		address = stop;
		if (!e || !e->backed)
			continue;
		if (!e->valid) {
			backing_release(e);
			continue;
		}
		for (; first < last; first += n) {
			uint32_t backing = e->page[first] & PAGE_BACKING_MASK;

			for (n = 1; first + n < last && (e->page[first + n] & PAGE_BACKING_MASK) == backing; n++)
				;
			backing_drop(e, first, n);
		}
	}
}

bool memory_is_mapped(uint64_t address, uint32_t access)
{
	return (page_mapped(epcm_read(address)) & access) == access;
}

bool memory_touch(uint64_t address, uint32_t access)
{
	uint32_t word = epcm_read(address);

	if ((epcm_access(word) & access) != access)
		return false;
	if ((page_mapped(word) & access) == access)
		return true;
	memory_flush();
	return (page_mapped(epcm_read(address)) & access) == access ||
	       sync_range(PAGE_DOWN(address), PAGE_DOWN(address) + PAGE_SIZE);
}

void memory_peek(uint64_t address, void *content)
{
	struct extent *e = epcm_extent(address);
	uint32_t i = epcm_index(address);

	memory_flush();
	memset(content, 0, PAGE_SIZE);
	if (!e || (e->page[i] & PAGE_BACKING_MASK) == PAGE_BACKING_NONE || e->page[i] & PAGE_STALE)
		return;
	if (!backing_protect(e, i, 1, LINUX_PROT_READ))
		soft_die("cannot read an enclave page");
	memcpy(content, (const void *)address, PAGE_SIZE);
	if (!backing_protect(e, i, 1, 0))
		soft_die("cannot take away access to an enclave page");
}
