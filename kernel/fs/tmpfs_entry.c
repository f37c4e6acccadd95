/* Names in a directory of enclave memory: see tmpfs.h. tmpfs.names is held throughout. */
#include "kernel/fs/tmpfs.h"
#include "base/mem.h"
#include "kernel/mm/heap.h"

#define BUCKETS_FIRST 16

static uint32_t name_hash(const char *name, size_t length)
{
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < length; i++)
		h = (h ^ (uint8_t)name[i]) * 16777619U;
	return h;
}

struct tmpfs_entry **tmpfs_entry_slot(struct tmpfs_node *dir, const char *name, size_t length)
{
	uint32_t h = name_hash(name, length);
	struct tmpfs_entry **at;

	if (!dir->bucket_count)
		return NULL;
	for (at = &dir->buckets[h % dir->bucket_count]; *at; at = &(*at)->next) {
		if ((*at)->hash == h && (*at)->length == length && !memcmp((*at)->name, name, length))
			return at;
	}
	return NULL;
}

struct tmpfs_node *tmpfs_entry_node(struct tmpfs_node *dir, const char *name, size_t length)
{
	struct tmpfs_entry **at = tmpfs_entry_slot(dir, name, length);

	return at ? (*at)->node : NULL;
}

static void touch(struct tmpfs_node *dir)
{
	dir->mtime = dir->ctime = tmpfs_now();
}

/* Twice the buckets when they are full; without memory the chains get longer. */
static bool buckets_grow(struct tmpfs_node *dir)
{
	uint32_t count = dir->bucket_count ? dir->bucket_count * 2 : BUCKETS_FIRST;
	struct tmpfs_entry **buckets;

	if (dir->entry_count < dir->bucket_count)
		return true;
	buckets = heap_alloc(count * sizeof(struct tmpfs_entry *));
	if (!buckets)
		return dir->bucket_count;
	list_for_each(at, &dir->entries) {
		struct tmpfs_entry *e = container_of(at, struct tmpfs_entry, link);

		e->next = buckets[e->hash % count];
		buckets[e->hash % count] = e;
	}
	heap_free(dir->buckets);
	dir->buckets = buckets;
	dir->bucket_count = count;
	return true;
}

int tmpfs_entry_add(struct tmpfs_node *dir, const char *name, size_t length, struct tmpfs_node *node)
{
	struct tmpfs_entry *e = heap_alloc(sizeof(*e) + length);
	struct tmpfs_entry **bucket;

	if (!e || !buckets_grow(dir)) {
		heap_free(e);
		return -ENOSPC;
	}
	memcpy(e->name, name, length);
	e->length = (uint32_t)length;
	e->hash = name_hash(name, length);
	e->node = node;
	e->cookie = dir->next_cookie++;
	bucket = &dir->buckets[e->hash % dir->bucket_count];
	e->next = *bucket;
	*bucket = e;
	list_add_tail(&dir->entries, &e->link);
	dir->entry_count++;
	if (S_ISDIR(node->inode.mode)) {
		node->parent = dir;
		dir->nlink++;
	}
	touch(dir);
	return 0;
}

struct tmpfs_node *tmpfs_entry_remove(struct tmpfs_node *dir, struct tmpfs_entry **at)
{
	struct tmpfs_entry *e = *at;
	struct tmpfs_node *node = e->node;

	*at = e->next;
	list_del(&e->link);
	heap_free(e);
	dir->hint = NULL;
	dir->entry_count--;
	if (S_ISDIR(node->inode.mode))
		dir->nlink--;
	touch(dir);
	return node;
}

void tmpfs_entry_replace(struct tmpfs_node *dir, struct tmpfs_entry *e, struct tmpfs_node *node)
{
	if (S_ISDIR(e->node->inode.mode))
		dir->nlink--;
	if (S_ISDIR(node->inode.mode)) {
		dir->nlink++;
		node->parent = dir;
	}
	e->node = node;
	node->ctime = tmpfs_now();
	touch(dir);
}
