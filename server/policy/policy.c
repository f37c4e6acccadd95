/* Reading a policy's text. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hcl.h"
#include "server/policy/rule.h"

static const struct {
	const char *word;
	unsigned int bits;
} capability_words[] = {
	{ "deny", CAP_DENY }, { "create", CAP_CREATE }, { "read", CAP_READ }, { "update", CAP_UPDATE },
	{ "delete", CAP_DELETE }, { "list", CAP_LIST }, { "sudo", CAP_SUDO }, { "patch", CAP_PATCH },
};

/* From before capabilities: policy = "write". */
static const struct {
	const char *word;
	unsigned int bits;
} old_words[] = {
	{ "deny", CAP_DENY },
	{ "read", CAP_READ | CAP_LIST },
	{ "write", CAP_CREATE | CAP_READ | CAP_UPDATE | CAP_DELETE | CAP_LIST },
	{ "sudo", CAP_CREATE | CAP_READ | CAP_UPDATE | CAP_DELETE | CAP_LIST | CAP_SUDO },
};

struct reading {
	struct pool *pool;
	struct policy *policy;
	struct rule **tail;
};

static char *lower_case(struct pool *p, const char *text)
{
	char *to = pool_text(p, text);

	for (char *c = to; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return to;
}

static int read_capabilities(const struct hcl_node *node, struct rule *rule, struct text_error *error)
{
	if (node->kind != HCL_LIST)
		return hcl_error_kind(error, node, "a list of capabilities");
	for (const struct hcl_node *n = node->first; n; n = n->next) {
		unsigned int bits = 0;

		if (n->kind != HCL_STRING)
			return hcl_error_kind(error, n, "the name of a capability");
		for (size_t i = 0; i < sizeof(capability_words) / sizeof(capability_words[0]); i++)
			if (!strcmp(n->text.at, capability_words[i].word))
				bits = capability_words[i].bits;
		if (!bits)
			return hcl_error(error, n->value, "invalid capability", n->text.at);
		rule->capabilities |= bits;
	}
	return 0;
}

static int read_old(const struct hcl_node *node, struct rule *rule, struct text_error *error)
{
	if (node->kind != HCL_STRING)
		return hcl_error_kind(error, node, "\"deny\", \"read\", \"write\" or \"sudo\"");
	for (size_t i = 0; i < sizeof(old_words) / sizeof(old_words[0]); i++) {
		if (!strcmp(node->text.at, old_words[i].word)) {
			rule->capabilities |= old_words[i].bits;
			return 0;
		}
	}
	return node->text.size ? hcl_error(error, node->value, "invalid policy", node->text.at) : 0;
}

static int read_ttl(const struct hcl_node *node, uint64_t *seconds, struct text_error *error)
{
	int64_t nanoseconds;

	if (node->kind != HCL_STRING && node->kind != HCL_NUMBER)
		return hcl_error_kind(error, node, "a duration");
	if (!duration_read(node->text.at, &nanoseconds) || nanoseconds < 0)
		return hcl_error(error, node->value, "expected a duration such as \"90s\"", node->text.at);
	*seconds = (uint64_t)nanoseconds / 1000000000;
	return 0;
}

static void write_json(struct json_writer *w, const char *name, const struct hcl_node *node)
{
	switch (node->kind) {
	case HCL_NULL:
		json_put_null(w, name);
		break;
	case HCL_BOOL:
		json_put_bool(w, name, node->truth);
		break;
	case HCL_NUMBER:
		json_put_raw(w, name, node->text.at, node->text.size);
		break;
	case HCL_STRING:
		json_put_string(w, name, node->text.at);
		break;
	case HCL_LIST:
		json_array(w, name);
		for (const struct hcl_node *n = node->first; n; n = n->next)
			write_json(w, NULL, n);
		json_close(w);
		break;
	case HCL_MAP:
	case HCL_BLOCK:
		json_object(w, name);
		for (const struct hcl_node *n = node->first; n; n = n->next)
			write_json(w, n->name.at, n);
		json_close(w);
		break;
	}
}

/* The list as JSON, which is what requests are compared with. */
static int read_values(struct pool *pool, const struct hcl_node *list, struct parameter *p, struct text_error *error)
{
	const struct json **values, *root;
	struct json_writer w;
	struct blob text;

	if (list->kind != HCL_LIST)
		return hcl_error_kind(error, list, "a list of values");
	pool_json(pool, &w);
	write_json(&w, NULL, list);
	if (w.failed)
		return hcl_error(error, list->value, "expected values in UTF-8, nested less deeply", NULL);
	text = pool_json_end(&w);
	root = pool_read_json(pool, (const char *)text.at, text.size, error);
	if (!root)
		return hcl_error(error, list->value, "expected numbers as JSON has them", NULL);
	values = pool_take(pool, root->count * sizeof(struct json *) + 1);
	for (const struct json *v = root->first; v; v = v->next)
		values[p->count++] = v;
	p->values = values;
	return 0;
}

struct parameters_reading {
	struct pool *pool;
	struct parameter **to;
};

static int read_parameters(const struct hcl_block *block, void *context, struct text_error *error)
{
	struct parameters_reading *reading = context;

	for (const struct hcl_node *n = block->at->first; n; n = n->next) {
		struct parameter *p = pool_take(reading->pool, sizeof(*p));
		int err = read_values(reading->pool, n, p, error);

		if (err)
			return err;
		p->name = lower_case(reading->pool, n->name.at);
		p->next = *reading->to;
		*reading->to = p;
	}
	return 0;
}

static int read_required(struct pool *pool, const struct hcl_node *node, struct rule *rule, struct text_error *error)
{
	if (node->kind != HCL_LIST)
		return hcl_error_kind(error, node, "a list of names of parameters");
	for (const struct hcl_node *n = node->first; n; n = n->next) {
		if (n->kind != HCL_STRING)
			return hcl_error_kind(error, n, "the name of a parameter");
		names_add(pool, &rule->required, lower_case(pool, n->text.at));
	}
	return 0;
}

/*
 * What would be a second condition for access must never be passed over: these rules are refused by name rather than
 * read as if they were not there.
 */
static int read_entry(struct pool *pool, const struct hcl_node *n, struct rule *rule, struct text_error *error)
{
	struct parameters_reading reading = { .pool = pool };

	if (hcl_name_is(n, "capabilities"))
		return read_capabilities(n, rule, error);
	if (hcl_name_is(n, "policy"))
		return read_old(n, rule, error);
	if (hcl_name_is(n, "min_wrapping_ttl"))
		return read_ttl(n, &rule->min_wrapping_ttl, error);
	if (hcl_name_is(n, "max_wrapping_ttl"))
		return read_ttl(n, &rule->max_wrapping_ttl, error);
	if (hcl_name_is(n, "required_parameters"))
		return read_required(pool, n, rule, error);
	if (hcl_name_is(n, "allowed_parameters") || hcl_name_is(n, "denied_parameters")) {
		if (n->kind == HCL_LIST && !n->first)
			return hcl_error_kind(error, n, "a map from names of parameters to lists of values");
		reading.to = hcl_name_is(n, "allowed_parameters") ? &rule->allowed : &rule->denied;
		return hcl_blocks(n, 0, read_parameters, &reading, error);
	}
	if (hcl_name_is(n, "comment") || hcl_name_is(n, "subscribe_event_types"))
		return 0;
	if (hcl_name_is(n, "mfa_methods") || hcl_name_is(n, "control_group"))
		return hcl_error(error, n->at, "this server has no such condition", n->name.at);
	return hcl_error(error, n->at, "invalid key", n->name.at);
}

/* '+' alone between slashes becomes RULE_ANY. */
static void rule_find_segments(char *path, struct rule *rule)
{
	for (char *at = path; *at; at += strcspn(at, "/"), at += *at == '/') {
		if (*at == '+' && (at[1] == '/' || !at[1])) {
			*at = RULE_ANY;
			rule->segments = true;
		}
	}
}

static int read_path(struct pool *pool, const struct hcl_block *block, struct rule *rule, struct text_error *error)
{
	const char *label = block->labels[0].at;
	char *path = pool_text(pool, *label == '/' ? label + 1 : label);
	size_t size = strlen(path);

	if (strstr(path, "+*"))
		return hcl_error(error, block->at->at, "invalid use of wildcards ('+*' is forbidden)", label);
	if (!template_balanced(path))
		return hcl_error(error, block->at->at, "expected each \"{{\" with its \"}}\"", label);
	for (const char *at = path; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return hcl_error(error, block->at->at, "expected a path of printable characters", NULL);
	rule->templated = strstr(path, "{{") != NULL;
	rule->prefix = size && path[size - 1] == '*';
	if (rule->prefix)
		path[size - 1] = '\0';
	rule_find_segments(path, rule);
	rule->path = path;
	return 0;
}

static int read_rule(const struct hcl_block *block, void *context, struct text_error *error)
{
	struct reading *reading = context;
	struct rule *rule = pool_take(reading->pool, sizeof(*rule));
	int err = read_path(reading->pool, block, rule, error);

	for (const struct hcl_node *n = block->at->first; n && !err; n = n->next)
		err = read_entry(reading->pool, n, rule, error);
	if (err)
		return err;
	if (rule->max_wrapping_ttl && rule->max_wrapping_ttl < rule->min_wrapping_ttl)
		return hcl_error(error, block->at->at, "max_wrapping_ttl cannot be less than min_wrapping_ttl", NULL);
	/* A path that is denied has nothing else to say. */
	if (rule->capabilities & CAP_DENY)
		*rule = (struct rule){ .path = rule->path, .prefix = rule->prefix, .segments = rule->segments,
				       .templated = rule->templated, .capabilities = CAP_DENY };
	*reading->tail = rule;
	reading->tail = &rule->next;
	return 0;
}

static int read_body(struct reading *reading, const struct hcl_node *body, struct text_error *error)
{
	int err = 0;

	for (const struct hcl_node *n = body->first; n && !err; n = n->next) {
		if (hcl_name_is(n, "path"))
			err = hcl_blocks(n, 1, read_rule, reading, error);
		else if (!hcl_name_is(n, "name"))
			err = hcl_error(error, n->at, "invalid key", n->name.at);
		else if (n->kind != HCL_STRING)
			err = hcl_error_kind(error, n, "a string");
	}
	return err;
}

int policy_parse(struct pool *pool, const char *name, const char *text, size_t size, struct policy **out,
		 struct text_error *error)
{
	struct policy *policy = pool_take(pool, sizeof(*policy));
	struct reading reading = { .pool = pool, .policy = policy, .tail = &policy->first };
	struct arena arena = { .size = HCL_ARENA(size) };
	const struct hcl_node *body;
	int err;

	if (size > HCL_SIZE_MAX) {
		*error = (struct text_error){ .message = "the policy is longer than 16 MiB" };
		return -EINVAL;
	}
	policy->name = pool_text(pool, name);
	policy->root = !strcmp(name, "root");
	arena.at = malloc(arena.size);
	if (!arena.at)
		abort();
	err = hcl_parse(text, size, &arena, &body, error);
	if (!err)
		err = read_body(&reading, body, error);
	free(arena.at);
	if (!err && out)
		*out = policy;
	return err ? -EINVAL : 0;
}
