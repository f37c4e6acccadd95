/*
 * The block `secrets` of a definition. What it says becomes arguments of adyton-init, which stands before the entry
 * point: so it is measured as every entry point is, and the kernel knows nothing of it but one flag.
 */
#include "image/secrets.h"
#include "image/values.h"

#include <string.h>

static int parse_hash(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	int err = parse_string(arena, node, out, error);
	uint8_t hash[32];

	if (!err && !hex_decode(node->text.at, node->text.size, hash, sizeof(hash)))
		return hcl_error(error, node->value, "expected SHA-256 of the server's key, 64 hexadecimal digits",
				 node->text.at);
	return err;
}

/* "path#field", for each variable or file. */
static int parse_sources(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	int err = parse_environment(arena, node, out, error);

	for (const struct hcl_node *n = node->first; n && !err; n = n->next) {
		const char *hash = strchr(n->text.at, '#');

		if (!hash || hash == n->text.at || !hash[1])
			err = hcl_error(error, n->value, "expected a secret's path and member, such as "
					"\"secret/data/app#password\"", n->text.at);
	}
	return err;
}

static int parse_files(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	int err = parse_sources(arena, node, out, error);

	for (const struct hcl_node *n = node->first; n && !err; n = n->next)
		if (*n->name.at != '/')
			err = hcl_error(error, n->at, "expected the absolute path of a file", n->name.at);
	return err;
}

struct secrets {
	const char *server, *cluster_key, *role, *mount, *token_file, *identity_file;
	struct strings environment, files;
};

static const struct key secrets_keys[] = {
	{ "server", parse_string, offsetof(struct secrets, server) },
	{ "cluster_key", parse_hash, offsetof(struct secrets, cluster_key) },
	{ "role", parse_string, offsetof(struct secrets, role) },
	{ "mount", parse_string, offsetof(struct secrets, mount) },
	{ "token_file", parse_path, offsetof(struct secrets, token_file) },
	{ "identity_file", parse_path, offsetof(struct secrets, identity_file) },
	{ "environment", parse_sources, offsetof(struct secrets, environment) },
	{ "files", parse_files, offsetof(struct secrets, files) },
};

static void add(struct strings *list, const char *option, const char *value)
{
	if (!value)
		return;
	list->at[list->count++] = option;
	list->at[list->count++] = value;
}

/* The arguments before the program's own: every option with its value, in one order. */
static int arguments_make(struct arena *arena, const struct hcl_node *at, const struct secrets *s, struct strings *to,
			  struct text_error *error)
{
	size_t most = 14 + 2 * (s->environment.count + s->files.count);

	*to = (struct strings){ .at = arena_take(arena, most * sizeof(char *)) };
	if (!to->at)
		return hcl_error(error, at->value, "the definition is too large", NULL);
	to->at[to->count++] = SECRETS_INIT;
	add(to, "--server", s->server);
	add(to, "--cluster-key", s->cluster_key);
	add(to, "--role", s->role);
	add(to, "--mount", s->mount);
	for (size_t i = 0; i < s->environment.count; i++)
		add(to, "--environment", s->environment.at[i]);
	for (size_t i = 0; i < s->files.count; i++)
		add(to, "--file", s->files.at[i]);
	add(to, "--token-file", s->token_file);
	add(to, "--identity-file", s->identity_file);
	to->at[to->count++] = "--";
	return 0;
}

struct secrets_context {
	struct arena *arena;
	struct strings *out;
};

static int parse_block(const struct hcl_block *block, void *context, struct text_error *error)
{
	struct secrets_context *c = context;
	struct secrets s = { 0 };
	struct key_set set = { "secrets", secrets_keys, sizeof(secrets_keys) / sizeof(secrets_keys[0]), c->arena,
			       (uint8_t *)&s };
	int err = parse_keys(&set, block->at, error);

	if (err)
		return err;
	if (c->out->count)
		return hcl_error(error, block->at->at, "expected one block secrets, found a second", NULL);
	if (!s.server || !s.cluster_key || !s.role)
		return hcl_error(error, block->at->value, "expected the keys server, cluster_key and role in secrets",
				 NULL);
	return arguments_make(c->arena, block->at, &s, c->out, error);
}

int parse_secrets(struct arena *arena, const struct hcl_node *node, void *out, struct text_error *error)
{
	struct secrets_context c = { arena, out };

	return hcl_blocks(node, 0, parse_block, &c, error);
}

int secrets_apply(struct arena *arena, const struct hcl_node *at, struct definition *d, struct text_error *error)
{
	size_t count = d->init.count + d->entrypoint.count;
	const char **all;

	if (!d->init.count)
		return 0;
	if (count > DEFINITION_LIST_MAX)
		return hcl_error(error, at->value, "expected at most 256 arguments and secrets together", NULL);
	all = arena_take(arena, count * sizeof(*all));
	if (!all)
		return hcl_error(error, at->value, "the definition is too large", NULL);
	memcpy(all, d->init.at, d->init.count * sizeof(*all));
	memcpy(all + d->init.count, d->entrypoint.at, d->entrypoint.count * sizeof(*all));
	d->entrypoint = (struct strings){ all, count };
	return 0;
}
