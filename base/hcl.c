/* Values, entries and bodies of HCL. */
#include "base/hcl.h"
#include "base/chain.h"
#include "base/errno.h"
#include "base/hcl_scan.h"
#include "base/mem.h"

static int hcl_value(struct hcl_parser *p, struct hcl_node *node);
static int hcl_entries(struct hcl_parser *p, struct hcl_node *body, bool braces);

static struct hcl_node *hcl_node_new(struct hcl_parser *p)
{
	struct hcl_node *node = arena_take(p->arena, sizeof(*node));

	if (node) {
		memset(node, 0, sizeof(*node));
		node->at = node->value = p->place;
	}
	return node;
}

static int hcl_keyword(struct hcl_parser *p, struct hcl_node *node)
{
	size_t n = hcl_word(p);

	if (n == 4 && memcmp(p->at, "true", 4) == 0)
		node->kind = HCL_BOOL, node->truth = true;
	else if (n == 5 && memcmp(p->at, "false", 5) == 0)
		node->kind = HCL_BOOL;
	else if (n == 4 && memcmp(p->at, "null", 4) == 0)
		node->kind = HCL_NULL;
	else
		return hcl_expected(p, n ? "expected a value (a string stands in quotes)" :
					   "expected a value: a string, number, true, false, list or map");
	hcl_skip(p, n);
	return 0;
}

static int hcl_list(struct hcl_parser *p, struct hcl_node *list)
{
	struct hcl_node **tail = &list->first;
	int err;

	list->kind = HCL_LIST;
	for (hcl_skip(p, 1);;) {
		err = hcl_skip_space(p);
		if (err)
			return err;
		if (hcl_peek(p, 0) == ']')
			break;
		*tail = hcl_node_new(p);
		if (!*tail)
			return hcl_no_memory(p);
		err = hcl_value(p, *tail);
		if (!err)
			err = hcl_skip_space(p);
		if (err)
			return err;
		tail = &(*tail)->next;
		if (hcl_peek(p, 0) == ',')
			hcl_skip(p, 1);
		else if (hcl_peek(p, 0) != ']')
			return hcl_expected(p, "expected ',' or ']' in a list");
	}
	hcl_skip(p, 1);
	return 0;
}

static int hcl_nested(struct hcl_parser *p, struct hcl_node *node)
{
	int err;

	if (++p->depth > HCL_DEPTH_MAX)
		return hcl_error(p->error, p->place, "lists, maps and blocks are nested more than 64 deep", NULL);
	if (hcl_peek(p, 0) == '[') {
		err = hcl_list(p, node);
	} else {
		if (node->kind != HCL_BLOCK)
			node->kind = HCL_MAP;
		hcl_skip(p, 1);
		err = hcl_entries(p, node, true);
	}
	p->depth--;
	return err;
}

static int hcl_value(struct hcl_parser *p, struct hcl_node *node)
{
	char c = hcl_peek(p, 0);

	node->value = p->place;
	if (c == '"' || (c == '<' && hcl_peek(p, 1) == '<')) {
		node->kind = HCL_STRING;
		return c == '"' ? hcl_quoted(p, &node->text) : hcl_heredoc(p, &node->text);
	}
	if (c == '[' || c == '{')
		return hcl_nested(p, node);
	if (c == '-' || hcl_is_digit(c))
		return hcl_number(p, node);
	return hcl_keyword(p, node);
}

static int hcl_name(struct hcl_parser *p, struct hcl_string *out, const char *expected)
{
	size_t n = hcl_word(p);

	if (n)
		return hcl_copy(p, out, n);
	if (hcl_peek(p, 0) == '"')
		return hcl_quoted(p, out);
	return hcl_expected(p, expected);
}

static int hcl_block(struct hcl_parser *p, struct hcl_node *node)
{
	struct hcl_node **tail = &node->labels;
	int err;

	node->kind = HCL_BLOCK;
	while (hcl_peek(p, 0) != '{') {
		*tail = hcl_node_new(p);
		if (!*tail)
			return hcl_no_memory(p);
		(*tail)->kind = HCL_STRING;
		err = hcl_name(p, &(*tail)->text,
			       node->labels->next ? "expected a label or '{'" : "expected '=', a label or '{'");
		if (!err)
			err = hcl_skip_space(p);
		if (err)
			return err;
		tail = &(*tail)->next;
	}
	node->value = p->place;
	return hcl_nested(p, node);
}

static int hcl_entry(struct hcl_parser *p, struct hcl_node *node)
{
	int err = hcl_name(p, &node->name, "expected the name of an attribute or block");

	if (!err)
		err = hcl_skip_space(p);
	if (err)
		return err;
	if (hcl_peek(p, 0) != '=' && hcl_peek(p, 0) != ':')
		return hcl_block(p, node);
	hcl_skip(p, 1);
	err = hcl_skip_space(p);
	return err ? err : hcl_value(p, node);
}

static int hcl_compare(const void *a, const void *b, const void *context)
{
	const struct hcl_node *x = a, *y = b;
	size_t n = x->name.size < y->name.size ? x->name.size : y->name.size;
	int order = memcmp(x->name.at, y->name.at, n);

	(void)context;
	return order ? order : (x->name.size > y->name.size) - (x->name.size < y->name.size);
}

/* A name stands once, unless all that have it are blocks. */
static int hcl_unique(struct hcl_parser *p, struct hcl_node *body)
{
	static const struct chain chain = { offsetof(struct hcl_node, next), offsetof(struct hcl_node, order),
					    hcl_compare, NULL };
	struct hcl_node *a = chain_sort(&chain, body->first);

	for (; a && a->order; a = a->order) {
		char first[64];
		struct text t;

		if (hcl_compare(a, a->order, NULL) || (a->kind == HCL_BLOCK && a->order->kind == HCL_BLOCK))
			continue;
		text_init(&t, first, sizeof(first));
		text_put(&t, "it also in line ");
		text_put_u64(&t, a->at.line);
		return hcl_error(p->error, a->order->at, "expected this name once", first);
	}
	return 0;
}

static int hcl_entries(struct hcl_parser *p, struct hcl_node *body, bool braces)
{
	struct hcl_node **tail = &body->first;
	int err;

	for (;;) {
		err = hcl_skip_space(p);
		if (err)
			return err;
		if (p->at >= p->end && !braces)
			break;
		if (braces && hcl_peek(p, 0) == '}') {
			hcl_skip(p, 1);
			break;
		}
		if (p->at >= p->end)
			return hcl_error(p->error, body->value, "expected '}' for this '{'", "the end of the file");
		*tail = hcl_node_new(p);
		if (!*tail)
			return hcl_no_memory(p);
		err = hcl_entry(p, *tail);
		if (!err)
			err = hcl_skip_space(p);
		if (err)
			return err;
		tail = &(*tail)->next;
		if (braces && hcl_peek(p, 0) == ',')
			hcl_skip(p, 1);
	}
	return hcl_unique(p, body);
}

int hcl_parse(const char *text, size_t size, struct arena *arena, const struct hcl_node **body,
	      struct text_error *error)
{
	struct hcl_parser p = { .at = text, .end = text + size, .place = { 1, 1 }, .arena = arena, .error = error };
	struct hcl_node *root;
	int err;

	if (size > HCL_SIZE_MAX) {
		(void)hcl_error(error, p.place, "expected a text of at most 16 MiB", NULL);
		return -E2BIG;
	}
	err = hcl_skip_space(&p);
	root = hcl_node_new(&p);
	if (err || !root)
		return err ? err : hcl_no_memory(&p);
	root->kind = HCL_MAP;
	if (hcl_peek(&p, 0) == '{') {
		err = hcl_nested(&p, root);
		if (!err)
			err = hcl_skip_space(&p);
		if (!err && p.at < p.end)
			err = hcl_expected(&p, "expected the end of the file after the last '}'");
	} else {
		err = hcl_entries(&p, root, false);
	}
	*body = err ? NULL : root;
	return err;
}
