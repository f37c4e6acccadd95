/* Opening: the log is read from its oldest row, then the buckets; then the anchor says whether that is the newest. */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "server/store/root_state.h"

struct opening {
	struct root *root;
	struct root_row row; /* the newest so far */
	uint8_t digest[SHA256_SIZE];
	uint64_t oldest;
	bool any;
};

static int open_row(void *context, const char *path, struct blob value)
{
	struct opening *o = context;
	_cleanup_pool_ struct pool pool = { NULL };
	struct root_row row;
	int err = row_read(o->root, value, &row);

	pool_init(&pool);
	if (err)
		return err;
	if (strcmp(path, row_path(row.version, &pool)) != 0)
		return -EBADMSG;
	if (o->any && (row.version != o->row.version + 1 || memcmp(row.before, o->digest, SHA256_SIZE) != 0))
		return -EBADMSG;
	if (!o->any)
		o->oldest = row.version;
	o->any = true;
	o->row = row;
	sha256(value.at, value.size, o->digest);
	for (uint32_t i = 0; i < row.count; i++) {
		struct root_change c;

		row_change(&row, i, &c);
		recent_put(o->root, &c);
	}
	return 0;
}

static int open_bucket(void *context, const char *path, struct blob value)
{
	const char *hex = path + strlen(ROOT_BUCKET);
	uint8_t digest[ROOT_DIGEST], number[2];
	struct root *root = context;
	uint32_t bucket;

	if (!hex_decode(hex, strlen(hex), number, 2))
		return -EBADMSG;
	bucket = (uint32_t)number[0] << 8 | number[1];
	if (bucket >= ROOT_BUCKETS || value.size % ROOT_SLOT)
		return -EBADMSG;
	root_leaf(value.at, value.size, digest);
	root_tree_put(root->tree, bucket, digest);
	return 0;
}

static int open_anchor(struct root *root, const uint8_t before[SHA256_SIZE], const struct barrier_loss *accepted,
		       struct barrier_loss *found)
{
	struct anchor_value there = { .version = 0 };
	int err;

	if (!root->anchor)
		return 0;
	err = root->anchor->read(root->anchor, &there);
	if (err && err != -ENOENT)
		return err;
	*found = (struct barrier_loss){ root->now.version, there.version };
	if (there.version == root->now.version && !memcmp(there.digest, root->now.digest, SHA256_SIZE))
		return 0;
	/* The crash came between the commit and the anchor: the row before is the anchor's. */
	if (there.version + 1 == root->now.version && !memcmp(there.digest, before, SHA256_SIZE))
		return root->anchor->advance(root->anchor, &there, &root->now);
	if (!accepted || accepted->store != found->store || accepted->anchor != found->anchor)
		return -ESTALE;
	return root->anchor->advance(root->anchor, NULL, &root->now);
}

int root_open(struct root *root, const struct barrier_loss *accepted, struct barrier_loss *found)
{
	struct opening o = { .root = root };
	int err = root->store->walk(root->store, ROOT_LOG, open_row, &o);

	if (!err && (!o.any || o.oldest != o.row.first))
		err = -EBADMSG;
	if (!err)
		err = root->store->walk(root->store, ROOT_BUCKET, open_bucket, root);
	if (err)
		return err;
	root_tree_build(root->tree);
	if (memcmp(root->tree->nodes[1], o.row.tree, ROOT_DIGEST) != 0)
		return -EBADMSG;
	root->now.version = root->round = o.row.version;
	memcpy(root->now.digest, o.digest, SHA256_SIZE);
	root->first = o.row.first;
	root->folded = root->first - 1;
	err = open_anchor(root, o.row.before, accepted, found);
	root->anchored = !err;
	return err;
}

static int counts_bucket(struct root *root, uint32_t bucket, uint32_t *count)
{
	_cleanup_pool_ struct pool pool = { NULL };
	struct blob record;
	int err;

	pool_init(&pool);
	err = bucket_read(root, bucket, root_tree_leaf(root->tree, bucket), &pool, &record);
	if (err)
		return err;
	*count = (uint32_t)(record.size / ROOT_SLOT);
	for (uint32_t i = root->heads[bucket]; i; i = root->recent[i - 1].next) {
		const struct recent *r = &root->recent[i - 1];
		bool there = bucket_find(record, r->name) != NULL;

		if (r->present != there)
			*count = r->present ? *count + 1 : *count - 1;
	}
	return 0;
}

int root_counts(struct root *root, uint32_t *counts)
{
	static const uint8_t empty[ROOT_DIGEST];
	int err = 0;

	for (uint32_t i = 0; !err && i < ROOT_BUCKETS; i++)
		if (root->heads[i] || memcmp(root_tree_leaf(root->tree, i), empty, ROOT_DIGEST) != 0)
			err = counts_bucket(root, i, &counts[i]);
	return err;
}
