/*
 * Ending tokens. A tree of them ends in one transaction: a crash leaves all of it or nothing. Making a child takes no
 * lock of its parent, so that one token can make many at once; instead both sides look again after their commit. Who
 * ended the parent finds a child that came before that, and a child that came after finds its parent gone.
 */
#include <string.h>

#include "server/lease/after.h"
#include "server/lease/lease.h"
#include "server/token/tokens.h"

struct names token_children(struct request *r, const char *hash)
{
	return entry_list(r, &tokens_view, pool_printf(&r->pool, "parent/%s/", hash));
}

/* `hash`: t's, in memory that lasts as long as r. */
static void token_drop(struct request *r, const struct token *t, const char *hash)
{
	struct view cubbyhole = { t->cubbyhole };

	entry_delete(r, &tokens_view, pool_printf(&r->pool, "id/%s", t->hash));
	if (t->accessor)
		entry_delete(r, &tokens_view, pool_printf(&r->pool, "accessor/%s", token_hash(r, t->accessor)));
	if (t->parent)
		entry_delete(r, &tokens_view, pool_printf(&r->pool, "parent/%s/%s", t->parent, t->hash));
	if (t->num_uses)
		entry_delete(r, &tokens_view, pool_printf(&r->pool, "uses/%s", t->hash));
	if (t->cubbyhole)
		entry_delete_all(r, &cubbyhole, "");
	lease_of_token_drop(r, t);
	lease_revoke_token(r, hash);
	after_add(r, AFTER_TOKEN_GONE, hash, NULL, 0);
}

/* Also one whose time is over: it is still to be ended. */
static struct token *token_stored(struct request *r, const char *hash)
{
	const struct json *entry;

	entry_lock(r, LOCK_TOKEN, &tokens_view, hash);
	entry = r->failed ? NULL : entry_read(r, &tokens_view, pool_printf(&r->pool, "id/%s", hash));
	return entry ? token_read(&r->pool, entry) : NULL;
}

/* A tree may be large: what is read of each token is given back before the next. */
static void token_end(struct request *r, const char *hash)
{
	struct pool lasting = r->pool;
	struct token *t;

	pool_init(&r->pool);
	t = token_stored(r, hash);
	{
		_cleanup_pool_ struct pool read = r->pool;

		r->pool = lasting;
		if (t)
			token_drop(r, t, hash);
	}
}

/* Breadth first, without recursion: chains of children can be long. */
void token_revoke(struct request *r, const char *hash)
{
	struct names todo = { NULL, 0 };

	names_add(&r->pool, &todo, hash);
	for (size_t i = 0; i < todo.count && !r->failed; i++) {
		struct names children = token_children(r, todo.at[i]);

		for (size_t n = 0; n < children.count; n++) {
			/* A parent that is gone already may have left the entry that says whose child it was. */
			entry_delete(r, &tokens_view, pool_printf(&r->pool, "parent/%s/%s", todo.at[i],
								  children.at[n]));
			names_add(&r->pool, &todo, children.at[n]);
		}
		token_end(r, todo.at[i]);
	}
}

void token_revoke_only(struct request *r, const struct token *t)
{
	struct names children = token_children(r, t->hash);

	for (size_t i = 0; i < children.count && !r->failed; i++) {
		struct token *child = token_stored(r, children.at[i]);

		entry_delete(r, &tokens_view, pool_printf(&r->pool, "parent/%s/%s", t->hash, children.at[i]));
		if (!child)
			continue;
		child->parent = NULL;
		token_put(r, child);
	}
	entry_lock(r, LOCK_TOKEN, &tokens_view, t->hash);
	token_drop(r, t, t->hash);
}

/* Both run after a commit of r, see after.h, and leave more to commit where they find something. */
void token_gone(struct request *r, const char *hash)
{
	struct names left;

	token_cache_drop(r->core->tokens->cache, hash);
	left = token_children(r, hash);
	for (size_t i = 0; i < left.count; i++)
		token_revoke(r, left.at[i]);
}

/* Memory knows as well: an entry leaves it before the parent's children are looked for again. */
void token_child_made(struct request *r, const char *child, const char *parent)
{
	if (!token_load(r, parent))
		token_revoke(r, child);
}
