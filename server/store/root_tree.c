#include "base/mem.h"
#include "crypto/sha256.h"
#include "server/store/root_tree.h"

static const uint8_t empty[ROOT_DIGEST];

static void digest_of(uint8_t kind, const void *data, size_t size, uint8_t out[ROOT_DIGEST])
{
	uint8_t whole[SHA256_SIZE];
	struct sha256 ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, &kind, 1);
	sha256_update(&ctx, data, size);
	sha256_final(&ctx, whole);
	memcpy(out, whole, ROOT_DIGEST);
}

void root_leaf(const void *record, size_t size, uint8_t digest[ROOT_DIGEST])
{
	if (size)
		digest_of(0, record, size, digest);
	else
		memset(digest, 0, ROOT_DIGEST);
}

/* A node from its two children, which lie side by side. */
static void node_compute(struct root_tree *t, uint32_t i)
{
	if (!memcmp(t->nodes[2 * i], empty, ROOT_DIGEST) && !memcmp(t->nodes[2 * i + 1], empty, ROOT_DIGEST))
		memset(t->nodes[i], 0, ROOT_DIGEST);
	else
		digest_of(1, t->nodes[2 * i], (size_t)2 * ROOT_DIGEST, t->nodes[i]);
}

void root_tree_put(struct root_tree *t, uint32_t bucket, const uint8_t digest[ROOT_DIGEST])
{
	memcpy(t->nodes[ROOT_BUCKETS + bucket], digest, ROOT_DIGEST);
}

void root_tree_build(struct root_tree *t)
{
	for (uint32_t i = ROOT_BUCKETS - 1; i; i--)
		node_compute(t, i);
}

void root_tree_set(struct root_tree *t, uint32_t bucket, const uint8_t digest[ROOT_DIGEST])
{
	root_tree_put(t, bucket, digest);
	for (uint32_t i = (ROOT_BUCKETS + bucket) / 2; i; i /= 2)
		node_compute(t, i);
}
