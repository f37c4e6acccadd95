/* Tokens at unseal and seal. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/random.h"
#include "server/token/tokens.h"

/* Made once, with the first unseal. */
static bool secret_load(struct request *r, const char *key, uint8_t secret[32])
{
	struct blob value;

	if (entry_get(r, &tokens_view, key, &value)) {
		if (value.size != 32)
			r->failed = -EBADMSG;
		else
			memcpy(secret, value.at, 32);
	} else if (!r->failed) {
		random_bytes(secret, 32);
		entry_put(r, &tokens_view, key, secret, 32);
	}
	return !r->failed;
}

int tokens_open(struct core *core, struct request *r)
{
	struct tokens *tokens = calloc(1, sizeof(*tokens));

	if (!tokens)
		abort();
	tokens->cache = token_cache_make();
	for (size_t i = 0; i < 64; i++)
		pthread_mutex_init(&tokens->uses[i], NULL);
	core->tokens = tokens;
	if (!secret_load(r, "salt", tokens->salt) || !secret_load(r, "batch-key", tokens->batch_key) ||
	    !request_commit(r))
		return r->failed;
	return 0;
}

void tokens_close(struct core *core)
{
	struct tokens *tokens = core->tokens;

	if (!tokens)
		return;
	token_cache_free(tokens->cache);
	for (size_t i = 0; i < 64; i++)
		pthread_mutex_destroy(&tokens->uses[i]);
	mem_wipe(tokens, sizeof(*tokens));
	free(tokens);
	core->tokens = NULL;
}
