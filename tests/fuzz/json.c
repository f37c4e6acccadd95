/* JSON: the reader keeps to the text, and what it read can be decoded and written again. */
#include <stdlib.h>

#include "base/json.h"
#include "base/json_write.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct json *v, char *scratch, size_t size)
{
	int64_t i;
	uint64_t u;

	if (v->kind == JSON_STRING && json_decode(json_inside(v), scratch, size) < 0)
		abort();
	(void)!json_u64(v, &u);
	(void)!json_i64(v, &i);
	for (const struct json *c = v->first; c; c = c->next) {
		if (c->span.at < v->span.at || c->span.at + c->span.size > v->span.at + v->span.size)
			abort();
		check(c, scratch, size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_reader r = { .capacity = size + 1 };
	struct text_error error;
	char *scratch;
	int err;

	if (size > 1 << 16)
		return 0;
	r.values = calloc(r.capacity, sizeof(*r.values));
	scratch = malloc(size + 1);
	if (!r.values || !scratch)
		abort();
	err = json_read(&r, (const char *)data, size, &error);
	if (err == -12) /* the bound that json_read() names */
		abort();
	if (!err)
		check(r.values, scratch, size);
	free(scratch);
	free(r.values);
	return 0;
}
