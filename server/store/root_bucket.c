/*
 * Buckets: what changed in them lately (in memory), their records (in the store), and folding the one into the other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "server/store/root_state.h"

const struct recent *recent_find(const struct root *root, struct root_place place)
{
	for (uint32_t i = root->heads[place.bucket]; i; i = root->recent[i - 1].next)
		if (root->recent[i - 1].name == place.name)
			return &root->recent[i - 1];
	return NULL;
}

static uint32_t recent_take(struct root *root)
{
	uint32_t i = root->recent_free;

	if (i) {
		root->recent_free = root->recent[i - 1].next;
		return i;
	}
	if (root->recent_count == root->recent_room) {
		uint32_t room = root->recent_room ? 2 * root->recent_room : 1024;

		root->recent = realloc(root->recent, room * sizeof(*root->recent));
		if (!root->recent)
			abort(); /* as pool.h says */
		root->recent_room = room;
		for (uint32_t n = room; n > root->recent_count; n--) {
			root->recent[n - 1].next = root->recent_free;
			root->recent_free = n;
		}
	}
	i = root->recent_free;
	root->recent_free = root->recent[i - 1].next;
	return i;
}

void recent_put(struct root *root, const struct root_change *c)
{
	struct recent *found = (struct recent *)recent_find(root, c->place);

	if (!found) {
		uint32_t i = recent_take(root);

		found = &root->recent[i - 1];
		found->name = c->place.name;
		found->next = root->heads[c->place.bucket];
		root->heads[c->place.bucket] = i;
		root->recent_count++;
	}
	found->present = c->present;
	memcpy(found->tag, c->tag, ROOT_TAG);
}

void recent_drop(struct root *root, uint32_t bucket)
{
	uint32_t next;

	for (uint32_t i = root->heads[bucket]; i; i = next) {
		next = root->recent[i - 1].next;
		root->recent[i - 1].next = root->recent_free;
		root->recent_free = i;
		root->recent_count--;
	}
	root->heads[bucket] = 0;
}

const char *bucket_path(uint32_t bucket, struct pool *pool)
{
	return pool_printf(pool, ROOT_BUCKET "%04x", bucket);
}

int bucket_read(const struct root *root, uint32_t bucket, const uint8_t *leaf, struct pool *pool, struct blob *record)
{
	uint8_t digest[ROOT_DIGEST];
	int err = root->store->get(root->store, bucket_path(bucket, pool), pool, record);

	if (err && err != -ENOENT)
		return err;
	if (err)
		*record = (struct blob){ NULL, 0 };
	root_leaf(record->at, record->size, digest);
	return memcmp(digest, leaf, ROOT_DIGEST) != 0 || record->size % ROOT_SLOT ? -EBADMSG : 0;
}

static uint64_t slot_name(const uint8_t *slot)
{
	struct bytes_reader b = { .at = slot, .left = 8 };

	return bytes_take_be(&b, 8);
}

const uint8_t *bucket_find(struct blob record, uint64_t name)
{
	size_t low = 0, high = record.size / ROOT_SLOT;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const uint8_t *slot = record.at + middle * ROOT_SLOT;
		uint64_t here = slot_name(slot);

		if (here == name)
			return slot + 8;
		if (here < name)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int slot_compare(const void *a, const void *b)
{
	return memcmp(a, b, 8);
}

/* What stays of the record, and what is recent, sorted. */
int bucket_fold(const struct root *root, uint32_t bucket, struct pool *pool, struct blob *record)
{
	struct bytes_writer w = { .size = 0 };
	struct blob before;
	size_t slots;
	int err = bucket_read(root, bucket, root_tree_leaf(root->tree, bucket), pool, &before);

	if (err)
		return err;
	slots = before.size / ROOT_SLOT;
	for (uint32_t i = root->heads[bucket]; i; i = root->recent[i - 1].next)
		slots++;
	w.size = slots * ROOT_SLOT;
	w.at = pool_take(pool, w.size);
	for (size_t i = 0; i < before.size; i += ROOT_SLOT) {
		const uint8_t *slot = before.at + i;

		if (!recent_find(root, (struct root_place){ bucket, slot_name(slot) }))
			bytes_put(&w, slot, ROOT_SLOT);
	}
	for (uint32_t i = root->heads[bucket]; i; i = root->recent[i - 1].next) {
		const struct recent *r = &root->recent[i - 1];

		if (!r->present)
			continue;
		bytes_put_be(&w, r->name, 8);
		bytes_put(&w, r->tag, ROOT_TAG);
	}
	if (w.used)
		qsort(w.at, w.used / ROOT_SLOT, ROOT_SLOT, slot_compare);
	*record = (struct blob){ w.at, w.used };
	return 0;
}
