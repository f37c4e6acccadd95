/*
 * sys/policies/password: what a password is made of.
 *
 *     length = 20
 *     rule "charset" {
 *       charset   = "abcdefghijklmnopqrstuvwxyz"
 *       min-chars = 1
 *     }
 */
#include <stdlib.h>
#include <string.h>

#include "base/hcl.h"
#include "base/mem.h"
#include "crypto/random.h"
#include "server/sys/sys.h"

#define LENGTH_MIN 4
#define LENGTH_MAX 100
#define RULES_MAX 32
#define CHARS_MAX 256
#define TRIES 10000 /* before a policy is called one that nothing satisfies */

static const struct view view = { "sys/password-policy/" };

struct password_rule {
	uint32_t chars[CHARS_MAX]; /* code points */
	size_t count;
	uint64_t least;
};

struct password_policy {
	uint64_t length;
	struct password_rule rules[RULES_MAX];
	size_t rule_count;
	uint32_t chars[CHARS_MAX]; /* of all rules, each once */
	size_t count;
};

/* One character of UTF-8, which HCL has checked; its size. */
static size_t char_read(const char *at, uint32_t *c)
{
	const uint8_t *b = (const uint8_t *)at;
	size_t size = b[0] < 0x80 ? 1 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;

	*c = size == 1 ? b[0] : b[0] & (0x7fu >> size);
	for (size_t i = 1; i < size && b[i]; i++)
		*c = *c << 6 | (b[i] & 0x3fu);
	return size;
}

static size_t char_write(uint32_t c, char *to)
{
	size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = size - 1; i > 0; i--, c >>= 6)
		to[i] = (char)(0x80 | (c & 0x3f));
	to[0] = (char)(size == 1 ? c : (0xf00u >> size & 0xff) | c);
	return size;
}

static bool chars_have(const uint32_t *chars, size_t count, uint32_t c)
{
	for (size_t i = 0; i < count; i++)
		if (chars[i] == c)
			return true;
	return false;
}

static int read_charset(const struct hcl_node *n, struct password_policy *policy, struct password_rule *rule,
			struct text_error *error)
{
	if (n->kind != HCL_STRING)
		return hcl_error_kind(error, n, "a string of characters");
	for (const char *at = n->text.at; *at;) {
		uint32_t c;

		at += char_read(at, &c);
		if (c < ' ' || c == 0x7f)
			return hcl_error(error, n->value, "non-printable character in charset", NULL);
		if (chars_have(rule->chars, rule->count, c))
			continue;
		if (rule->count == CHARS_MAX || policy->count == CHARS_MAX)
			return hcl_error(error, n->value, "charsets have more than 256 characters", NULL);
		rule->chars[rule->count++] = c;
		if (!chars_have(policy->chars, policy->count, c))
			policy->chars[policy->count++] = c;
	}
	return 0;
}

static int read_rule(const struct hcl_block *block, void *context, struct text_error *error)
{
	struct password_policy *policy = context;
	struct password_rule *rule = &policy->rules[policy->rule_count];
	int err = 0;

	if (strcmp(block->labels[0].at, "charset") != 0)
		return hcl_error(error, block->at->at, "the only kind of rule is \"charset\"", block->labels[0].at);
	if (policy->rule_count == RULES_MAX)
		return hcl_error(error, block->at->at, "there are more than 32 rules", NULL);
	policy->rule_count++;
	for (const struct hcl_node *n = block->at->first; n && !err; n = n->next) {
		if (hcl_name_is(n, "charset"))
			err = read_charset(n, policy, rule, error);
		else if (!hcl_name_is(n, "min-chars") && !hcl_name_is(n, "min_chars"))
			err = hcl_error(error, n->at, "invalid key", n->name.at);
		else if (!hcl_u64(n, &rule->least) || rule->least > LENGTH_MAX)
			err = hcl_error_kind(error, n, "a number of characters");
	}
	if (!err && !rule->count)
		err = hcl_error(error, block->at->at, "no charset specified", NULL);
	return err;
}

static int read_body(const struct hcl_node *body, struct password_policy *policy, struct text_error *error)
{
	uint64_t least = 0;
	int err = 0;

	for (const struct hcl_node *n = body->first; n && !err; n = n->next) {
		if (hcl_name_is(n, "rule"))
			err = hcl_blocks(n, 1, read_rule, policy, error);
		else if (!hcl_name_is(n, "length"))
			err = hcl_error(error, n->at, "invalid key", n->name.at);
		else if (!hcl_u64(n, &policy->length))
			err = hcl_error_kind(error, n, "a number");
	}
	if (err)
		return err;
	if (policy->length < LENGTH_MIN || policy->length > LENGTH_MAX)
		return hcl_error(error, body->at, "length must be between 4 and 100", NULL);
	if (!policy->rule_count)
		return hcl_error(error, body->at, "must specify at least one rule", NULL);
	for (size_t i = 0; i < policy->rule_count; i++)
		least += policy->rules[i].least;
	if (least > policy->length)
		return hcl_error(error, body->at, "the rules ask for more characters than the length has", NULL);
	return 0;
}

/* A status. */
static int password_policy_read(struct request *r, const char *text, struct password_policy *policy)
{
	size_t size = strlen(text);
	struct arena arena = { .size = HCL_ARENA(size) };
	const struct hcl_node *body;
	struct text_error error;
	int err;

	if (size > 1024 * 1024)
		return refuse(r, 400, "the password policy is longer than 1 MiB");
	*policy = (struct password_policy){ 0 };
	arena.at = malloc(arena.size);
	if (!arena.at)
		abort();
	err = hcl_parse(text, size, &arena, &body, &error);
	if (!err)
		err = read_body(body, policy, &error);
	free(arena.at);
	return err ? refuse(r, 400, "invalid password policy: line %u, column %u: %s", error.line, error.column,
			    error.message) : 0;
}

/* Each of `count` is as likely as the others. */
static uint32_t choose(uint32_t count)
{
	uint32_t n, limit = UINT32_MAX - UINT32_MAX % count;

	do
		random_bytes(&n, sizeof(n));
	while (n >= limit);
	return n % count;
}

static bool satisfies(const struct password_policy *policy, const uint32_t *chars)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		uint64_t have = 0;

		for (size_t c = 0; c < policy->length; c++)
			have += chars_have(policy->rules[i].chars, policy->rules[i].count, chars[c]);
		if (have < policy->rules[i].least)
			return false;
	}
	return true;
}

/* Candidates until one satisfies all rules, so that all that do are equally likely. NULL: none did. */
static const char *password_make(struct request *r, const struct password_policy *policy)
{
	char *text = pool_take(&r->pool, 4 * LENGTH_MAX + 1), *at = text;
	uint32_t chars[LENGTH_MAX];
	bool good = false;

	for (size_t tries = 0; tries < TRIES && !good; tries++) {
		for (size_t i = 0; i < policy->length; i++)
			chars[i] = policy->chars[choose((uint32_t)policy->count)];
		good = satisfies(policy, chars);
	}
	for (size_t i = 0; i < policy->length && good; i++)
		at += char_write(chars[i], at);
	mem_wipe(chars, sizeof(chars));
	return good ? text : NULL;
}

/* -- endpoints -- */

static const char *stored(struct request *r)
{
	return pool_json_member(&r->pool, entry_read(r, &view, ask_text(r, "name")), "policy");
}

static int list(struct request *r)
{
	struct names names = entry_list(r, &view, "");

	return reply_keys(r, &names);
}

static int read(struct request *r)
{
	const char *text = stored(r);

	if (!text)
		return 404;
	json_put_string(reply_data(r), "policy", text);
	return 200;
}

static int write(struct request *r)
{
	const char *text = ask_text_or(r, "policy", "");
	struct password_policy *policy = pool_take(&r->pool, sizeof(*policy));
	struct json_writer *w;
	struct blob decoded;
	int status;

	if (!*text)
		return refuse(r, 400, "missing policy");
	if (pool_base64_read(&r->pool, text, &decoded) && !memchr(decoded.at, 0, decoded.size))
		text = pool_copy(&r->pool, (const char *)decoded.at, decoded.size);
	status = password_policy_read(r, text, policy);
	if (status)
		return status;
	if (!password_make(r, policy))
		return refuse(r, 400, "unable to generate a password from the provided policy in %d tries", TRIES);
	w = entry_write(r);
	json_put_string(w, "policy", text);
	entry_written(r, &view, ask_text(r, "name"), w);
	return 204;
}

static int delete(struct request *r)
{
	entry_delete(r, &view, ask_text(r, "name"));
	return 204;
}

static int generate(struct request *r)
{
	struct password_policy *policy = pool_take(&r->pool, sizeof(*policy));
	const char *text = stored(r), *password;
	int status;

	if (!text)
		return r->failed ? 500 : 404;
	status = password_policy_read(r, text, policy);
	if (status)
		return status;
	password = password_make(r, policy);
	if (!password)
		return refuse(r, 400, "failed to generate a password from the policy");
	json_put_string(reply_data(r), "password", password);
	return 200;
}

static const struct field fields[] = {
	{ "policy", FIELD_STRING, "The policy, as HCL or JSON, plain or in base64." },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route routes[] = {
	{ .pattern = "policies/password", .list = list, .text = "Names of password policies." },
	{ .pattern = "policies/password/{name}", .read = read, .update = write, .delete = delete, .fields = fields,
	  .text = "A password policy." },
	{ .pattern = "policies/password/{name}/generate", .read = generate, .text = "A password made by a policy." },
};

const struct route_table sys_password_policies_tables[] = { ROUTES(routes), { NULL, 0, NULL } };
