#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "server/core/pool.h"
#include "server/seal/gather.h"

void gathering_drop(struct gathering *g)
{
	mem_wipe(g->shares, g->count * sizeof(g->shares[0]));
	g->count = 0;
}

void gathering_end(struct gathering *g)
{
	gathering_drop(g);
	g->nonce[0] = 0;
}

void gathering_start(struct gathering *g)
{
	_cleanup_pool_ struct pool pool = { NULL };

	pool_init(&pool);
	gathering_drop(g);
	memcpy(g->nonce, pool_uuid(&pool), sizeof(g->nonce));
}

int gathering_add(struct gathering *g, const struct share *s)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->shares[i].size == s->size && mem_equal_secret(g->shares[i].bytes, s->bytes, s->size))
			return -EEXIST;
	if (g->count == SHARES_MAX)
		return -ENOSPC;
	g->shares[g->count++] = *s;
	return 0;
}

/* A single share is the key itself. */
int gathering_combine(struct gathering *g, unsigned int threshold, struct secret_key *key)
{
	int err = 0;

	if (threshold > 1) {
		err = shamir_combine(g->shares, g->count, key);
	} else if (g->count && g->shares[0].size <= SECRET_KEY_MAX) {
		*key = (struct secret_key){ .size = g->shares[0].size };
		memcpy(key->bytes, g->shares[0].bytes, key->size);
	} else {
		err = -EINVAL;
	}
	gathering_drop(g);
	return err;
}

static int share_take(struct share *s, const uint8_t *bytes, size_t size)
{
	if (size < GATHER_KEY_MIN || size > SHARE_MAX)
		return -ERANGE;
	memcpy(s->bytes, bytes, size);
	s->size = size;
	return 0;
}

int share_read(const char *text, struct share *s)
{
	_cleanup_pool_ struct pool pool = { NULL };
	size_t length = strlen(text);
	uint8_t bytes[SHARE_MAX];
	struct blob decoded;
	int err;

	pool_init(&pool);
	if (length / 2 >= GATHER_KEY_MIN && length / 2 <= SHARE_MAX && length % 2 == 0 &&
	    hex_decode(text, length, bytes, length / 2)) {
		err = share_take(s, bytes, length / 2);
		mem_wipe(bytes, sizeof(bytes));
		return err;
	}
	if (!pool_base64_read(&pool, text, &decoded))
		return -EINVAL;
	return share_take(s, decoded.at, decoded.size);
}
