/* Definitions in HCL. Every key stands in a table with the function that checks its value. */
#include "image/definition.h"
#include "image/cleanup.h"
#include "image/io.h"
#include "image/secrets.h"
#include "image/values.h"

#include <string.h>

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

int parse_keys(const struct key_set *set, const struct hcl_node *body, struct text_error *error)
{
	int err = 0;

	for (const struct hcl_node *n = body->first; n && !err; n = n->next)
		err = parse_entry(set, n, error);
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
			return hcl_error(error, block->at->at, "expected one mount for each path, found another at",
					 v.path);
	if (!keys->type)
		return hcl_error(error, block->at->value, "expected the key type in this mount", NULL);
	if (strcmp(keys->type, "host") == 0)
		v.type = MOUNT_HOST;
	else if (strcmp(keys->type, "tmpfs") == 0)
		v.type = MOUNT_TMPFS;
	else
		return hcl_error(
			error, hcl_find(block->at, "type")->value,
			strcmp(keys->type, "encrypted")
				? "expected a mount of type \"host\" or \"tmpfs\""
				: "mounts of type \"encrypted\" are not supported yet, expected \"host\" or \"tmpfs\"",
			keys->type);
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
	struct key_set set = { "mount", mount_keys, sizeof(mount_keys) / sizeof(mount_keys[0]), c->arena,
			       (uint8_t *)&keys };
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
	{ "provisioning", parse_bool, offsetof(struct definition, provisioning) },
	{ "processor", parse_processor, 0 },
	{ "elrange", parse_elrange, 0 },
	{ "allow", parse_allow, 0 },
	{ "mount", parse_mount, 0 },
	{ "secrets", parse_secrets, offsetof(struct definition, init) },
};

struct image_context {
	struct definition *d;
	struct arena *arena;
};

static int parse_image(const struct hcl_block *block, void *context, struct text_error *error)
{
	struct image_context *c = context;
	struct key_set set = { "image", image_keys, sizeof(image_keys) / sizeof(image_keys[0]), c->arena,
			       (uint8_t *)c->d };
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
	return secrets_apply(c->arena, block->at, c->d, error);
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
