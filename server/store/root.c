#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/hkdf.h"
#include "server/store/root_state.h"

/* Rows of the log that a commit takes away at most, beside the one that it adds. */
#define PRUNED_AT_ONCE 8

struct root *root_make(struct store *store, struct anchor *anchor, const struct secret_key *key)
{
	_cleanup_key_ struct secret_key path_key = { .size = SECRET_KEY_MAX };
	struct root *root = calloc(1, sizeof(*root));

	if (!root)
		abort();
	root->store = store;
	root->anchor = anchor;
	root->tree = calloc(1, sizeof(*root->tree));
	root->heads = calloc(ROOT_BUCKETS, sizeof(*root->heads));
	root->first = 1;
	root->mac_key.size = SECRET_KEY_MAX;
	if (!root->tree || !root->heads ||
	    !hkdf_key(NULL, 0, key->bytes, key->size, "adyton store root mac", &root->mac_key) ||
	    !hkdf_key(NULL, 0, key->bytes, key->size, "adyton store root path", &path_key))
		abort();
	sha256_init(&root->path_hash);
	sha256_update(&root->path_hash, path_key.bytes, path_key.size);
	sha256_update(&root->path_hash, path_key.bytes, path_key.size); /* a whole block */
	pthread_rwlock_init(&root->lock, NULL);
	if (anchor && anchor->key)
		anchor->key(anchor, key);
	return root;
}

void root_free(struct root *root)
{
	if (!root)
		return;
	pthread_rwlock_destroy(&root->lock);
	free(root->tree);
	free(root->heads);
	free(root->recent);
	mem_wipe(root, sizeof(*root));
	free(root);
}

struct root_place root_place(const struct root *root, const char *path)
{
	struct sha256 ctx = root->path_hash;
	uint8_t digest[SHA256_SIZE];
	struct bytes_reader b = { .at = digest, .left = sizeof(digest) };
	struct root_place place;

	sha256_update(&ctx, path, strlen(path));
	sha256_final(&ctx, digest);
	place.bucket = (uint32_t)bytes_take_be(&b, 2) % ROOT_BUCKETS;
	place.name = bytes_take_be(&b, 8);
	return place;
}

/* An entry's GCM tag is as good as a hash of it; the barrier's own rows are hashed. */
void root_tag(const char *path, const void *value, size_t size, uint8_t tag[ROOT_TAG])
{
	uint8_t digest[SHA256_SIZE];

	if (*path != '!' && size >= ROOT_TAG) {
		memcpy(tag, (const uint8_t *)value + size - ROOT_TAG, ROOT_TAG);
		return;
	}
	sha256(value, size, digest);
	memcpy(tag, digest, ROOT_TAG);
}

int root_check(struct root *root, const char *path, const uint8_t *tag)
{
	struct root_place place = root_place(root, path);
	_cleanup_pool_ struct pool pool = { NULL };
	uint8_t leaf[ROOT_DIGEST];
	const struct recent *recent;
	const uint8_t *known = NULL;
	struct blob record;
	bool is_recent, good;
	int err;

	pool_init(&pool);
	pthread_rwlock_rdlock(&root->lock);
	recent = recent_find(root, place);
	is_recent = recent != NULL;
	good = recent && (tag ? recent->present && !memcmp(tag, recent->tag, ROOT_TAG) : !recent->present);
	memcpy(leaf, root_tree_leaf(root->tree, place.bucket), ROOT_DIGEST);
	pthread_rwlock_unlock(&root->lock);
	if (is_recent)
		return good ? 0 : -EBADMSG;
	err = bucket_read(root, place.bucket, leaf, &pool, &record);
	if (err)
		return err;
	known = bucket_find(record, place.name);
	good = tag ? known && !memcmp(tag, known, ROOT_TAG) : !known;
	return good ? 0 : -EBADMSG;
}

/* -- a commit -- */

struct staged {
	struct pool pool;
	struct root_change *changes;
	struct root_row row;
	struct fold *folds;
	uint32_t cursor;
	uint64_t round, folded;
	struct anchor_value next;
	struct change **end; /* of the list for the store */
};

static void staged_add(struct staged *s, const char *path, struct blob value)
{
	struct change *c = pool_take(&s->pool, sizeof(*c));

	*c = (struct change){ .path = path, .value = value.at, .size = value.size };
	*s->end = c;
	s->end = &c->next;
}

static void staged_changes(struct root *root, struct change *first, struct staged *s)
{
	size_t count = 0;

	s->end = NULL;
	for (struct change *c = first; c; c = c->next, count++)
		s->end = &c->next;
	s->changes = pool_take(&s->pool, (count ? count : 1) * sizeof(*s->changes));
	for (struct change *c = first; c; c = c->next) {
		struct root_change *to = &s->changes[s->row.count++];

		to->place = root_place(root, c->path);
		to->present = c->value != NULL;
		if (c->value)
			root_tag(c->path, c->value, c->size, to->tag);
	}
}

/* One bucket; how many recent changes that takes care of, or -errno. */
static int staged_fold_bucket(const struct root *root, uint32_t bucket, struct staged *s)
{
	struct fold *f = pool_take(&s->pool, sizeof(*f));
	struct blob record;
	int count = 0, err = bucket_fold(root, bucket, &s->pool, &record);

	if (err)
		return err;
	for (uint32_t i = root->heads[bucket]; i; i = root->recent[i - 1].next)
		count++;
	f->bucket = bucket;
	root_leaf(record.at, record.size, f->digest);
	f->next = s->folds;
	s->folds = f;
	staged_add(s, bucket_path(bucket, &s->pool), record.size ? record : (struct blob){ NULL, 0 });
	return count;
}

/*
 * Twice as many as come, so that what is recent shrinks; to the end of the round at most. Neighbours in the tree are
 * neighbours in the store, so that buckets that are folded together share pages.
 */
static int staged_folds(const struct root *root, struct staged *s)
{
	uint64_t wanted = 2 * (uint64_t)s->row.count, done = 0;

	if (root->recent_count < ROOT_RECENT && root->now.version + 1 - root->first < ROOT_RECENT)
		return 0;
	while (done < wanted && s->cursor < ROOT_BUCKETS) {
		if (root->heads[s->cursor]) {
			int n = staged_fold_bucket(root, s->cursor, s);

			if (n < 0)
				return n;
			done += (uint64_t)n;
		}
		s->cursor++;
	}
	if (s->cursor == ROOT_BUCKETS) {
		s->cursor = 0;
		s->folded = s->round;
		s->round = root->now.version;
	}
	return 0;
}

/* The tree with the folds in it. Undone where the store then refuses. */
static void tree_apply(struct root *root, struct fold *folds)
{
	for (struct fold *f = folds; f; f = f->next) {
		uint8_t before[ROOT_DIGEST];

		memcpy(before, root_tree_leaf(root->tree, f->bucket), ROOT_DIGEST);
		root_tree_set(root->tree, f->bucket, f->digest);
		memcpy(f->digest, before, ROOT_DIGEST);
	}
}

static void staged_row(struct root *root, struct staged *s)
{
	struct blob value;

	s->row.version = root->now.version + 1;
	s->row.first = root->first;
	for (int i = 0; i < PRUNED_AT_ONCE && s->row.first <= s->folded && s->row.first < s->row.version; i++)
		staged_add(s, row_path(s->row.first++, &s->pool), (struct blob){ NULL, 0 });
	memcpy(s->row.before, root->now.digest, SHA256_SIZE);
	memcpy(s->row.tree, root->tree->nodes[1], ROOT_DIGEST);
	value = row_write(root, &s->row, s->changes, &s->pool);
	staged_add(s, row_path(s->row.version, &s->pool), value);
	s->next.version = s->row.version;
	sha256(value.at, value.size, s->next.digest);
}

static void staged_accept(struct root *root, const struct staged *s)
{
	for (const struct fold *f = s->folds; f; f = f->next)
		recent_drop(root, f->bucket);
	for (uint32_t i = 0; i < s->row.count; i++)
		recent_put(root, &s->changes[i]);
	root->cursor = s->cursor;
	root->round = s->round;
	root->folded = s->folded;
	root->first = s->row.first;
	root->now = s->next;
}

/*
 * An anchor that fails does not undo what is durable: the commit's outcome is unknown to who asked for it, and the next
 * commit waits until the anchor has caught up, as it may never be behind by two.
 */
static int root_anchor(struct root *root, const struct anchor_value *from)
{
	int err = root->anchor ? root->anchor->advance(root->anchor, from, &root->now) : 0;

	root->anchored = !err;
	return err;
}

static int root_store(struct root *root, struct change *first, struct staged *s)
{
	int err;

	pthread_rwlock_wrlock(&root->lock);
	tree_apply(root, s->folds);
	staged_row(root, s);
	pthread_rwlock_unlock(&root->lock);
	err = root->store->apply(root->store, first);
	pthread_rwlock_wrlock(&root->lock);
	if (err)
		tree_apply(root, s->folds);
	else
		staged_accept(root, s);
	pthread_rwlock_unlock(&root->lock);
	return err;
}

int root_commit(struct root *root, struct change *first)
{
	struct staged s = { .cursor = root->cursor, .round = root->round, .folded = root->folded };
	struct anchor_value from = root->now;
	struct change **last;
	int err = root->anchored ? 0 : root_anchor(root, NULL);

	if (err || !first)
		return err;
	pool_init(&s.pool);
	staged_changes(root, first, &s);
	last = s.end;
	err = staged_folds(root, &s);
	if (!err)
		err = root_store(root, first, &s);
	*last = NULL;
	pool_close(&s.pool);
	return err ? err : root_anchor(root, &from);
}
