/*
 * Tokens: as text that a client sends (nothing but what was sealed here opens), and as an entry (what is read and
 * written again is the same).
 */
#include <stdlib.h>
#include <string.h>

#include "server/token/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct blob written(struct pool *p, const struct token *t)
{
	struct json_writer w;

	pool_json(p, &w);
	json_object(&w, NULL);
	token_write(&w, t);
	json_close(&w);
	return pool_json_end(&w);
}

static void entry(struct pool *p, const char *text, size_t size)
{
	struct text_error error;
	const struct json *root = pool_read_json(p, text, size, &error);
	struct blob first, second;

	if (!root || root->kind != JSON_OBJECT)
		return;
	first = written(p, token_read(p, root));
	root = pool_read_json(p, (const char *)first.at, first.size, &error);
	if (!root)
		abort();
	second = written(p, token_read(p, root));
	if (first.size != second.size || memcmp(first.at, second.at, first.size) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tokens tokens = { .salt = { 1 }, .batch_key = { 2 } };
	static struct core core = { .tokens = &tokens };
	struct request r = { .core = &core };
	const char *text;

	if (size > 1 << 14)
		return 0;
	pool_init(&r.pool);
	text = pool_printf(&r.pool, TOKEN_BATCH_PREFIX "%.*s", (int)size, (const char *)data);
	if (batch_open(&r, text))
		abort();
	entry(&r.pool, pool_copy(&r.pool, (const char *)data, size), size);
	pool_close(&r.pool);
	return 0;
}
