#include "kernel/fs/verity.h"

#include "abi/linux/errno.h"
#include "base/mem.h"

#define VERITY_EMPTY UINT64_MAX
#define VERITY_FANOUT_MASK ((1U << VERITY_FANOUT_SHIFT) - 1)

/* Of hash blocks in a level; level 0 holds the digests of data blocks. */
static uint64_t level_blocks(uint64_t data_blocks, unsigned level)
{
	unsigned shift = (level + 1) * VERITY_FANOUT_SHIFT;

	return ((data_blocks - 1) >> shift) + 1;
}

/* 2^56 blocks keep every shift below 64 and fit VERITY_LEVELS_MAX. */
static bool data_fits(uint64_t data_blocks)
{
	return data_blocks && data_blocks <= 1UL << (VERITY_LEVELS_MAX * VERITY_FANOUT_SHIFT);
}

/* One block of data has no tree: the root hash is its digest. */
static unsigned tree_levels(uint64_t data_blocks)
{
	unsigned levels = 0;

	while ((data_blocks - 1) >> (levels * VERITY_FANOUT_SHIFT))
		levels++;
	return levels;
}

uint64_t verity_tree_blocks(uint64_t data_blocks)
{
	unsigned levels = data_fits(data_blocks) ? tree_levels(data_blocks) : 0;
	uint64_t blocks = 0;

	for (unsigned level = 0; level < levels; level++)
		blocks += level_blocks(data_blocks, level);
	return blocks;
}

int verity_open(struct verity *v, const struct verity_config *config)
{
	uint64_t start = 0;

	if (!data_fits(config->data_blocks) || config->hash_blocks != verity_tree_blocks(config->data_blocks))
		return -EINVAL;
	if (!config->slot_count || config->slot_count % VERITY_WAYS)
		return -EINVAL;
	*v = (struct verity){ .config = *config, .levels = tree_levels(config->data_blocks) };
	for (unsigned level = v->levels; level-- > 0;) {
		v->level_start[level] = start;
		start += level_blocks(config->data_blocks, level);
	}
	for (uint64_t i = 0; i < config->slot_count; i++)
		config->slots[i].block = VERITY_EMPTY;
	return 0;
}

/* The set in which this hash block is, if it is in the cache. Neighbours in the tree fall into different sets. */
static uint64_t cache_set(const struct verity *v, uint64_t hash_block)
{
	return hash_block % (v->config.slot_count / VERITY_WAYS) * VERITY_WAYS;
}

static const uint8_t *cache_find(struct verity *v, uint64_t hash_block)
{
	uint64_t set = cache_set(v, hash_block);

	for (uint64_t i = set; i < set + VERITY_WAYS; i++) {
		if (v->config.slots[i].block == hash_block) {
			v->config.slots[i].used = ++v->lookups;
			return v->config.pages[i];
		}
	}
	return NULL;
}

static uint64_t cache_victim(const struct verity *v, uint64_t hash_block)
{
	const struct verity_slot *slots = v->config.slots;
	uint64_t set = cache_set(v, hash_block), victim = set;

	for (uint64_t i = set; i < set + VERITY_WAYS; i++) {
		if (slots[i].block == VERITY_EMPTY)
			return i;
		if (slots[i].used < slots[victim].used)
			victim = i;
	}
	return victim;
}

/* The slot is named only after its content is checked: a failed block is never found in the cache. */
static int cache_fill(struct verity *v, uint64_t hash_block, const uint8_t want[VERITY_DIGEST_SIZE],
		      const uint8_t **page)
{
	uint64_t at = cache_victim(v, hash_block);
	struct verity_slot *slot = &v->config.slots[at];
	uint8_t got[VERITY_DIGEST_SIZE];
	int err;

	slot->block = VERITY_EMPTY;
	err = v->config.read(v->config.ctx, hash_block, v->config.pages[at]);
	if (err)
		return err;
	v->config.hash(v->config.pages[at], PAGE_SIZE, got);
	if (memcmp(got, want, sizeof(got)))
		return -EIO;
	slot->block = hash_block;
	slot->used = ++v->lookups;
	*page = v->config.pages[at];
	return 0;
}

/*
 * Up from the lowest level to the first hash block that is in the cache (at the top: the root hash), then down again.
 */
int verity_digest(struct verity *v, uint64_t block, uint8_t digest[VERITY_DIGEST_SIZE])
{
	const uint8_t *page = NULL;
	unsigned level = 0;

	if (block >= v->config.data_blocks)
		return -EINVAL;
	for (; level < v->levels; level++) {
		page = cache_find(v, v->level_start[level] + (block >> ((level + 1) * VERITY_FANOUT_SHIFT)));
		if (page)
			break;
	}
	if (!page)
		memcpy(digest, v->config.root_hash, VERITY_DIGEST_SIZE);
	for (;;) {
		uint64_t index;
		int err;

		if (page) {
			index = block >> (level * VERITY_FANOUT_SHIFT) & VERITY_FANOUT_MASK;
			memcpy(digest, page + index * VERITY_DIGEST_SIZE, VERITY_DIGEST_SIZE);
		}
		if (!level)
			return 0;
		level--;
		index = block >> ((level + 1) * VERITY_FANOUT_SHIFT);
		err = cache_fill(v, v->level_start[level] + index, digest, &page);
		if (err)
			return err;
	}
}

int verity_check(struct verity *v, uint64_t block, const void *page)
{
	uint8_t want[VERITY_DIGEST_SIZE], got[VERITY_DIGEST_SIZE];
	int err = verity_digest(v, block, want);

	if (err)
		return err;
	v->config.hash(page, PAGE_SIZE, got);
	return memcmp(got, want, sizeof(got)) ? -EIO : 0;
}
