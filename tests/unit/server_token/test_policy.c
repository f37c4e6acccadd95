/* Policies: which texts are right, and which rule decides a path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/identity/identity.h"
#include "server/policy/policies.h"

#define ALL CAP_CREATE | CAP_READ | CAP_UPDATE | CAP_DELETE | CAP_LIST

static struct policy *parse(struct pool *p, const char *name, const char *text)
{
	struct policy *policy = NULL;
	struct text_error error = { 0 };

	if (policy_parse(p, name, text, strlen(text), &policy, &error))
		fail_msg("%s: line %u: %s", text, error.line, error.message);
	return policy;
}

static struct policy_set *set_of(struct pool *p, const char *const *texts, size_t count, const struct entity *entity)
{
	struct policy_identity identity = { .entity = entity };
	struct policy **policies = pool_take(p, (count + 1) * sizeof(struct policy *));

	for (size_t i = 0; i < count; i++)
		policies[i] = parse(p, pool_printf(p, "p%zu", i), texts[i]);
	return policy_set_make(p, policies, count, &identity);
}

/* -- what a path allows -- */

static const char shop[] =
	"path \"dev/*\" { policy = \"sudo\" }\n"
	"path \"stage/*\" { policy = \"write\" }\n"
	"path \"stage/aws/*\" { policy = \"read\" capabilities = [\"update\", \"sudo\"] }\n"
	"path \"stage/aws/policy/*\" { policy = \"sudo\" }\n"
	"path \"prod/*\" { policy = \"read\" }\n"
	"path \"prod/aws/*\" { policy = \"deny\" }\n"
	"path \"sys/*\" { policy = \"deny\" }\n"
	"path \"foo/bar\" { capabilities = [\"read\", \"create\", \"sudo\"] }\n"
	"path \"baz/quux\" { capabilities = [\"read\", \"create\", \"patch\"] }\n"
	"path \"/lead\" { capabilities = [\"read\"] }\n"
	"path \"list/exact\" { capabilities = [\"list\"] }\n"
	"path \"list/slash/\" { capabilities = [\"list\", \"read\"] }\n"
	"path \"list/glob*\" { capabilities = [\"list\"] }\n"
	"path \"none\" { capabilities = [] }\n"
	"path \"a+b/c\" { capabilities = [\"read\"] }\n";

static const struct {
	const char *path;
	unsigned int capabilities;
} shop_rows[] = {
	{ "dev/foo", ALL | CAP_SUDO }, { "dev/", ALL | CAP_SUDO }, { "dev", 0 }, { "devel", 0 },
	{ "stage/foo", ALL }, { "stage/aws/foo", CAP_READ | CAP_LIST | CAP_UPDATE | CAP_SUDO },
	{ "stage/aws", ALL }, { "stage/aws/policy/foo", ALL | CAP_SUDO }, { "stage/aws/policy", CAP_READ | CAP_LIST |
									    CAP_UPDATE | CAP_SUDO },
	{ "prod/foo", CAP_READ | CAP_LIST }, { "prod/aws/foo", CAP_DENY }, { "sys/seal", CAP_DENY },
	{ "foo/bar", CAP_READ | CAP_CREATE | CAP_SUDO }, { "foo/bar/x", 0 }, { "foo/ba", 0 }, { "foo/", 0 },
	{ "baz/quux", CAP_READ | CAP_CREATE | CAP_PATCH }, { "lead", CAP_READ }, { "/lead", CAP_READ },
	{ "list/exact", CAP_LIST }, { "list/exact/", CAP_LIST }, { "list/exact/x", 0 },
	{ "list/slash/", CAP_LIST | CAP_READ }, { "list/slash", 0 }, { "list/glob/", CAP_LIST },
	{ "list/globular", CAP_LIST }, { "list/glo", 0 }, { "none", 0 }, { "a+b/c", CAP_READ }, { "axb/c", 0 },
	{ "", 0 }, { "/", 0 }, { "nothing", 0 },
};

static void capabilities(void **state)
{
	_cleanup_pool_ struct pool p = { .last = NULL };
	const char *texts[] = { shop };
	const struct policy_set *set = set_of(&p, texts, 1, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(shop_rows) / sizeof(shop_rows[0]); i++)
		if (policy_capabilities(set, shop_rows[i].path) != shop_rows[i].capabilities)
			fail_msg("%s: %#x", shop_rows[i].path, policy_capabilities(set, shop_rows[i].path));
}

/* -- which of several wildcards wins: the one that grants the capability named in the row -- */

static const struct {
	const char *better, *worse, *path;
} order_rows[] = {
	/* exact before all */
	{ "a/b/c", "a/b/*", "a/b/c" }, { "a/b/c", "a/+/c", "a/b/c" }, { "a/b", "*", "a/b" },
	/* the longest prefix */
	{ "a/b/*", "a/*", "a/b/c" }, { "a/b*", "a/*", "a/bc" }, { "a/*", "*", "a/b" },
	/* where the first wildcard stands */
	{ "foo/a*", "foo/+", "foo/abc" }, { "foo/bar/+/baz", "foo/+/bar/baz", "foo/bar/bar/baz" },
	{ "foo/+/*", "+/bar/*", "foo/bar/x" }, { "test/segment/*", "test/+/segment", "test/segment/segment" },
	/* one that ends before a prefix */
	{ "foo/+/bar", "foo/+/ba*", "foo/x/bar" }, { "foo/+", "foo/*", "foo/bar" }, { "+", "*", "foo" },
	/* fewer of them */
	{ "foo/+/bar/baz", "foo/+/+/baz", "foo/x/bar/baz" }, { "+/a/+", "+/+/+", "x/a/y" },
	/* the longer */
	{ "foo/+/bar/ba*", "foo/+/bar/b*", "foo/x/bar/baz" }, { "foo/+/b*", "foo/+/*", "foo/x/bar" },
};

static void order(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(order_rows) / sizeof(order_rows[0]); i++) {
		for (unsigned int turned = 0; turned < 2; turned++) {
			_cleanup_pool_ struct pool p = { .last = NULL };
			const char *texts[2];
			const struct policy_set *set;

			texts[turned] = pool_printf(&p, "path \"%s\" { capabilities = [\"read\"] }",
						    order_rows[i].better);
			texts[!turned] = pool_printf(&p, "path \"%s\" { capabilities = [\"update\"] }",
						     order_rows[i].worse);
			set = set_of(&p, texts, 2, NULL);
			if (policy_capabilities(set, order_rows[i].path) != CAP_READ)
				fail_msg("%s: %s should win over %s", order_rows[i].path, order_rows[i].better,
					 order_rows[i].worse);
		}
	}
}

static const struct {
	const char *pattern, *path;
	bool matches;
} segment_rows[] = {
	{ "+", "foo", true }, { "+", "foo/bar", false }, { "+/bar", "foo/bar", true }, { "+/bar", "bar", false },
	{ "foo/+", "foo/bar", true }, { "foo/+", "foo", false }, { "foo/+", "foo/bar/baz", false },
	{ "foo/+/baz", "foo/bar/baz", true }, { "foo/+/baz", "foo/baz", false },
	{ "foo/+/baz", "foo/bar/bax", false }, { "foo/+/+", "foo/a/b", true }, { "foo/+/+", "foo/a", false },
	{ "foo/+/b*", "foo/a/bcd", true }, { "foo/+/b*", "foo/a/bcd/e", true }, { "foo/+/b*", "foo/a/c", false },
	{ "foo/+/*", "foo/a/b/c", true }, { "foo/+/*", "foo/a/", true }, { "foo/+/*", "foo/a", false },
	{ "+/+/+", "a/b/c", true }, { "+/+/+", "a/b/c/d", false }, { "foo/b+r", "foo/bar", false },
	{ "foo/+x", "foo/yx", false }, { "foo/+x", "foo/+x", true }, { "auth/+/login/*", "auth/x/login/me", true },
	{ "auth/+/login/*", "auth/x/logout/me", false }, { "foo/+", "foo/", true },
};

static void segments(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(segment_rows) / sizeof(segment_rows[0]); i++) {
		_cleanup_pool_ struct pool p = { .last = NULL };
		const char *text =
			pool_printf(&p, "path \"%s\" { capabilities = [\"read\"] }", segment_rows[i].pattern);
		struct policy_set *set = set_of(&p, &text, 1, NULL);
		struct policy_question q = { .operation = OP_READ, .path = segment_rows[i].path };
		struct policy_answer answer;

		policy_decide(set, &q, &p, &answer);
		if (answer.allowed != segment_rows[i].matches)
			fail_msg("%s, %s: %d", segment_rows[i].pattern, segment_rows[i].path, answer.allowed);
	}
}

/* -- several policies -- */

static void merging(void **state)
{
	_cleanup_pool_ struct pool p = { .last = NULL };
	const char *texts[] = {
		"path \"a\" { capabilities = [\"read\"] } path \"b/*\" { capabilities = [\"read\", \"list\"] }"
		"path \"c/+\" { capabilities = [\"read\"] }",
		"path \"a\" { capabilities = [\"update\"] } path \"b/*\" { capabilities = [\"deny\"] }"
		"path \"c/+\" { capabilities = [\"delete\"] }",
		"path \"b/*\" { capabilities = [\"create\"] }",
	};
	struct policy_set *set = set_of(&p, texts, 3, NULL);
	struct policy_question q = { .operation = OP_READ, .path = "a" };
	struct policy_answer answer;

	(void)state;
	assert_int_equal(policy_capabilities(set, "a"), CAP_READ | CAP_UPDATE);
	assert_int_equal(policy_capabilities(set, "b/x"), CAP_DENY);
	assert_int_equal(policy_capabilities(set, "c/x"), CAP_READ | CAP_DELETE);
	policy_decide(set, &q, &p, &answer);
	assert_true(answer.allowed);
	assert_int_equal(answer.granting.count, 1);
	assert_string_equal(answer.granting.at[0], "p0");
	q.operation = OP_UPDATE;
	policy_decide(set, &q, &p, &answer);
	assert_string_equal(answer.granting.at[0], "p1");
	q.path = "b/x";
	policy_decide(set, &q, &p, &answer);
	assert_false(answer.allowed);
}

static void root(void **state)
{
	_cleanup_pool_ struct pool p = { .last = NULL };
	struct policy *policies[] = { parse(&p, "root", "") };
	struct policy_set *set = policy_set_make(&p, policies, 1, NULL);
	struct policy_question q = { .operation = OP_DELETE, .path = "anything", .sudo = true };
	struct policy_answer answer;

	(void)state;
	policy_decide(set, &q, &p, &answer);
	assert_true(answer.allowed && answer.root);
	assert_int_equal(policy_capabilities(set, "x"), CAP_ROOT);
	assert_true(policy_has_any(set, "secret/"));
}

/* -- questions with more than a path -- */

static const char form[] =
	"path \"needs\" { capabilities = [\"update\"] required_parameters = [\"A\", \"b\"] }\n"
	"path \"only\" { capabilities = [\"update\", \"read\"] allowed_parameters = { \"A\" = [\"x\", \"y*\", \"*z\", "
	"\"*mid*\", 5, true] \"b\" = [] } }\n"
	"path \"any\" { capabilities = [\"update\"] allowed_parameters = { \"*\" = [] \"a\" = [\"x\"] } }\n"
	"path \"all\" { capabilities = [\"update\"] allowed_parameters = { \"*\" = [] } }\n"
	"path \"not\" { capabilities = [\"update\"] denied_parameters = { \"A\" = [] \"b\" = [\"bad*\"] } }\n"
	"path \"nothing\" { capabilities = [\"update\"] denied_parameters = { \"*\" = [] } }\n"
	"path \"both\" { capabilities = [\"update\"] allowed_parameters = { \"*\" = [] } denied_parameters = { \"a\" = "
	"[\"x\"] } }\n"
	"path \"list\" { capabilities = [\"list\", \"delete\"] allowed_parameters = { \"a\" = [] } }\n"
	"path \"lists\" { capabilities = [\"update\"] allowed_parameters = { \"a\" = [[\"x\", \"y\"], "
	"{ \"k\" = 1 }] } }\n"
	"path \"root\" { capabilities = [\"update\", \"sudo\"] }\n"
	"path \"short\" { capabilities = [\"update\"] max_wrapping_ttl = \"60s\" }\n"
	"path \"long\" { capabilities = [\"update\"] min_wrapping_ttl = 60 }\n"
	"path \"between\" { capabilities = [\"update\"] min_wrapping_ttl = \"1m\" max_wrapping_ttl = \"1h\" }\n";

static const struct {
	const char *path, *body;
	enum operation operation;
	bool allowed;
	uint64_t wrap_ttl;
	bool sudo;
} form_rows[] = {
	{ "needs", "{}", OP_UPDATE, false, 0, false },
	{ "needs", "{\"a\":1}", OP_UPDATE, false, 0, false },
	{ "needs", "{\"a\":1,\"b\":null}", OP_UPDATE, true, 0, false },
	{ "only", "{}", OP_UPDATE, true, 0, false },
	{ "only", "{\"a\":\"x\"}", OP_UPDATE, true, 0, false },
	{ "only", "{\"A\":\"x\"}", OP_UPDATE, true, 0, false },
	{ "only", "{\"a\":\"xx\"}", OP_UPDATE, false, 0, false },
	{ "only", "{\"a\":\"yes\"}", OP_UPDATE, true, 0, false },
	{ "only", "{\"a\":\"jazz\"}", OP_UPDATE, true, 0, false },
	{ "only", "{\"a\":\"amidst\"}", OP_UPDATE, true, 0, false },
	{ "only", "{\"a\":5}", OP_UPDATE, true, 0, false },
	{ "only", "{\"a\":6}", OP_UPDATE, false, 0, false },
	{ "only", "{\"a\":true}", OP_UPDATE, true, 0, false },
	{ "only", "{\"a\":false}", OP_UPDATE, false, 0, false },
	{ "only", "{\"a\":[\"x\"]}", OP_UPDATE, false, 0, false },
	{ "only", "{\"b\":{\"any\":1}}", OP_UPDATE, true, 0, false },
	{ "only", "{\"a\":\"x\",\"c\":1}", OP_UPDATE, false, 0, false },
	{ "only", "{\"c\":1}", OP_READ, false, 0, false },
	{ "any", "{\"b\":1}", OP_UPDATE, true, 0, false },
	{ "any", "{\"a\":\"x\",\"b\":1}", OP_UPDATE, true, 0, false },
	{ "any", "{\"a\":\"y\"}", OP_UPDATE, false, 0, false },
	{ "all", "{\"a\":\"y\",\"b\":[1]}", OP_UPDATE, true, 0, false },
	{ "not", "{\"a\":\"anything\"}", OP_UPDATE, false, 0, false },
	{ "not", "{\"A\":\"anything\"}", OP_UPDATE, false, 0, false },
	{ "not", "{\"b\":\"good\"}", OP_UPDATE, true, 0, false },
	{ "not", "{\"b\":\"badly\"}", OP_UPDATE, false, 0, false },
	{ "not", "{\"c\":1}", OP_UPDATE, true, 0, false },
	{ "nothing", "{\"c\":1}", OP_UPDATE, false, 0, false },
	{ "nothing", "{}", OP_UPDATE, true, 0, false },
	{ "both", "{\"a\":\"x\"}", OP_UPDATE, false, 0, false },
	{ "both", "{\"a\":\"y\"}", OP_UPDATE, true, 0, false },
	{ "list", "{\"b\":1}", OP_LIST, true, 0, false },
	{ "list", "{\"b\":1}", OP_DELETE, true, 0, false },
	{ "lists", "{\"a\":[\"x\",\"y\"]}", OP_UPDATE, true, 0, false },
	{ "lists", "{\"a\":[\"y\",\"x\"]}", OP_UPDATE, false, 0, false },
	{ "lists", "{\"a\":{\"k\":1}}", OP_UPDATE, true, 0, false },
	{ "lists", "{\"a\":{\"k\":2}}", OP_UPDATE, false, 0, false },
	{ "lists", "{\"a\":{\"l\":1}}", OP_UPDATE, false, 0, false },
	{ "root", "{}", OP_UPDATE, true, 0, true },
	{ "all", "{}", OP_UPDATE, false, 0, true },
	{ "short", "{}", OP_UPDATE, false, 0, false },
	{ "short", "{}", OP_UPDATE, true, 60, false },
	{ "short", "{}", OP_UPDATE, false, 61, false },
	{ "long", "{}", OP_UPDATE, false, 0, false },
	{ "long", "{}", OP_UPDATE, false, 59, false },
	{ "long", "{}", OP_UPDATE, true, 60, false },
	{ "between", "{}", OP_UPDATE, true, 3600, false },
	{ "between", "{}", OP_UPDATE, false, 3601, false },
	{ "between", "{}", OP_UPDATE, false, 10, false },
	{ "all", "{}", OP_READ, false, 0, false },
	{ "all", "{}", OP_CREATE, false, 0, false },
	{ "unheard of", "{}", OP_UPDATE, false, 0, false },
	{ "unheard of", "{}", OP_HELP, true, 0, false },
};

static void questions(void **state)
{
	_cleanup_pool_ struct pool p = { .last = NULL };
	const char *texts[] = { form };
	struct policy_set *set = set_of(&p, texts, 1, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(form_rows) / sizeof(form_rows[0]); i++) {
		struct text_error error;
		struct policy_answer answer;
		struct policy_question q = {
			.operation = form_rows[i].operation, .path = form_rows[i].path,
			.body = pool_read_json(&p, form_rows[i].body, strlen(form_rows[i].body), &error),
			.wrap_ttl = form_rows[i].wrap_ttl, .sudo = form_rows[i].sudo,
		};

		policy_decide(set, &q, &p, &answer);
		if (answer.allowed != form_rows[i].allowed)
			fail_msg("%s %s (wrapped %lu): %d", form_rows[i].path, form_rows[i].body, form_rows[i].wrap_ttl,
				 answer.allowed);
	}
}

/* An empty list swallows the values of the other policy; the smaller of two limits counts. */
static void merged_parameters(void **state)
{
	static const char *const texts[] = {
		"path \"a\" { capabilities = [\"update\"] allowed_parameters = { \"v\" = [\"1\"] \"w\" = [\"1\"] } "
		"max_wrapping_ttl = \"10m\" required_parameters = [\"v\"] }",
		"path \"a\" { capabilities = [\"update\"] allowed_parameters = { \"v\" = [\"2\"] \"w\" = [] } "
		"max_wrapping_ttl = \"5m\" required_parameters = [\"w\"] }",
	};
	static const struct {
		const char *body;
		uint64_t wrap_ttl;
		bool allowed;
	} rows[] = {
		{ "{\"v\":\"1\",\"w\":\"9\"}", 300, true }, { "{\"v\":\"2\",\"w\":\"9\"}", 300, true },
		{ "{\"v\":\"3\",\"w\":\"9\"}", 300, false }, { "{\"v\":\"1\",\"w\":\"9\"}", 301, false },
		{ "{\"v\":\"1\"}", 300, false }, { "{\"w\":\"1\"}", 300, false },
	};
	_cleanup_pool_ struct pool p = { .last = NULL };
	struct policy_set *set = set_of(&p, texts, 2, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text_error error;
		struct policy_answer answer;
		struct policy_question q = { .operation = OP_UPDATE, .path = "a", .wrap_ttl = rows[i].wrap_ttl,
					     .body = pool_read_json(&p, rows[i].body, strlen(rows[i].body), &error) };

		policy_decide(set, &q, &p, &answer);
		if (answer.allowed != rows[i].allowed)
			fail_msg("%s %lu", rows[i].body, rows[i].wrap_ttl);
	}
}

/* -- templates -- */

static const struct entity_alias aliases[] = {
	{ "alias-1", "ada@example", "auth_1", { (const uint8_t *)"{\"team\":\"red\"}", 14 } },
};
static const struct entity_group groups[] = {
	{ .id = "group-1", .name = "crew", .metadata = { (const uint8_t *)"{\"ship\":\"argo\"}", 15 } },
};
static const struct entity ada = {
	.id = "entity-1",
	.name = "ada",
	.metadata = { (const uint8_t *)"{\"star\":\"*\",\"plus\":\"+\",\"city\":\"x/y\"}", 36 },
	.aliases = aliases,
	.alias_count = 1,
	.groups = groups,
	.group_count = 1,
};

static const struct {
	const char *template, *path;
	bool allowed;
} template_rows[] = {
	{ "s/{{identity.entity.id}}/*", "s/entity-1/x", true },
	{ "s/{{identity.entity.id}}/*", "s/entity-2/x", false },
	{ "s/{{ identity.entity.name }}", "s/ada", true },
	{ "s/{{identity.entity.metadata.city}}", "s/x/y", true },
	{ "s/{{identity.entity.metadata.none}}", "s/", false },
	{ "s/{{identity.entity.metadata.none}}*", "s/x", false },
	{ "s/{{identity.entity.aliases.auth_1.name}}", "s/ada@example", true },
	{ "s/{{identity.entity.aliases.auth_1.id}}", "s/alias-1", true },
	{ "s/{{identity.entity.aliases.auth_1.metadata.team}}", "s/red", true },
	{ "s/{{identity.entity.aliases.auth_2.name}}", "s/ada@example", false },
	{ "s/{{identity.groups.ids.group-1.name}}", "s/crew", true },
	{ "s/{{identity.groups.names.crew.id}}", "s/group-1", true },
	{ "s/{{identity.groups.names.crew.metadata.ship}}/x", "s/argo/x", true },
	{ "s/{{identity.groups.names.other.id}}", "s/group-1", false },
	{ "{{identity.entity.name}}/{{identity.entity.id}}", "ada/entity-1", true },
	/* what a user's own words say is never a wildcard */
	{ "s/{{identity.entity.metadata.star}}", "s/*", true },
	{ "s/{{identity.entity.metadata.star}}", "s/other", false },
	{ "s/{{identity.entity.metadata.plus}}/x", "s/+/x", true },
	{ "s/{{identity.entity.metadata.plus}}/x", "s/other/x", false },
	{ "s/+/{{identity.entity.name}}", "s/any/ada", true },
};

static void templates(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(template_rows) / sizeof(template_rows[0]); i++) {
		_cleanup_pool_ struct pool p = { .last = NULL };
		const char *text = pool_printf(&p, "path \"%s\" { capabilities = [\"read\"] }",
					       template_rows[i].template);
		struct policy_question q = { .operation = OP_READ, .path = template_rows[i].path };
		struct policy_answer answer;

		policy_decide(set_of(&p, &text, 1, &ada), &q, &p, &answer);
		if (answer.allowed != template_rows[i].allowed)
			fail_msg("%s, %s: %d", template_rows[i].template, template_rows[i].path, answer.allowed);
		policy_decide(set_of(&p, &text, 1, NULL), &q, &p, &answer);
		assert_false(answer.allowed);
	}
}

/* -- texts -- */

static const char *const right[] = {
	"",
	"# nothing\n",
	"name = \"x\"",
	"path \"a\" {}",
	"path \"a\" { capabilities = [] comment = \"why\" }",
	"path \"a\" { capabilities = [\"create\", \"read\", \"update\", \"delete\", \"list\", \"sudo\", \"patch\", "
	"\"deny\"] }",
	"{\"path\":{\"a\":{\"capabilities\":[\"read\"]}}}",
	"{\"path\":{\"a\":{\"policy\":\"write\"},\"b\":{}}}",
	"path \"a\" { allowed_parameters = { \"x\" = [] } }",
	"path \"a\" { allowed_parameters { \"x\" = [1, 2] } }",
	"path \"a/{{identity.entity.id}}/b\" { capabilities = [\"read\"] }",
	"path \"a\" { capabilities = [\"read\"], }\n",
};

static const char *const wrong[] = {
	"path", "path \"a\"", "path \"a\" {", "paths \"a\" {}", "path \"a\" { capability = [\"read\"] }",
	"path \"a\" { capabilities = [\"wield\"] }", "path \"a\" { capabilities = \"read\" }",
	"path \"a\" { capabilities = [1] }", "path \"a\" { policy = \"own\" }", "path \"a/+*\" { policy = \"read\" }",
	"path \"a\" { min_wrapping_ttl = \"x\" }", "path \"a\" { min_wrapping_ttl = \"2m\" max_wrapping_ttl = \"1m\" }",
	"path \"a\" { max_wrapping_ttl = -1 }", "path \"a\" { allowed_parameters = [] }",
	"path \"a\" { allowed_parameters = { \"x\" = \"y\" } }", "path \"a\" { required_parameters = \"x\" }",
	"path \"a/{{identity.entity.id\" { policy = \"read\" }", "path \"a/}}{{\" { policy = \"read\" }",
	"path \"a/{{ {{ }}\" { policy = \"read\" }", "path \"a\" { mfa_methods = [\"m\"] }",
	"path \"a\" { control_group = { factor \"x\" {} } }", "name = [1]", "{\"path\":[1]}", "path \"a\\u0001\" {}",
	"bad policy", "{\"path\":{\"a\":{\"capabilities\":[\"read\"]}}",
};

static void texts(void **state)
{
	_cleanup_pool_ struct pool p = { .last = NULL };
	struct text_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		parse(&p, "x", right[i]);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (policy_parse(&p, "x", wrong[i], strlen(wrong[i]), NULL, &error) == 0)
			fail_msg("%s was taken", wrong[i]);
	parse(&p, "default", policy_default_text);
}

static void anything_below(void **state)
{
	static const struct {
		const char *pattern, *mount;
		bool any;
	} rows[] = {
		{ "secret/data/x", "secret/", true }, { "secret/*", "secret/", true }, { "sec*", "secret/", true },
		{ "*", "secret/", true }, { "+/data/x", "secret/", true }, { "secret/+/x", "secret/", true },
		{ "other/+/x", "secret/", false }, { "secrets/x", "secret/", false }, { "secret", "secret/", false },
		{ "auth/+/login", "auth/userpass/", true }, { "+", "auth/userpass/", false },
		{ "auth/+/lo*", "auth/userpass/", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_pool_ struct pool p = { .last = NULL };
		const char *text = pool_printf(&p, "path \"%s\" { policy = \"read\" }", rows[i].pattern);
		const char *deny = pool_printf(&p, "path \"%s\" { policy = \"deny\" }", rows[i].pattern);

		if (policy_has_any(set_of(&p, &text, 1, NULL), rows[i].mount) != rows[i].any)
			fail_msg("%s below %s", rows[i].pattern, rows[i].mount);
		assert_false(policy_has_any(set_of(&p, &deny, 1, NULL), rows[i].mount));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities), cmocka_unit_test(order), cmocka_unit_test(segments),
		cmocka_unit_test(merging), cmocka_unit_test(root), cmocka_unit_test(questions),
		cmocka_unit_test(merged_parameters), cmocka_unit_test(templates), cmocka_unit_test(texts),
		cmocka_unit_test(anything_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
