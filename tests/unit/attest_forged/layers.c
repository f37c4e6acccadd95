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

static void layers_verify(struct attest *a, const char *bundle, struct attest_request *r, struct attest_verdict *v)
{
	struct attest_collateral *c = NULL;

	memset(v, 0, sizeof(*v));
	if (attest_collateral_parse(a, bundle, strlen(bundle), &c, &v->refusal) == 0) {
		r->collateral = c;
		attest_verify(a, r, v);
	}
	attest_collateral_free(c);
}

void layers_judge(struct layers *l, const char *keys, struct attest_verdict *v)
{
	static uint8_t auth[FORGE_AUTH_MAX];
	static struct forged above, below;
	struct attest *a = attest_new();
	struct attest_policy *policy = layers_policy(keys);
	struct attest_request r = { .now = l->above.now, .policy = policy };
	struct attest_refusal why;
	const char *root = l->root;
	char *bundle;

	layers_forge(l, &above, &below, auth);
	r.evidence = (struct attest_bytes){ above.quote, above.size };
	bundle = layers_bundle(l, &above, &below);
	root = root ? root : l->below.machine ? below.root : below.other_root;
	assert_int_equal(attest_trust(a, above.root, strlen(above.root), &why), 0);
	if (l->above_by_a_maker)
		a->roots.at[0].assurance = ATTEST_HARDWARE;
	if (!l->without_root)
		assert_int_equal(attest_trust_machine(a, root, strlen(root), &why), 0);
	layers_verify(a, bundle, &r, v);
	free(bundle);
	attest_policy_free(policy);
	attest_free(a);
	forged_free(&above);
	forged_free(&below);
}
