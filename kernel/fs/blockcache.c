/* See blockcache.h. */
#include "kernel/fs/blockcache.h"
#include "abi/linux/errno.h"
#include "base/mem.h"
#include "crypto/sha256.h"
#include "kernel/border/hostcall.h"
#include "kernel/lib/fpu.h"
#include "kernel/mm/heap.h"

#define AHEAD_FIRST 8U
#define AHEAD_MAX 32U
#define CACHE_LIMIT (512 * MIB / PAGE_SIZE)
#define BUCKETS_MAX (64 * KIB)

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
	uint64_t slots = (hash_blocks + VERITY_WAYS) / VERITY_WAYS * VERITY_WAYS, buckets = 64;
	struct verity_config config = { .data_blocks = data_blocks,
					.hash_blocks = hash_blocks,
					.read = read_hash_block,
					.ctx = c,
					.hash = hash_page,
					.slot_count = slots };

	if (slots > CACHE_LIMIT)
		config.slot_count = CACHE_LIMIT;
	while (buckets < data_blocks && buckets < BUCKETS_MAX)
		buckets *= 2;
	list_init(&c->all);
	c->limit = CACHE_LIMIT;
	c->bucket_mask = buckets - 1;
	c->buckets = heap_alloc(buckets * sizeof(struct block *));
	c->buffer = heap_pages(AHEAD_MAX);
	config.slots = heap_alloc(config.slot_count * sizeof(struct verity_slot));
	config.pages = heap_pages(config.slot_count);
	memcpy(config.root_hash, root_hash, sizeof(config.root_hash));
	if (!c->buckets || !c->buffer || !config.slots || !config.pages)
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
 * Make room for one: the oldest that nobody used since it was last looked at. All pinned or kept: the limit gives way.
 */
static void evict(struct blockcache *c)
{
	uint64_t looked = 0;

	while (c->count >= c->limit && looked++ < 2 * c->limit) {
		struct block *b = container_of(c->all.next, struct block, all);

		if (!b->kept && !b->used && !__atomic_load_n(&b->pins, __ATOMIC_ACQUIRE)) {
			drop(c, b);
			continue;
		}
		b->used = false;
		list_del(&b->all);
		list_add_tail(&c->all, &b->all);
	}
}

static struct block *insert(struct blockcache *c, uint64_t number, const uint8_t *data)
{
	struct block *b;

	evict(c);
	b = heap_alloc(sizeof(*b));
	if (!b)
		return NULL;
	b->page = heap_pages(1);
	if (!b->page) {
		heap_free(b);
		return NULL;
	}
	memcpy(b->page, data, PAGE_SIZE);
	b->number = number;
	b->next = c->buckets[number & c->bucket_mask];
	c->buckets[number & c->bucket_mask] = b;
	list_add_tail(&c->all, &b->all);
	c->count++;
	return b;
}

/* Fetch a block and those behind it that are not there yet, as many as a sequential reader would want. */
static int fetch(struct blockcache *c, uint64_t number, struct block **out)
{
	uint32_t n = 1, want;
	int error;

	c->ahead = number != c->expected ? AHEAD_FIRST : c->ahead * 2 < AHEAD_MAX ? c->ahead * 2 : AHEAD_MAX;
	want = c->ahead;
	while (n < want && number + n < c->verity.config.data_blocks && !find(c, number + n))
		n++;
	c->expected = number + n;
	error = read_image(c->buffer, n * PAGE_SIZE, number * PAGE_SIZE);
	if (error) { /* perhaps only those behind it cannot be had */
		n = 1;
		error = read_image(c->buffer, PAGE_SIZE, number * PAGE_SIZE);
	}
	if (error)
		return error;
	*out = insert(c, number, c->buffer);
	for (uint32_t i = 1; *out && i < n; i++)
		insert(c, number + i, c->buffer + i * PAGE_SIZE);
	return *out ? 0 : -ENOMEM;
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
