/* Definitions in HCL. Every key stands in a table with the function that checks its value. */
#include "image/definition.h"
#include "abi/layout.h"
#include "base/hcl.h"
#include "image/cleanup.h"
#include "image/io.h"

#include <string.h>

struct key {
	const char *name;
	int (*parse)(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error);
	size_t offset;
};

struct key_set {
	const char *in; /* "an image", for messages */
	const struct key *keys;
	size_t count;
	struct arena *arena;
	uint8_t *out;
};

static int parse_entry(const struct key_set *set, const struct hcl_node *entry, struct text_error *error)
{
	char what[160];
	struct text t;

	text_init(&t, what, sizeof(what));
	text_put(&t, "expected a key of ");
	text_put(&t, set->in);
	text_put(&t, " (");
	for (size_t i = 0; i < set->count; i++) {
		if (hcl_name_is(entry, set->keys[i].name))
			return set->keys[i].parse(set->arena, entry, set->out + set->keys[i].offset, error);
		text_put(&t, i ? ", " : "");
		text_put(&t, set->keys[i].name);
	}
	text_put(&t, ")");
	return hcl_error(error, entry->at, what, entry->name.at);
}

static int parse_keys(const struct key_set *set, const struct hcl_node *body, struct text_error *error)
{
	int err = 0;

	for (const struct hcl_node *n = body->first; n && !err; n = n->next)
		err = parse_entry(set, n, error);
	return err;
}

static int parse_bool(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	(void)arena;
	if (node->kind != HCL_BOOL)
		return hcl_error_kind(error, node, "true or false");
	*(bool *)out = node->truth;
	return 0;
}

static int parse_string(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	(void)arena;
	if (node->kind != HCL_STRING)
		return hcl_error_kind(error, node, "a string");
	*(const char **)out = node->text.at;
	return 0;
}

/* Absolute and in its shortest form, so that two spellings of a path cannot make two identities. */
static bool path_is_plain(const char *path)
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

static int parse_path(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	int err = parse_string(arena, node, out, error);

	if (!err && !path_is_plain(node->text.at))
		return hcl_error(error, node->value, "expected an absolute path without \".\", \"..\" and doubled or final '/'",
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

static int parse_strings(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
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

static int parse_entrypoint(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	int err = parse_strings(arena, node, out, error);

	if (err)
		return err;
	if (!node->first)
		return hcl_error(error, node->value, "expected the program and its arguments", "an empty list");
	if (!path_is_plain(node->first->text.at))
		return hcl_error(error, node->first->value, "expected the absolute path of the program", node->first->text.at);
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
static int parse_environment(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	struct strings *list = out;
	size_t count = 0;

	if (node->kind != HCL_MAP && node->kind != HCL_BLOCK)
		return hcl_error_kind(error, node, "a map from names to strings");
	for (const struct hcl_node *n = node->first; n; n = n->next, count++) {
		if (n->kind != HCL_STRING)
			return hcl_error_kind(error, n, "a string");
		if (!variable_is_good(&n->name))
			return hcl_error(error, n->at, "expected a variable's name, not empty and without '='", n->name.at);
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

static int parse_allow_environment(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
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

static int parse_u16(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	(void)arena;
	return parse_in_range(node, out, 0, 65535, error);
}

static int parse_threads(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
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
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
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

static int parse_memory(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	uint64_t bytes;

	(void)arena;
	if (node->kind != HCL_STRING && node->kind != HCL_NUMBER)
		return hcl_error_kind(error, node, "a size such as \"64MiB\"");
	if (node->kind == HCL_STRING ? !size_of_text(node->text.at, &bytes) : !hcl_u64(node, &bytes))
		return hcl_error(error, node->value, "expected a size such as \"64MiB\" (B, KiB, MiB, GiB, TiB)", node->text.at);
	if (bytes < 64 * KIB || bytes > ELRANGE_SIZE)
		return hcl_error(error, node->value, "expected a size from 64KiB to 1TiB", node->text.at);
	*(uint64_t *)out = PAGE_UP(bytes);
	return 0;
}

static int parse_processor(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	const char *name = "";
	int err = parse_string(arena, node, &name, error);

	(void)out;
	if (err || strcmp(name, "sgx2") == 0)
		return err;
	if (strcmp(name, "sgx1") == 0)
		return hcl_error(error, node->value, "processor \"sgx1\" is not supported yet, expected \"sgx2\"", NULL);
	return hcl_error(error, node->value, "expected the processor \"sgx2\"", name);
}

static int parse_elrange(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	uint64_t bytes;
	int err = parse_memory(arena, node, &bytes, error);

	(void)out;
	if (!err && bytes != ELRANGE_SIZE)
		return hcl_error(error, node->value, "an elrange other than \"1TiB\" is not supported yet", node->text.at);
	return err;
}

static const struct key allow_keys[] = {
	{ "arguments", parse_bool, offsetof(struct definition, allow_arguments) },
	{ "environment", parse_allow_environment, offsetof(struct definition, allow_environment) },
};

static int parse_allow_block(const struct hcl_block *block, void *context, struct text_error *error)
{
	struct key_set *set = context;

	return parse_keys(set, block->at, error);
}

static int parse_allow(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	struct key_set set = { "allow", allow_keys, sizeof(allow_keys) / sizeof(allow_keys[0]), arena, out };

	return hcl_blocks(node, 0, parse_allow_block, &set, error);
}

struct mount_keys {
	const char *type, *source;
	bool read_only;
};

static const struct key mount_keys[] = {
	{ "type", parse_string, offsetof(struct mount_keys, type) },
	{ "source", parse_path, offsetof(struct mount_keys, source) },
	{ "read_only", parse_bool, offsetof(struct mount_keys, read_only) },
};

struct mount_context {
	struct definition *d;
	struct arena *arena;
};

static int mount_add(struct definition *d, const struct hcl_block *block, const struct mount_keys *keys,
		     struct text_error *error)
{
	struct definition_volume v = { .path = block->labels[0].at, .source = keys->source ? keys->source : "",
				       .read_only = keys->read_only };

	if (!path_is_plain(v.path) || !v.path[1])
		return hcl_error(error, block->at->at, "expected an absolute path below / to mount at", v.path);
	for (size_t i = 0; i < d->mount_count; i++)
		if (strcmp(d->mounts[i].path, v.path) == 0)
			return hcl_error(error, block->at->at, "expected one mount for each path, found another at", v.path);
	if (!keys->type)
		return hcl_error(error, block->at->value, "expected the key type in this mount", NULL);
	if (strcmp(keys->type, "host") == 0)
		v.type = MOUNT_HOST;
	else if (strcmp(keys->type, "tmpfs") == 0)
		v.type = MOUNT_TMPFS;
	else
		return hcl_error(error, hcl_find(block->at, "type")->value, strcmp(keys->type, "encrypted") ?
				 "expected a mount of type \"host\" or \"tmpfs\"" :
				 "mounts of type \"encrypted\" are not supported yet, expected \"host\" or \"tmpfs\"", keys->type);
	if ((v.type == MOUNT_HOST) != (keys->source != NULL))
		return hcl_error(error, block->at->value, keys->source ? "a tmpfs has no source" :
				 "expected the key source in this mount", NULL);
	if (d->mount_count == DEFINITION_MOUNTS_MAX)
		return hcl_error(error, block->at->at, "expected at most 32 mounts", NULL);
	d->mounts[d->mount_count++] = v;
	return 0;
}

static int parse_mount_block(const struct hcl_block *block, void *context, struct text_error *error)
{
	struct mount_context *c = context;
	struct mount_keys keys = { NULL, NULL, false };
	struct key_set set = { "mount", mount_keys, sizeof(mount_keys) / sizeof(mount_keys[0]), c->arena, (uint8_t *)&keys };
	int err = parse_keys(&set, block->at, error);

	return err ? err : mount_add(c->d, block, &keys, error);
}

static int parse_mount(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	struct mount_context c = { out, arena };

	return hcl_blocks(node, 1, parse_mount_block, &c, error);
}

static const struct key image_keys[] = {
	{ "rootfs", parse_string, offsetof(struct definition, rootfs) },
	{ "entrypoint", parse_entrypoint, offsetof(struct definition, entrypoint) },
	{ "environment", parse_environment, offsetof(struct definition, environment) },
	{ "working_directory", parse_path, offsetof(struct definition, workdir) },
	{ "memory", parse_memory, offsetof(struct definition, memory) },
	{ "threads", parse_threads, offsetof(struct definition, threads) },
	{ "product_id", parse_u16, offsetof(struct definition, product_id) },
	{ "security_version", parse_u16, offsetof(struct definition, security_version) },
	{ "debug", parse_bool, offsetof(struct definition, debug) },
	{ "ordinary_memory", parse_bool, offsetof(struct definition, ordinary_memory) },
	{ "processor", parse_processor, 0 },
	{ "elrange", parse_elrange, 0 },
	{ "allow", parse_allow, 0 },
	{ "mount", parse_mount, 0 },
};

struct image_context {
	struct definition *d;
	struct arena *arena;
};

static int parse_image(const struct hcl_block *block, void *context, struct text_error *error)
{
	struct image_context *c = context;
	struct key_set set = { "image", image_keys, sizeof(image_keys) / sizeof(image_keys[0]), c->arena, (uint8_t *)c->d };
	int err;

	if (c->d->label)
		return hcl_error(error, block->at->at, "expected one image in a definition, found a second", NULL);
	c->d->label = block->labels[0].at;
	if (block->labels[0].size >= sizeof(((struct image_header *)0)->label))
		return hcl_error(error, block->at->at, "expected a label of at most 63 bytes", NULL);
	err = parse_keys(&set, block->at, error);
	if (err)
		return err;
	if (!c->d->rootfs)
		return hcl_error(error, block->at->value, "expected the key rootfs in this image", NULL);
	if (!c->d->entrypoint.count)
		return hcl_error(error, block->at->value, "expected the key entrypoint in this image", NULL);
	return 0;
}

static int compare_mounts(const void *a, const void *b)
{
	return strcmp(((const struct definition_volume *)a)->path, ((const struct definition_volume *)b)->path);
}

static int parse_top(struct image_context *c, const struct hcl_node *body, struct text_error *error)
{
	int err = 0;

	for (const struct hcl_node *n = body->first; n && !err; n = n->next)
		err = hcl_name_is(n, "image") ? hcl_blocks(n, 1, parse_image, c, error) :
						hcl_error(error, n->at, "expected image \"name\" { ... }", n->name.at);
	if (!err && !c->d->label)
		return hcl_error(error, (struct hcl_place){ 1, 1 }, "expected image \"name\" { ... }", "no image");
	qsort(c->d->mounts, c->d->mount_count, sizeof(c->d->mounts[0]), compare_mounts);
	return err;
}

int definition_parse(struct definition *d, const char *name, const char *text, size_t size, struct fail *f)
{
	struct text_error error;
	const struct hcl_node *body;
	struct arena arena = { .size = HCL_ARENA(size) * 2 };
	struct image_context c = { d, &arena };
	int err;

	memset(d, 0, sizeof(*d));
	if (size > 4 * MIB)
		return fail(f, "%s: expected a definition of at most 4 MiB", name);
	d->owned = arena.at = malloc(arena.size);
	if (!d->owned)
		return fail(f, "%s: out of memory", name);
	err = hcl_parse(text, size, &arena, &body, &error);
	if (!err)
		err = parse_top(&c, body, &error);
	if (!err)
		return 0;
	definition_free(d);
	return fail(f, "%s:%u:%u: %s", name, error.line, error.column, error.message);
}

int definition_read_file(struct definition *d, const char *path, struct fail *f)
{
	_cleanup_free_ uint8_t *text = NULL;
	size_t size;

	memset(d, 0, sizeof(*d));
	if (io_read_file(path, 4 * MIB, &text, &size, f))
		return -1;
	return definition_parse(d, path, (const char *)text, size, f);
}

void definition_free(struct definition *d)
{
	free(d->owned);
	d->owned = NULL;
}
