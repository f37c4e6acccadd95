/*
 * Blocks of the measured root in enclave memory: those that hold names, inodes and small files, and those that were
 * read more than once. What is read or mapped for the first time goes by: keeping a block costs a page, whose first
 * touch may cost more than reading the block again. Each is checked against the root hash when it comes in and is first
 * used. blockcache.lock guards everything but the contents of pages: a pinned block keeps its page, and a page that was
 * verified is never written again.
 */
#ifndef ADYTON_KERNEL_FS_BLOCKCACHE_H
#define ADYTON_KERNEL_FS_BLOCKCACHE_H

#include "base/list.h"
#include "kernel/fs/verity.h"
#include "kernel/sync/lock.h"

#define BLOCKCACHE_RUN 16U /* blocks that are read at once at most */

struct block {
	struct list all; /* oldest first */
	struct block *next; /* in its bucket */
	uint64_t number;
	uint8_t *page;
	uint32_t pins; /* atomic: only gains under the lock */
	bool verified, used;
};

struct blockcache {
	struct lock lock;
	struct verity verity;
	struct list all;
	uint64_t count, limit;
	struct block **buckets;
	uint64_t bucket_mask;
	uint8_t *seen; /* a bit for each block that was read before, by its number modulo their count */
};

int blockcache_open(struct blockcache *c, uint64_t data_blocks, uint64_t hash_blocks,
		    const uint8_t root_hash[32]) must_check;
/*
 * A verified block, pinned until blockcache_put. -EBADMSG: what the host gave does not match the root hash; -EIO and
 * others: it gave nothing.
 */
int blockcache_get(struct blockcache *c, uint64_t number, struct block **out) must_check;
static inline void blockcache_put(struct block *b)
{
	__atomic_sub_fetch(&b->pins, 1, __ATOMIC_RELEASE);
}

/*
 * Verified copies of count blocks in a row, which the cache does not keep; count is at most BLOCKCACHE_RUN. Errors as
 * above, or -EIO where the hash tree itself does not match; what lies at `to` then must not be used.
 */
int blockcache_read(struct blockcache *c, uint64_t number, uint32_t count, uint8_t *to) must_check;
/* Was this block asked for here before (or one of the same number modulo some thousands)? */
bool blockcache_seen(struct blockcache *c, uint64_t number);

#endif
