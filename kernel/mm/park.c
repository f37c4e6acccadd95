/*
 * Pages between two lives. A page's first touch can cost the host 30 times what zeroing costs, and giving it back takes
 * two exits; so pages of anonymous memory that the program does not want any more are parked: zeroed, then left in the
 * enclave without permissions, until a mapping at their address wants them. They are zeroed on the way in, because on
 * the way out a neighbour of the page that faulted would be open to its owner, another thread, before it is zero. The
 * search for free room prefers addresses where pages are parked.
 */
#include "kernel/kernel.h"
#include "kernel/mm/epc.h"
#include "kernel/mm/space.h"

#define PARK_MAX (64 * MIB / PAGE_SIZE)

static void park_remember(struct mm *mm, uint64_t start, uint64_t end)
{
	struct park_range *newest = &mm->park_ranges[0];

	if (newest->end == start || newest->start == end) { /* one unmapping in pieces */
		newest->start = newest->end == start ? newest->start : start;
		newest->end = newest->end > end ? newest->end : end;
		return;
	}
	for (uint32_t i = PARK_RANGES - 1; i > 0; i--)
		mm->park_ranges[i] = mm->park_ranges[i - 1];
	*newest = (struct park_range){ start, end };
}

/* The end of the run of committed pages from start that can be parked: executable ones are made of other stuff. */
static uint64_t park_run(const struct mm *mm, uint64_t start, uint64_t end)
{
	uint32_t state;

	while (start < end) {
		uint64_t stop = pagemap_run(&mm->pages, start, end, &state);

		if (!(state & PAGE_COMMITTED) || state & PROT_EXEC)
			break;
		start = stop;
	}
	return start;
}

static void park_zero(const struct mm *mm, uint64_t start, uint64_t end)
{
	uint32_t state;

	for (uint64_t stop; start < end; start = stop) {
		uint64_t count = ((stop = pagemap_run(&mm->pages, start, end, &state)) - start) / PAGE_SIZE;

		if (!(state & PROT_WRITE))
			epc_extend(start, count, PROT_READ | PROT_WRITE);
		epc_zero(start, count);
	}
}

int space_park(struct mm *mm, uint64_t start, uint64_t end)
{
	uint32_t state;

	for (uint64_t stop; (stop = pagemap_next(&mm->pages, &start, end, &state)); start = stop) {
		uint64_t last = park_run(mm, start, end), count = (last - start) / PAGE_SIZE;
		int error;

		if (state & PAGE_PARKED)
			continue;
		if (!count || mm->parked + count > PARK_MAX) {
			stop = count ? last : stop;
			error = space_release(mm, start, stop);
			if (error)
				return error;
			continue;
		}
		stop = last;
		park_zero(mm, start, stop);
		error = epc_restrict(start, count, PAGE_RWX, 0);
		if (error)
			return error;
		pagemap_set(&mm->pages, start, count, PAGE_PARKED);
		mm->committed -= count;
		mm->parked += count;
		park_remember(mm, start, stop);
	}
	return 0;
}

void space_unpark(struct mm *mm)
{
	uint64_t at = 0;
	uint32_t state;

	for (uint64_t stop; mm->parked && (stop = pagemap_next(&mm->pages, &at, USER_TOP, &state)); at = stop)
		if (state & PAGE_PARKED && space_release(mm, at, stop))
			kernel_log("pages at %#lx could not be given back", at);
}

uint64_t space_parked_room(const struct mm *mm, uint64_t length)
{
	for (uint32_t i = 0; mm->parked && i < PARK_RANGES; i++) {
		const struct park_range *r = &mm->park_ranges[i];
		uint64_t at = r->end - length;

		if (r->end - r->start >= length && pagemap_get(&mm->pages, r->end - PAGE_SIZE) & PAGE_PARKED &&
		    !vma_find_overlap(&mm->areas, at, r->end))
			return at;
	}
	return 0;
}
