/* Entries of tokens: JSON in the store, struct token here. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/hmac_sha256.h"
#include "server/lease/after.h"
#include "server/token/tokens.h"

const struct view tokens_view = { "sys/token/" };

const char *token_hash(struct request *r, const char *text)
{
	const struct tokens *tokens = r->core->tokens;
	uint8_t mac[HMAC_SHA256_SIZE];

	hmac_sha256(tokens->salt, sizeof(tokens->salt), text, strlen(text), mac);
	return pool_hex(&r->pool, mac, sizeof(mac));
}

/* Members by type; what is empty is left out. */
static const struct {
	const char *name;
	size_t at;
} texts[] = {
	{ "hash", offsetof(struct token, hash) },
	{ "accessor", offsetof(struct token, accessor) },
	{ "parent", offsetof(struct token, parent) },
	{ "path", offsetof(struct token, path) },
	{ "display_name", offsetof(struct token, display_name) },
	{ "role", offsetof(struct token, role) },
	{ "entity_id", offsetof(struct token, entity_id) },
	{ "mount_accessor", offsetof(struct token, mount_accessor) },
	{ "bound_key", offsetof(struct token, bound_key) },
	{ "cubbyhole", offsetof(struct token, cubbyhole) },
}, lists[] = {
	{ "policies", offsetof(struct token, policies) },
	{ "bound_cidrs", offsetof(struct token, bound_cidrs) },
}, blobs[] = {
	{ "metadata", offsetof(struct token, metadata) },
	{ "internal", offsetof(struct token, internal) },
}, numbers[] = {
	{ "created", offsetof(struct token, created) },
	{ "expires", offsetof(struct token, expires) },
	{ "renewed", offsetof(struct token, renewed) },
	{ "creation_ttl", offsetof(struct token, creation_ttl) },
	{ "explicit_max_ttl", offsetof(struct token, explicit_max_ttl) },
	{ "period", offsetof(struct token, period) },
	{ "not_after", offsetof(struct token, not_after) },
	{ "num_uses", offsetof(struct token, num_uses) },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define MEMBER(t, type, at) ((type *)(void *)((char *)(t) + (at)))
#define CONST_MEMBER(t, type, at) ((const type *)(const void *)((const char *)(t) + (at)))

static void list_write(struct json_writer *w, const char *name, const struct names *list)
{
	if (list->count)
		names_put(w, name, list);
}

void token_write(struct json_writer *w, const struct token *t)
{
	for (size_t i = 0; i < COUNT(texts); i++)
		if (*CONST_MEMBER(t, char *, texts[i].at))
			json_put_string(w, texts[i].name, *CONST_MEMBER(t, char *, texts[i].at));
	for (size_t i = 0; i < COUNT(lists); i++)
		list_write(w, lists[i].name, CONST_MEMBER(t, struct names, lists[i].at));
	for (size_t i = 0; i < COUNT(blobs); i++) {
		const struct blob *b = CONST_MEMBER(t, struct blob, blobs[i].at);

		if (b->size)
			json_put_raw(w, blobs[i].name, (const char *)b->at, b->size);
	}
	for (size_t i = 0; i < COUNT(numbers); i++)
		if (*CONST_MEMBER(t, int64_t, numbers[i].at))
			json_put_i64(w, numbers[i].name, *CONST_MEMBER(t, int64_t, numbers[i].at));
	if (t->renewable)
		json_put_bool(w, "renewable", true);
}

static void list_read(struct pool *p, const struct json *array, struct names *list)
{
	for (const struct json *v = array ? array->first : NULL; v; v = v->next) {
		const char *text = pool_json_text(p, v);

		if (text)
			names_add(p, list, text);
	}
}

struct token *token_read(struct pool *p, const struct json *entry)
{
	struct token *t = pool_take(p, sizeof(*t));

	for (size_t i = 0; i < COUNT(texts); i++)
		*MEMBER(t, const char *, texts[i].at) = pool_json_member(p, entry, texts[i].name);
	for (size_t i = 0; i < COUNT(lists); i++)
		list_read(p, json_member(entry, lists[i].name), MEMBER(t, struct names, lists[i].at));
	for (size_t i = 0; i < COUNT(blobs); i++) {
		const struct json *value = json_member(entry, blobs[i].name);

		if (value)
			*MEMBER(t, struct blob, blobs[i].at) = (struct blob){ (const uint8_t *)value->span.at,
									      value->span.size };
	}
	for (size_t i = 0; i < COUNT(numbers); i++) {
		const struct json *value = json_member(entry, numbers[i].name);

		if (!value || !json_i64(value, MEMBER(t, int64_t, numbers[i].at)))
			*MEMBER(t, int64_t, numbers[i].at) = 0;
	}
	t->renewable = json_true(json_member(entry, "renewable"));
	return t;
}

void token_put(struct request *r, const struct token *t)
{
	struct json_writer *w = entry_write(r);

	token_write(w, t);
	entry_written(r, &tokens_view, pool_printf(&r->pool, "id/%s", t->hash), w);
	after_add(r, AFTER_TOKEN_CHANGED, t->hash, NULL, 0);
}

bool token_ended(const struct request *r, const struct token *t)
{
	return t->expires && t->expires <= request_seconds(r);
}

bool token_is_root(const struct token *t)
{
	return names_have(&t->policies, "root");
}

/* What this request itself has changed is not durable yet: others must not see it, and it must not see them. */
struct token *token_load(struct request *r, const char *hash)
{
	struct token_cache *cache = r->after ? NULL : r->core->tokens->cache;
	struct token *t = cache ? token_cache_get(cache, hash, &r->pool) : NULL;
	uint64_t since = cache ? token_cache_since(cache, hash) : 0;

	if (!t) {
		const struct json *entry = entry_read(r, &tokens_view, pool_printf(&r->pool, "id/%s", hash));

		if (!entry)
			return NULL;
		t = token_read(&r->pool, entry);
		if (cache && t->hash)
			token_cache_put(cache, t, since);
	}
	return token_ended(r, t) ? NULL : t;
}
