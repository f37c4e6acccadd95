/* See blockcache.h. */
#include "kernel/fs/blockcache.h"
#include "abi/linux/errno.h"
#include "base/mem.h"
#include "crypto/sha256.h"
#include "kernel/border/hostcall.h"
#include "kernel/lib/fpu.h"
#include "kernel/mm/heap.h"

#define CACHE_LIMIT (512 * MIB / PAGE_SIZE)
#define BUCKETS_FIRST 256U
#define BLOCKS_PER_BUCKET 4U
#define SEEN_BITS (8 * PAGE_SIZE)

static void hash_page(const void *data, size_t size, uint8_t digest[VERITY_DIGEST_SIZE])
{
	fpu_begin();
	sha256(data, size, digest);
	fpu_end();
}

static int read_image(void *to, uint64_t size, uint64_t offset)
{
	for (uint64_t done = 0; done < size;) {
		long n = host_image_pread((uint8_t *)to + done, size - done, (long)(offset + done));

		if (n <= 0)
			return n ? (int)n : -EIO;
		done += (uint64_t)n;
	}
	return 0;
}

/* A block of the hash tree, which lies behind the data. */
static int read_hash_block(void *ctx, uint64_t hash_block, void *page)
{
	const struct blockcache *c = ctx;

	return read_image(page, PAGE_SIZE, (c->verity.config.data_blocks + hash_block) * PAGE_SIZE);
}

int blockcache_open(struct blockcache *c, uint64_t data_blocks, uint64_t hash_blocks, const uint8_t root_hash[32])
{
	uint64_t slots = (hash_blocks + VERITY_WAYS) / VERITY_WAYS * VERITY_WAYS;
	struct verity_config config = { .data_blocks = data_blocks,
					.hash_blocks = hash_blocks,
					.read = read_hash_block,
					.ctx = c,
					.hash = hash_page,
					.slot_count = slots };

	if (slots > CACHE_LIMIT)
		config.slot_count = CACHE_LIMIT;
	list_init(&c->all);
	c->limit = CACHE_LIMIT;
	c->bucket_mask = BUCKETS_FIRST - 1;
	c->buckets = heap_alloc(BUCKETS_FIRST * sizeof(struct block *));
	c->seen = heap_pages(SEEN_BITS / 8 / PAGE_SIZE);
	config.slots = heap_alloc(config.slot_count * sizeof(struct verity_slot));
	config.pages = heap_pages(config.slot_count);
	memcpy(config.root_hash, root_hash, sizeof(config.root_hash));
	if (!c->buckets || !c->seen || !config.slots || !config.pages)
		return -ENOMEM;
	return verity_open(&c->verity, &config);
}

/* lock is held, here and below. */
static struct block *find(struct blockcache *c, uint64_t number)
{
	struct block *b = c->buckets[number & c->bucket_mask];

	while (b && b->number != number)
		b = b->next;
	return b;
}

static void drop(struct blockcache *c, struct block *b)
{
	struct block **at = &c->buckets[b->number & c->bucket_mask];

	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
	list_del(&b->all);
	c->count--;
	heap_pages_free(b->page, 1);
	heap_free(b);
}

/*
 * Make room for one: the oldest that nobody used since it was last looked at. All pinned: the limit gives way.
 */
static void evict(struct blockcache *c)
{
	uint64_t looked = 0;

	while (c->count >= c->limit && looked++ < 2 * c->limit) {
		struct block *b = container_of(c->all.next, struct block, all);

		if (!b->used && !__atomic_load_n(&b->pins, __ATOMIC_ACQUIRE)) {
			drop(c, b);
			continue;
		}
		b->used = false;
		list_del(&b->all);
		list_add_tail(&c->all, &b->all);
	}
}

/* More buckets where chains have become long; without memory they stay long. */
static void spread(struct blockcache *c)
{
	uint64_t mask = (c->bucket_mask + 1) * 4 - 1;
	struct block **buckets;

	if (c->count <= (c->bucket_mask + 1) * BLOCKS_PER_BUCKET)
		return;
	buckets = heap_alloc((mask + 1) * sizeof(struct block *));
	if (!buckets)
		return;
	for (struct list *at = c->all.next; at != &c->all; at = at->next) {
		struct block *b = container_of(at, struct block, all);

		b->next = buckets[b->number & mask];
		buckets[b->number & mask] = b;
	}
	heap_free(c->buckets);
	c->buckets = buckets;
	c->bucket_mask = mask;
}

static struct block *block_new(void)
{
	struct block *b = heap_alloc(sizeof(*b));

	if (!b)
		return NULL;
	b->page = heap_pages(1);
	if (b->page)
		return b;
	heap_free(b);
	return NULL;
}

static int fetch(struct blockcache *c, uint64_t number, struct block **out)
{
	struct block *b;
	int error;

	evict(c);
	spread(c);
	b = block_new();
	if (!b)
		return -ENOMEM;
	error = read_image(b->page, PAGE_SIZE, number * PAGE_SIZE);
	if (error) {
		heap_pages_free(b->page, 1);
		heap_free(b);
		return error;
	}
	b->number = number;
	b->next = c->buckets[number & c->bucket_mask];
	c->buckets[number & c->bucket_mask] = b;
	list_add_tail(&c->all, &b->all);
	c->count++;
	*out = b;
	return 0;
}

/* Without the lock, the block is pinned: its page cannot change, whoever checks it. */
static int verify(struct blockcache *c, struct block *b)
{
	uint8_t want[VERITY_DIGEST_SIZE], is[VERITY_DIGEST_SIZE];
	int error;

	lock_acquire(&c->lock);
	error = verity_digest(&c->verity, b->number, want);
	lock_release(&c->lock);
	if (error)
		return error == -EIO ? -EBADMSG : error;
	hash_page(b->page, PAGE_SIZE, is);
	return memcmp(want, is, sizeof(is)) ? -EBADMSG : 0;
}

int blockcache_get(struct blockcache *c, uint64_t number, struct block **out)
{
	struct block *b;
	int error = 0;

	if (number >= c->verity.config.data_blocks)
		return -EUCLEAN;
	lock_acquire(&c->lock);
	b = find(c, number);
	if (!b)
		error = fetch(c, number, &b);
	if (!error) {
		b->used = true;
		__atomic_add_fetch(&b->pins, 1, __ATOMIC_RELAXED);
	}
	lock_release(&c->lock);
	if (error)
		return error;
	*out = b;
	if (__atomic_load_n(&b->verified, __ATOMIC_ACQUIRE))
		return 0;
	error = verify(c, b);
	lock_acquire(&c->lock);
	if (!error)
		__atomic_store_n(&b->verified, true, __ATOMIC_RELEASE);
	else if (__atomic_sub_fetch(&b->pins, 1, __ATOMIC_ACQ_REL) == 0 && !b->verified)
		drop(c, b); /* asked for anew next time */
	lock_release(&c->lock);
	return error;
}

bool blockcache_seen(struct blockcache *c, uint64_t number)
{
	uint64_t bit = number % SEEN_BITS;

	return __atomic_fetch_or(&c->seen[bit / 8], (uint8_t)(1U << bit % 8), __ATOMIC_RELAXED) >> bit % 8 & 1;
}

/* Those that are here already: a bit for each. */
static uint32_t copy_present(struct blockcache *c, uint64_t number, uint32_t count, uint8_t *to)
{
	uint32_t present = 0;

	LOCKED(&c->lock);
	for (uint32_t i = 0; i < count; i++) {
		const struct block *b = find(c, number + i);

		if (!b || !__atomic_load_n(&b->verified, __ATOMIC_ACQUIRE))
			continue;
		memcpy(to + i * PAGE_SIZE, b->page, PAGE_SIZE);
		present |= 1U << i;
	}
	return present;
}

/* Read and check a run of blocks in the caller's memory, which nobody else looks at yet. */
static int read_run(struct blockcache *c, uint64_t number, uint32_t count, uint8_t *to)
{
	uint8_t want[BLOCKCACHE_RUN][VERITY_DIGEST_SIZE], is[VERITY_DIGEST_SIZE];
	int error = read_image(to, count * PAGE_SIZE, number * PAGE_SIZE);

	lock_acquire(&c->lock);
	for (uint32_t i = 0; i < count && !error; i++)
		error = verity_digest(&c->verity, number + i, want[i]);
	lock_release(&c->lock);
	if (error)
		return error;
	fpu_begin();
	for (uint32_t i = 0; i < count && !error; i++) {
		sha256(to + i * PAGE_SIZE, PAGE_SIZE, is);
		error = memcmp(want[i], is, sizeof(is)) ? -EBADMSG : 0;
	}
	fpu_end();
	return error;
}

int blockcache_read(struct blockcache *c, uint64_t number, uint32_t count, uint8_t *to)
{
	uint32_t present;
	int error = 0;

	if (number >= c->verity.config.data_blocks || count > c->verity.config.data_blocks - number)
		return -EUCLEAN;
	present = copy_present(c, number, count, to);
	for (uint32_t i = 0, n; i < count && !error; i += n) {
		uint32_t here = present >> i & 1;

		for (n = 1; i + n < count && (present >> (i + n) & 1) == here; n++)
			;
		if (!here)
			error = read_run(c, number + i, n, to + i * PAGE_SIZE);
	}
	return error;
}
