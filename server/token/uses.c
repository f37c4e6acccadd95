/*
 * Tokens that may be used so many times: what is left stands in an entry of its own, so that counting meets nothing
 * else.
 */
#include "server/lease/lease.h"
#include "server/token/tokens.h"

static const char *uses_key(struct request *r, const char *hash)
{
	return pool_printf(&r->pool, "uses/%s", hash);
}

void uses_put(struct request *r, const struct token *t)
{
	struct json_writer *w = entry_write(r);

	json_put_u64(w, "left", t->num_uses);
	entry_written(r, &tokens_view, uses_key(r, t->hash), w);
}

uint64_t uses_left(struct request *r, const char *hash)
{
	const struct json *left = json_member(entry_read(r, &tokens_view, uses_key(r, hash)), "left");
	uint64_t count;

	return left && json_u64(left, &count) ? count : 0;
}

/* In a transaction of its own: what the request asks for may be refused, its use counts all the same. */
static bool uses_take(struct request *r, struct token *t)
{
	_cleanup_request_ struct request own = { .core = NULL };
	uint64_t left;

	request_begin(&own, r->core);
	left = uses_left(&own, t->hash);
	if (!left)
		return false;
	t->num_uses = left - 1;
	uses_put(&own, t);
	if (!request_commit(&own)) {
		r->failed = own.failed;
		return false;
	}
	return true;
}

bool uses_count(struct request *r, struct token *t)
{
	uint8_t stripe = (uint8_t)((t->hash[0] * 31 + t->hash[1]) % 64);
	bool good;

	pthread_mutex_lock(&r->core->tokens->uses[stripe]);
	good = uses_take(r, t);
	pthread_mutex_unlock(&r->core->tokens->uses[stripe]);
	t->last_use = good && !t->num_uses;
	return good;
}
