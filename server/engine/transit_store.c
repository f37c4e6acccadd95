/* Keys in the store, and parsed ones in the mount. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/transit.h"

#define BUCKETS 1024

/* Its lock guards the buckets; what hangs in them is only read. */
struct transit {
	pthread_rwlock_t lock;
	struct transit_key *buckets[BUCKETS];
	uint64_t count, limit;
	int64_t next_tick; /* only the ticks' thread uses it */
};

static size_t bucket_of(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return (hash ^ hash >> 16) % BUCKETS;
}

struct transit_key *transit_make(const char *name, const struct transit_kind *kind)
{
	struct transit_key *k = calloc(1, sizeof(*k));

	crypto_must(k, "get memory for a key");
	pool_init(&k->pool);
	k->name = pool_text(&k->pool, name);
	k->kind = kind;
	k->users = 1;
	return k;
}

void transit_release(struct transit_key *k)
{
	if (!k || --k->users)
		return;
	for (size_t i = 0; i < k->count; i++)
		EVP_PKEY_free(k->versions[i].key);
	pool_close(&k->pool);
	free(k);
}

static struct transit_key *cache_find(struct transit *t, const char *name)
{
	struct transit_key *k;

	pthread_rwlock_rdlock(&t->lock);
	for (k = t->buckets[bucket_of(name)]; k && strcmp(k->name, name); k = k->next)
		;
	if (k)
		k->users++;
	pthread_rwlock_unlock(&t->lock);
	return k;
}

static void cache_empty(struct transit *t)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct transit_key *k = t->buckets[i], *next; k; k = next) {
			next = k->next;
			transit_release(k);
		}
		t->buckets[i] = NULL;
	}
	t->count = 0;
}

/* A full cache begins anew: keys in use come back at their next use. */
static void cache_add(struct transit *t, struct transit_key *k)
{
	size_t bucket = bucket_of(k->name);

	pthread_rwlock_wrlock(&t->lock);
	if (t->limit && t->count >= t->limit)
		cache_empty(t);
	k->users++;
	k->next = t->buckets[bucket];
	t->buckets[bucket] = k;
	t->count++;
	pthread_rwlock_unlock(&t->lock);
}

static void cache_drop(struct transit *t, const char *name)
{
	struct transit_key **at, *k;

	pthread_rwlock_wrlock(&t->lock);
	for (at = &t->buckets[bucket_of(name)]; *at && strcmp((*at)->name, name); at = &(*at)->next)
		;
	k = *at;
	if (k) {
		*at = k->next;
		t->count--;
	}
	pthread_rwlock_unlock(&t->lock);
	transit_release(k);
}

static const char *entry_name(struct request *r, const char *name)
{
	return pool_printf(&r->pool, "policy/%s", name);
}

static struct transit_key *transit_read(struct request *r, const char *name)
{
	const struct json *entry = entry_read(r, &r->mount->view, entry_name(r, name));
	struct transit_key *k = entry ? transit_parse(name, entry) : NULL;

	if (entry && !k)
		r->failed = -EBADMSG;
	return k;
}

struct transit_key *transit_open(struct request *r, const char *name)
{
	entry_lock(r, LOCK_ENGINE, &r->mount->view, entry_name(r, name));
	return transit_read(r, name);
}

struct transit_key *transit_get(struct request *r, const char *name)
{
	struct transit *t = r->mount->state;
	struct transit_key *k = cache_find(t, name);

	if (k)
		return k;
	entry_lock(r, LOCK_ENGINE, &r->mount->view, entry_name(r, name));
	k = cache_find(t, name); /* another request was faster */
	if (k)
		return k;
	k = transit_read(r, name);
	if (k)
		cache_add(t, k);
	return k;
}

struct transit_key *transit_named(struct request *r)
{
	return transit_get(r, ask_text(r, "name"));
}

/* The entry becomes durable after this; until then the lock keeps others from reading the old one. */
void transit_save(struct request *r, const struct transit_key *k)
{
	struct json_writer *w = entry_write(r);

	transit_put(w, &r->pool, k);
	entry_written(r, &r->mount->view, entry_name(r, k->name), w);
	cache_drop(r->mount->state, k->name);
}

void transit_forget(struct request *r, const char *name)
{
	entry_delete(r, &r->mount->view, entry_name(r, name));
	cache_drop(r->mount->state, name);
}

void transit_cache_limit(struct mount *m, uint64_t limit)
{
	struct transit *t = m->state;

	pthread_rwlock_wrlock(&t->lock);
	t->limit = limit;
	cache_empty(t);
	pthread_rwlock_unlock(&t->lock);
}

bool transit_tick_due(struct mount *m, int64_t now)
{
	struct transit *t = m->state;

	if (now < t->next_tick)
		return false;
	t->next_tick = now + 600 * 1000000000LL;
	return true;
}

int transit_mounted(struct request *r, struct mount *m)
{
	const struct json *entry = entry_read(r, &m->view, "config/cache");
	const struct json *size = json_member_of(entry, "size", JSON_NUMBER);
	struct transit *t = calloc(1, sizeof(*t));

	crypto_must(t && !pthread_rwlock_init(&t->lock, NULL), "get memory for a mount");
	if (!size || !json_u64(size, &t->limit))
		t->limit = 0;
	m->state = t;
	return 200;
}

void transit_unmounted(struct mount *m)
{
	struct transit *t = m->state;

	cache_empty(t);
	pthread_rwlock_destroy(&t->lock);
	free(t);
	m->state = NULL;
}
