#include "image/values.h"
#include "abi/layout.h"

#include <stdlib.h>
#include <string.h>

int parse_bool(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	(void)arena;
	if (node->kind != HCL_BOOL)
		return hcl_error_kind(error, node, "true or false");
	*(bool *)out = node->truth;
	return 0;
}

int parse_string(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	(void)arena;
	if (node->kind != HCL_STRING)
		return hcl_error_kind(error, node, "a string");
	*(const char **)out = node->text.at;
	return 0;
}

bool path_is_plain(const char *path)
{
	if (path[0] != '/')
		return false;
	for (const char *at = path; *at;) {
		size_t n = strcspn(at + 1, "/");

		if ((n == 0 && path[1]) || (n == 1 && at[1] == '.') || (n == 2 && at[1] == '.' && at[2] == '.'))
			return false;
		at += 1 + n;
	}
	return true;
}

int parse_path(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	int err = parse_string(arena, node, out, error);

	if (!err && !path_is_plain(node->text.at))
		return hcl_error(error, node->value,
				 "expected an absolute path without \".\", \"..\" and doubled or final '/'",
				 node->text.at);
	return err;
}

static int list_make(struct strings *list, struct arena *arena, const struct hcl_node *node, size_t count,
		     struct text_error *error)
{
	if (count > DEFINITION_LIST_MAX)
		return hcl_error(error, node->value, "expected at most 256 entries", NULL);
	list->count = 0;
	list->at = arena_take(arena, (count + 1) * sizeof(char *));
	return list->at ? 0 : hcl_error(error, node->value, "the definition is too large", NULL);
}

int parse_strings(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	struct strings *list = out;
	size_t count = 0;

	if (node->kind != HCL_LIST)
		return hcl_error_kind(error, node, "a list of strings");
	for (const struct hcl_node *n = node->first; n; n = n->next, count++)
		if (n->kind != HCL_STRING)
			return hcl_error_kind(error, n, "a string");
	if (list_make(list, arena, node, count, error))
		return -1;
	for (const struct hcl_node *n = node->first; n; n = n->next)
		list->at[list->count++] = n->text.at;
	return 0;
}

int parse_entrypoint(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	int err = parse_strings(arena, node, out, error);

	if (err)
		return err;
	if (!node->first)
		return hcl_error(error, node->value, "expected the program and its arguments", "an empty list");
	if (!path_is_plain(node->first->text.at))
		return hcl_error(error, node->first->value, "expected the absolute path of the program",
				 node->first->text.at);
	return 0;
}

static bool variable_is_good(const struct hcl_string *name)
{
	return name->size && !memchr(name->at, '=', name->size);
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Strings "K=V", sorted by K: '=' must not take part in the order, so a NUL stands in its place meanwhile. */
int parse_environment(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	struct strings *list = out;
	size_t count = 0;

	if (node->kind != HCL_MAP && node->kind != HCL_BLOCK)
		return hcl_error_kind(error, node, "a map from names to strings");
	for (const struct hcl_node *n = node->first; n; n = n->next, count++) {
		if (n->kind != HCL_STRING)
			return hcl_error_kind(error, n, "a string");
		if (!variable_is_good(&n->name))
			return hcl_error(error, n->at, "expected a variable's name, not empty and without '='",
					 n->name.at);
	}
	if (list_make(list, arena, node, count, error))
		return -1;
	for (const struct hcl_node *n = node->first; n; n = n->next) {
		char *both = arena_take(arena, n->name.size + n->text.size + 2);

		if (!both)
			return hcl_error(error, node->at, "the definition is too large", NULL);
		memcpy(both, n->name.at, n->name.size + 1);
		memcpy(both + n->name.size + 1, n->text.at, n->text.size + 1);
		list->at[list->count++] = both;
	}
	qsort(list->at, list->count, sizeof(char *), compare_strings);
	for (size_t i = 0; i < list->count; i++)
		((char *)(uintptr_t)list->at[i])[strlen(list->at[i])] = '=';
	return 0;
}

int parse_allow_environment(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	struct strings *list = out;
	int err = parse_strings(arena, node, out, error);

	if (err)
		return err;
	for (const struct hcl_node *n = node->first; n; n = n->next)
		if (!variable_is_good(&n->text))
			return hcl_error(error, n->value, "expected a variable's name, or \"*\" for any", n->text.at);
	qsort(list->at, list->count, sizeof(char *), compare_strings);
	return 0;
}

static int parse_in_range(const struct hcl_node *node, uint64_t *out, uint64_t low, uint64_t high,
			  struct text_error *error)
{
	char what[80];
	struct text t;

	if (hcl_u64(node, out) && *out >= low && *out <= high)
		return 0;
	text_init(&t, what, sizeof(what));
	text_put(&t, "expected a whole number from ");
	text_put_u64(&t, low);
	text_put(&t, " to ");
	text_put_u64(&t, high);
	return hcl_error(error, node->value, what,
			 node->kind == HCL_NUMBER ? node->text.at : hcl_kind_name(node->kind));
}

int parse_u16(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	(void)arena;
	return parse_in_range(node, out, 0, 65535, error);
}

int parse_threads(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	(void)arena;
	return parse_in_range(node, out, 1, 1048576, error);
}

static bool size_of_text(const char *text, uint64_t *out)
{
	static const struct { const char *unit; unsigned int shift; } units[] = {
		{ "", 0 }, { "B", 0 }, { "KiB", 10 }, { "MiB", 20 }, { "GiB", 30 }, { "TiB", 40 },
	};
	uint64_t value = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return false;
	if (at == text)
		return false;
	at += *at == ' ';
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(at, units[i].unit) == 0) {
			*out = value << units[i].shift;
			return *out >> units[i].shift == value;
		}
	}
	return false;
}

int parse_memory(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	uint64_t bytes;

	(void)arena;
	if (node->kind != HCL_STRING && node->kind != HCL_NUMBER)
		return hcl_error_kind(error, node, "a size such as \"64MiB\"");
	if (node->kind == HCL_STRING ? !size_of_text(node->text.at, &bytes) : !hcl_u64(node, &bytes))
		return hcl_error(error, node->value, "expected a size such as \"64MiB\" (B, KiB, MiB, GiB, TiB)",
				 node->text.at);
	if (bytes < 64 * KIB || bytes > ELRANGE_SIZE)
		return hcl_error(error, node->value, "expected a size from 64KiB to 1TiB", node->text.at);
	*(uint64_t *)out = PAGE_UP(bytes);
	return 0;
}

int parse_processor(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	const char *name = "";
	int err = parse_string(arena, node, &name, error);

	(void)out;
	if (err || strcmp(name, "sgx2") == 0)
		return err;
	if (strcmp(name, "sgx1") == 0)
		return hcl_error(error, node->value, "processor \"sgx1\" is not supported yet, expected \"sgx2\"",
				 NULL);
	return hcl_error(error, node->value, "expected the processor \"sgx2\"", name);
}

int parse_elrange(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	uint64_t bytes;
	int err = parse_memory(arena, node, &bytes, error);

	(void)out;
	if (!err && bytes != ELRANGE_SIZE)
		return hcl_error(error, node->value, "an elrange other than \"1TiB\" is not supported yet",
				 node->text.at);
	return err;
}
