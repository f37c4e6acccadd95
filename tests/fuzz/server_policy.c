/* Policies: whatever the text, it is refused with a place or gives rules that can be asked, merged and shown. */
#include <stdlib.h>
#include <string.h>

#include "server/policy/policies.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(void *context, const char *path, bool glob, unsigned int capabilities)
{
	const struct policy_set *set = context;
	unsigned int found = policy_capabilities(set, path);

	/* A path that is written out decides for itself; templates and wildcards may lead elsewhere. */
	if (!glob && *path && *path != '/' && found != capabilities)
		abort();
}

static void decide(struct pool *p, const struct policy_set *set)
{
	static const char body[] = "{\"a\":\"x\",\"b\":[1,{\"c\":null}],\"C\":true}";
	struct text_error error;
	struct policy_question q = { .body = pool_read_json(p, body, sizeof(body) - 1, &error), .wrap_ttl = 60 };
	struct policy_answer answer;

	for (enum operation op = 0; op < OP_COUNT; op++) {
		q.operation = op;
		q.path = "a/b/c/";
		policy_decide(set, &q, p, &answer);
		q.path = "a";
		policy_decide(set, &q, p, &answer);
	}
	policy_has_any(set, "a/");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_pool_ struct pool p = { .last = NULL };
	struct policy *policies[2];
	struct text_error error = { 0 };
	struct policy_set *set;

	if (size > 1 << 14)
		return 0;
	if (policy_parse(&p, "a", (const char *)data, size, &policies[0], &error)) {
		if (!error.line || !error.message[0])
			abort();
		return 0;
	}
	if (policy_parse(&p, "b", (const char *)data, size / 2, &policies[1], &error))
		policies[1] = policies[0];
	set = policy_set_make(&p, policies, 1, NULL);
	policy_set_each(set, ask, set);
	set = policy_set_make(&p, policies, 2, NULL);
	policy_set_each(set, ask, set);
	decide(&p, set);
	return 0;
}
