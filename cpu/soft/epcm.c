#include "cpu/soft/epcm.h"

#include "cpu/soft/soft.h"

static struct {
	struct extent **directory;
	uint64_t elrange;
} epcm;

int epcm_init(uint64_t elrange)
{
	uint64_t entries = (elrange + EXTENT_SIZE - 1) >> EXTENT_SHIFT;

	long at = private_map_at(0, PAGE_UP(entries * sizeof(struct extent *)), LINUX_PROT_READ | LINUX_PROT_WRITE);

	if (sys_is_error(at))
		return (int)at;
	epcm.directory = (struct extent **)at;
	epcm.elrange = elrange;
	return 0;
}

struct extent *epcm_extent(uint64_t address)
{
	if (address >= epcm.elrange)
		return NULL;
	return __atomic_load_n(&epcm.directory[address >> EXTENT_SHIFT], __ATOMIC_ACQUIRE);
}

struct extent *epcm_extent_make(uint64_t address)
{
	struct extent *e = epcm_extent(address);

	if (e || address >= epcm.elrange)
		return e;
	e = private_alloc(sizeof(*e));
	if (!e)
		return NULL;
	e->base = address & ~(EXTENT_SIZE - 1);
	__atomic_store_n(&epcm.directory[address >> EXTENT_SHIFT], e, __ATOMIC_RELEASE);
	return e;
}

const uint32_t *epcm_word(uint64_t address)
{
	struct extent *e = epcm_extent(address);

	return e ? &e->page[epcm_index(address)] : NULL;
}

uint32_t epcm_read(uint64_t address)
{
	struct extent *e = epcm_extent(address);

	return e ? __atomic_load_n(&e->page[epcm_index(address)], __ATOMIC_RELAXED) : 0;
}

void epcm_write(uint64_t address, uint32_t bits)
{
	struct extent *e = epcm_extent(address);
	uint32_t *word = &e->page[epcm_index(address)];
	uint32_t next = (*word & PAGE_REALISATION) | (bits & ~PAGE_REALISATION);

	e->valid += !!(next & EPCM_VALID);
	e->valid -= !!(*word & EPCM_VALID);
	__atomic_store_n(word, next, __ATOMIC_RELAXED);
}
