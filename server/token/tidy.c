/* What a token that ended should not have left behind, and would not unless a store was repaired by hand. */
#include <string.h>

#include "server/lease/lease.h"
#include "server/token/tokens.h"

static bool token_is_stored(struct request *r, const char *hash)
{
	struct blob value;

	return entry_get(r, &tokens_view, pool_printf(&r->pool, "id/%s", hash), &value);
}

static void tidy_accessors(struct request *r)
{
	struct names names = entry_list(r, &tokens_view, "accessor/");

	for (size_t i = 0; i < names.count; i++) {
		const char *key = pool_printf(&r->pool, "accessor/%s", names.at[i]);
		const char *hash = pool_json_member(&r->pool, entry_read(r, &tokens_view, key), "token");

		if (!hash || !token_is_stored(r, hash))
			entry_delete(r, &tokens_view, key);
	}
}

static void tidy_uses(struct request *r)
{
	struct names names = entry_list(r, &tokens_view, "uses/");

	for (size_t i = 0; i < names.count; i++)
		if (!token_is_stored(r, names.at[i]))
			entry_delete(r, &tokens_view, pool_printf(&r->pool, "uses/%s", names.at[i]));
}

/* Children of a parent that is gone end: they should have ended with it. */
static void tidy_parents(struct request *r)
{
	struct names names = entry_list(r, &tokens_view, "parent/");

	for (size_t i = 0; i < names.count; i++) {
		char *parent = pool_text(&r->pool, names.at[i]);

		parent[strcspn(parent, "/")] = '\0';
		if (!token_is_stored(r, parent))
			token_revoke(r, parent);
	}
}

int token_tidy(struct request *r)
{
	tidy_accessors(r);
	tidy_uses(r);
	tidy_parents(r);
	reply_warning(r, "Tidy operation successfully finished.");
	return 202;
}
