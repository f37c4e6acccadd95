/*
 * Entries of tokens that were used lately, so that a request reads no store to know who asks. A slot for each hash that
 * falls into it, the newest stays. An entry is one piece of memory: the struct, then its lists, then its texts; a copy
 * is the same piece with its pointers moved.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "server/token/tokens.h"

#define SLOTS 4096
#define LOCKS 64

struct token_cache {
	struct {
		pthread_mutex_t mutex;
		uint64_t generation; /* counts what was dropped: what was read before may be older */
	} locks[LOCKS];
	struct flat {
		size_t size;
		struct token *token; /* begins the piece */
	} slots[SLOTS];
};

/* Hashes are hex digits of a MAC: any of them are as good as others. */
static size_t slot_of(const char *hash)
{
	size_t at = 0;

	for (size_t i = 0; i < 8 && hash[i]; i++)
		at = at * 31 + (uint8_t)hash[i];
	return at % SLOTS;
}

struct token_cache *token_cache_make(void)
{
	struct token_cache *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&c->locks[i].mutex, NULL);
	return c;
}

static void flat_free(struct flat *flat)
{
	if (flat->token)
		mem_wipe(flat->token, flat->size);
	free(flat->token);
	*flat = (struct flat){ 0, NULL };
}

void token_cache_free(struct token_cache *c)
{
	for (size_t i = 0; c && i < SLOTS; i++)
		flat_free(&c->slots[i]);
	for (size_t i = 0; c && i < LOCKS; i++)
		pthread_mutex_destroy(&c->locks[i].mutex);
	free(c);
}

/* -- one piece -- */

#define TEXTS(t) { &(t)->hash, &(t)->accessor, &(t)->parent, &(t)->path, &(t)->display_name, &(t)->role, \
		   &(t)->entity_id, &(t)->mount_accessor, &(t)->bound_key, &(t)->cubbyhole }
#define LISTS(t) { &(t)->policies, &(t)->bound_cidrs }
#define BLOBS(t) { &(t)->metadata, &(t)->internal }
#define EACH(i, array) for (size_t i = 0; i < sizeof(array) / sizeof((array)[0]); i++)

/* names_add() counts on room up to the next power of two. */
static size_t list_room(size_t count)
{
	size_t room = count ? 1 : 0;

	while (room < count)
		room *= 2;
	return room;
}

static size_t flat_size(const struct token *t)
{
	const char *const *const texts[] = TEXTS(t);
	const struct names *const lists[] = LISTS(t);
	size_t size = sizeof(*t) + t->metadata.size + t->internal.size;

	EACH(i, texts)
		size += *texts[i] ? strlen(*texts[i]) + 1 : 0;
	EACH(i, lists) {
		size += list_room(lists[i]->count) * sizeof(char *);
		for (size_t n = 0; n < lists[i]->count; n++)
			size += strlen(lists[i]->at[n]) + 1;
	}
	return size;
}

static const char *flat_put(char **at, const void *from, size_t size)
{
	char *to = *at;

	if (!from)
		return NULL;
	memcpy(to, from, size);
	*at += size;
	return to;
}

static struct token *flat_make(const struct token *from, size_t size)
{
	struct token *t = malloc(size);
	char *at = (char *)(t + 1);

	if (!t)
		abort();
	*t = *from;
	t->id = NULL;
	{
		struct names *lists[] = LISTS(t);
		struct blob *blobs[] = BLOBS(t);
		const char **texts[] = TEXTS(t);

		/* Lists of pointers first: they must be aligned. */
		EACH(i, lists) {
			const char **room = (const char **)(void *)at;

			at += list_room(lists[i]->count) * sizeof(char *);
			if (lists[i]->count)
				memcpy(room, lists[i]->at, lists[i]->count * sizeof(char *));
			lists[i]->at = lists[i]->count ? room : NULL;
		}
		EACH(i, lists)
			for (size_t n = 0; n < lists[i]->count; n++)
				lists[i]->at[n] = flat_put(&at, lists[i]->at[n], strlen(lists[i]->at[n]) + 1);
		EACH(i, blobs)
			blobs[i]->at = (const uint8_t *)flat_put(&at, blobs[i]->at, blobs[i]->size);
		EACH(i, texts)
			*texts[i] = flat_put(&at, *texts[i], *texts[i] ? strlen(*texts[i]) + 1 : 0);
	}
	return t;
}

#define MOVE(pointer) \
	do { \
		if (pointer) \
			(pointer) = (void *)((char *)to + ((const char *)(pointer) - (const char *)from)); \
	} while (0)

static struct token *flat_copy(struct pool *p, const struct token *from, size_t size)
{
	struct token *to = pool_take(p, size);
	struct names *lists[] = LISTS(to);
	struct blob *blobs[] = BLOBS(to);
	const char **texts[] = TEXTS(to);

	memcpy(to, from, size);
	EACH(i, lists) {
		MOVE(lists[i]->at);
		for (size_t n = 0; n < lists[i]->count; n++)
			MOVE(lists[i]->at[n]);
	}
	EACH(i, blobs)
		MOVE(blobs[i]->at);
	EACH(i, texts)
		MOVE(*texts[i]);
	return to;
}

/* -- the slots -- */

struct token *token_cache_get(struct token_cache *c, const char *hash, struct pool *p)
{
	size_t slot = slot_of(hash);
	const struct flat *flat = &c->slots[slot];
	struct token *t = NULL;

	pthread_mutex_lock(&c->locks[slot % LOCKS].mutex);
	if (flat->token && !strcmp(flat->token->hash, hash))
		t = flat_copy(p, flat->token, flat->size);
	pthread_mutex_unlock(&c->locks[slot % LOCKS].mutex);
	return t;
}

uint64_t token_cache_since(struct token_cache *c, const char *hash)
{
	size_t lock = slot_of(hash) % LOCKS;
	uint64_t generation;

	pthread_mutex_lock(&c->locks[lock].mutex);
	generation = c->locks[lock].generation;
	pthread_mutex_unlock(&c->locks[lock].mutex);
	return generation;
}

void token_cache_put(struct token_cache *c, const struct token *t, uint64_t since)
{
	size_t slot = slot_of(t->hash), size = flat_size(t);
	struct flat flat = { size, flat_make(t, size) };

	pthread_mutex_lock(&c->locks[slot % LOCKS].mutex);
	if (c->locks[slot % LOCKS].generation == since) {
		struct flat old = c->slots[slot];

		c->slots[slot] = flat;
		flat = old;
	}
	pthread_mutex_unlock(&c->locks[slot % LOCKS].mutex);
	flat_free(&flat);
}

void token_cache_drop(struct token_cache *c, const char *hash)
{
	size_t slot = slot_of(hash);
	struct flat *flat = &c->slots[slot];

	pthread_mutex_lock(&c->locks[slot % LOCKS].mutex);
	c->locks[slot % LOCKS].generation++;
	if (flat->token && !strcmp(flat->token->hash, hash))
		flat_free(flat);
	pthread_mutex_unlock(&c->locks[slot % LOCKS].mutex);
}
