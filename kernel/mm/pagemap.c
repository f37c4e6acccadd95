#include "kernel/mm/pagemap.h"

#include "abi/linux/errno.h"
#include "base/mem.h"
#include "kernel/mm/heap.h"

#define LEAF_BYTES (PAGEMAP_LEAF * PAGE_SIZE)
#define MIDDLE_ENTRIES (GIB / LEAF_BYTES)

/* The leaf of an address, or NULL; *skip is then the end of the part that has none. */
static uint8_t *pagemap_leaf(const struct pagemap *m, uint64_t addr, uint64_t *skip)
{
	uint8_t **middle = m->middle[addr / GIB];

	if (!middle) {
		*skip = (addr | (GIB - 1)) + 1;
		return NULL;
	}
	*skip = (addr | (LEAF_BYTES - 1)) + 1;
	return middle[addr / LEAF_BYTES % MIDDLE_ENTRIES];
}

static uint32_t leaf_index(uint64_t addr)
{
	return (uint32_t)(addr / PAGE_SIZE % PAGEMAP_LEAF);
}

uint32_t pagemap_get(const struct pagemap *m, uint64_t addr)
{
	uint64_t skip;
	const uint8_t *leaf = pagemap_leaf(m, addr, &skip);

	return leaf ? leaf[leaf_index(addr)] : 0;
}

int pagemap_prepare(struct pagemap *m, uint64_t addr, uint64_t count)
{
	uint64_t end = addr + count * PAGE_SIZE, skip;

	for (; addr < end; addr = skip) {
		uint8_t ***middle = &m->middle[addr / GIB];

		if (pagemap_leaf(m, addr, &skip))
			continue;
		if (!*middle)
			*middle = heap_alloc(MIDDLE_ENTRIES * sizeof(**middle));
		if (!*middle)
			return -ENOMEM;
		skip = (addr | (LEAF_BYTES - 1)) + 1;
		(*middle)[addr / LEAF_BYTES % MIDDLE_ENTRIES] = heap_alloc(PAGEMAP_LEAF);
		if (!(*middle)[addr / LEAF_BYTES % MIDDLE_ENTRIES])
			return -ENOMEM;
	}
	return 0;
}

void pagemap_set(struct pagemap *m, uint64_t addr, uint64_t count, uint32_t state)
{
	uint64_t end = addr + count * PAGE_SIZE, skip;

	for (; addr < end; addr = skip) {
		uint8_t *leaf = pagemap_leaf(m, addr, &skip);
		uint64_t stop = skip < end ? skip : end;

		if (leaf)
			memset(leaf + leaf_index(addr), (int)state, (stop - addr) / PAGE_SIZE);
	}
}

uint64_t pagemap_run(const struct pagemap *m, uint64_t addr, uint64_t end, uint32_t *state)
{
	uint64_t skip;

	*state = pagemap_get(m, addr);
	for (; addr < end; addr = skip) {
		const uint8_t *leaf = pagemap_leaf(m, addr, &skip);

		if (!leaf && *state)
			return addr;
		for (; leaf && addr < skip && addr < end; addr += PAGE_SIZE)
			if (leaf[leaf_index(addr)] != *state)
				return addr;
	}
	return end;
}

uint64_t pagemap_next(const struct pagemap *m, uint64_t *at, uint64_t end, uint32_t *state)
{
	while (*at < end) {
		uint64_t stop = pagemap_run(m, *at, end, state);

		if (*state)
			return stop;
		*at = stop;
	}
	return 0;
}
