#include "tests/unit/attest_forged/layers.h"
#include "attest/internal.h"
#include "platform/ec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void layers_order(struct layers *l)
{
	memset(l, 0, sizeof(*l));
	forge_order(&l->above, FORGE_SGX_V3);
	forge_order(&l->below, FORGE_TDX_V4);
	l->below.machine = true;
	l->format = MACHINE_TDX_QUOTE;
}

void layers_data(const struct layers *l, uint8_t data[64])
{
	uint8_t keys[128];
	size_t size;

	forge_machine_data(data);
	if (l->data != LAYERS_RIGHT) {
		forge_point(false, l->data == LAYERS_OTHER_KEY ? FORGE_OTHER : FORGE_ATTESTATION, keys);
		forge_point(false, l->data == LAYERS_OTHER_CA ? FORGE_OTHER : FORGE_PCK_CA, keys + 64);
		assert_true(EVP_Q_digest(NULL, "SHA512", NULL, keys, sizeof(keys), data, &size));
	}
	if (l->data == LAYERS_ZEROS)
		memset(data, 0, 64);
	if (l->flip)
		data[(l->flip - 1) / 8] ^= (uint8_t)(1u << (l->flip - 1) % 8);
}

static void layers_forge(struct layers *l, struct forged *above, struct forged *below, uint8_t auth[FORGE_AUTH_MAX])
{
	const void *evidence = l->evidence;
	size_t size = l->evidence_size;

	layers_data(l, l->below.td.body.report_data);
	memcpy(l->below.sgx.report_data, l->below.td.body.report_data, 64);
	forge(&l->below, below);
	if (!evidence) {
		evidence = below->quote;
		size = below->size;
	}
	memset(auth, 0, FORGE_AUTH_MAX);
	size = forge_machine_auth(auth, l->format, evidence, size) - l->shorter + l->longer;
	if (!l->plain) {
		l->above.auth = auth;
		l->above.auth_size = l->cut ? l->keep : size;
	}
	forge(&l->above, above);
}

static char *layers_bundle(const struct layers *l, const struct forged *above, const struct forged *below)
{
	if (l->without_collateral || (l->evidence && !l->collateral))
		return strdup(above->collateral);
	return forge_machine_bundle(above->collateral, l->collateral ? l->collateral : below->collateral);
}

static struct attest_policy *layers_policy(const char *keys)
{
	struct attest_policy *policy = NULL;
	struct attest_refusal why;
	char text[2048];

	if (!keys)
		return NULL;
	(void)snprintf(text, sizeof(text), "accept \"layers\" {\n%s}\n", keys);
	if (attest_policy_parse(text, strlen(text), &policy, &why))
		fail_msg("%s: %s", keys, why.found);
	return policy;
}

void layers_begin(struct layers *l, struct layers_case *c)
{
	const char *root = l->root;
	struct attest_refusal why;

	memset(c, 0, sizeof(*c));
	layers_forge(l, &c->above, &c->below, c->auth);
	c->request = (struct attest_request){ .now = l->above.now, .evidence = { c->above.quote, c->above.size } };
	c->a = attest_new();
	assert_int_equal(attest_trust(c->a, c->above.root, strlen(c->above.root), &why), 0);
	if (l->above_by_a_maker)
		c->a->roots.at[0].assurance = ATTEST_HARDWARE;
	root = root ? root : l->below.machine ? c->below.root : c->below.other_root;
	if (!l->without_root)
		assert_int_equal(attest_trust_machine(c->a, root, strlen(root), &why), 0);
	c->bundle = layers_bundle(l, &c->above, &c->below);
	(void)attest_collateral_parse(c->a, c->bundle, strlen(c->bundle), &c->collateral, &c->why);
	c->request.collateral = c->collateral;
}

void layers_end(struct layers_case *c)
{
	free(c->bundle);
	attest_collateral_free(c->collateral);
	attest_free(c->a);
	forged_free(&c->above);
	forged_free(&c->below);
}

void layers_judge(struct layers *l, const char *keys, struct attest_verdict *v)
{
	static struct layers_case c;
	struct attest_policy *policy = layers_policy(keys);

	layers_begin(l, &c);
	c.request.policy = policy;
	memset(v, 0, sizeof(*v));
	v->refusal = c.why;
	if (c.collateral)
		attest_verify(c.a, &c.request, v);
	attest_policy_free(policy);
	layers_end(&c);
}

size_t layers_flips(struct layers *l, size_t *tried)
{
	static struct layers_case c;
	static struct attest_verdict v;
	size_t genuine = 0;

	layers_begin(l, &c);
	attest_verify(c.a, &c.request, &v);
	assert_true(v.genuine);
	for (*tried = 0; *tried < c.above.size; ++*tried) {
		c.above.quote[*tried] ^= (uint8_t)(1u << *tried % 8);
		attest_verify(c.a, &c.request, &v);
		c.above.quote[*tried] ^= (uint8_t)(1u << *tried % 8);
		if (v.genuine)
			print_error("byte %zu, bit %zu\n", *tried, *tried % 8);
		genuine += v.genuine;
	}
	layers_end(&c);
	return genuine;
}
