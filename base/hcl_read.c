/* Reading what hcl.c parsed. */
#include "base/hcl.h"
#include "base/errno.h"
#include "base/mem.h"

const char *hcl_kind_name(enum hcl_kind kind)
{
	static const char *const names[] = { "null",   "true or false", "a number", "a string",
					     "a list", "a map",         "a block" };

	return names[kind];
}

bool hcl_name_is(const struct hcl_node *node, const char *name)
{
	return strcmp(node->name.at, name) == 0;
}

const struct hcl_node *hcl_find(const struct hcl_node *body, const char *name)
{
	for (const struct hcl_node *n = body->first; n; n = n->next)
		if (hcl_name_is(n, name))
			return n;
	return NULL;
}

bool hcl_u64(const struct hcl_node *node, uint64_t *value)
{
	uint64_t sum = 0;

	if (node->kind != HCL_NUMBER)
		return false;
	for (size_t i = 0; i < node->text.size; i++) {
		char c = node->text.at[i];

		if (c < '0' || c > '9' || __builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(c - '0'), &sum))
			return false;
	}
	*value = sum;
	return true;
}

int hcl_error_kind(struct text_error *error, const struct hcl_node *node, const char *expected)
{
	char what[96];
	struct text t;

	text_init(&t, what, sizeof(what));
	text_put(&t, "expected ");
	text_put(&t, expected);
	return hcl_error(error, node->value, what, hcl_kind_name(node->kind));
}

static int hcl_blocks_native(const struct hcl_node *entry, unsigned int labels, hcl_block_fn fn, void *context,
			     struct text_error *error)
{
	struct hcl_block block = { .at = entry };

	for (const struct hcl_node *label = entry->labels; label; label = label->next) {
		if (block.label_count == labels)
			return hcl_error(error, label->at, labels ? "expected '{', there are too many labels" :
								    "expected '{', this block has no label", NULL);
		block.labels[block.label_count++] = label->text;
	}
	if (block.label_count < labels)
		return hcl_error(error, entry->value, "expected a label before '{'", NULL);
	return fn(&block, context, error);
}

/* One level of JSON: maps give the labels, the innermost map or list of maps is the body. Depth: HCL_DEPTH_MAX. */
static int hcl_blocks_map(const struct hcl_node *at, struct hcl_block *block, unsigned int labels, hcl_block_fn fn,
			  void *context, struct text_error *error)
{
	int err = 0;

	if (at->kind == HCL_LIST) {
		for (const struct hcl_node *n = at->first; n && !err; n = n->next)
			err = hcl_blocks_map(n, block, labels, fn, context, error);
		return err;
	}
	if (at->kind != HCL_MAP)
		return hcl_error_kind(error, at,
				      block->label_count < labels ? "a map from labels to blocks" : "a block");
	if (block->label_count == labels) {
		block->at = at;
		return fn(block, context, error);
	}
	for (const struct hcl_node *n = at->first; n && !err; n = n->next) {
		if (n->kind == HCL_BLOCK)
			return hcl_error(error, n->value, "expected '=' or ':' before this '{'", NULL);
		block->labels[block->label_count++] = n->name;
		err = hcl_blocks_map(n, block, labels, fn, context, error);
		block->label_count--;
	}
	return err;
}

int hcl_blocks(const struct hcl_node *entry, unsigned int labels, hcl_block_fn fn, void *context,
	       struct text_error *error)
{
	struct hcl_block block = { .at = entry };

	if (labels > HCL_LABELS_MAX)
		return hcl_error(error, entry->at, "this kind of block has too many labels", NULL);
	if (entry->kind == HCL_BLOCK)
		return hcl_blocks_native(entry, labels, fn, context, error);
	return hcl_blocks_map(entry, &block, labels, fn, context, error);
}
