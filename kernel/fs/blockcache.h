/*
 * Blocks of the measured root in enclave memory. The host is asked for several at once; each is checked against the
 * root hash when it is first used, and never again while it stays. blockcache.lock guards everything but the contents
 * of pages: a pinned block keeps its page, and a page that was verified is never written again.
 */
#ifndef ADYTON_KERNEL_FS_BLOCKCACHE_H
#define ADYTON_KERNEL_FS_BLOCKCACHE_H

#include "base/list.h"
#include "kernel/fs/verity.h"
#include "kernel/sync/lock.h"

struct block {
	struct list all; /* oldest first */
	struct block *next; /* in its bucket */
	uint64_t number;
	uint8_t *page;
	uint32_t pins; /* atomic: only gains under the lock */
	bool verified, used;
	bool kept; /* lent without a pin: stays for ever */
};

struct blockcache {
	struct lock lock;
	struct verity verity;
	struct list all;
	uint64_t count, limit;
	struct block **buckets;
	uint64_t bucket_mask;
	uint64_t expected; /* block behind the last that was fetched: a miss there reads further ahead */
	uint32_t ahead;
	uint8_t *buffer; /* of AHEAD_MAX pages, for fetching */
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

#endif
