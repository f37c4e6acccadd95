/* HCL and JSON configuration: whatever the text, the parser ends, keeps to its arena and gives whole strings. */
#include <stdlib.h>
#include <string.h>

#include "base/hcl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int walk_block(const struct hcl_block *block, void *context, struct text_error *error)
{
	(void)block;
	(void)context;
	(void)error;
	return 0;
}

static void walk(const struct hcl_node *node)
{
	struct text_error error;
	uint64_t value;

	for (const struct hcl_node *n = node->first; n; n = n->next) {
		if (n->text.at && strlen(n->text.at) != n->text.size)
			abort();
		if (n->name.at && strlen(n->name.at) != n->name.size)
			abort();
		if (n->name.at && !hcl_find(node, n->name.at))
			abort();
		(void)!hcl_u64(n, &value);
		(void)!hcl_blocks(n, 1, walk_block, NULL, &error);
		walk(n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { .size = HCL_ARENA(size) };
	const struct hcl_node *body;
	struct text_error error;
	int err;

	if (size > 1 << 16)
		return 0;
	arena.at = malloc(arena.size);
	if (!arena.at)
		abort();
	err = hcl_parse((const char *)data, size, &arena, &body, &error);
	if (err == -12) /* HCL_ARENA promises enough */
		abort();
	if (err && (!error.line || !error.column || !error.message[0]))
		abort();
	if (!err)
		walk(body);
	free(arena.at);
	return 0;
}
