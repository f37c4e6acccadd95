#include "tests/unit/attest_forged/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void judge_forged(const struct forge_order *o, const struct forged *f, const char *pem, struct attest_verdict *v)
{
	struct attest *a = attest_new();
	struct attest_request r = { .evidence = { f->quote, f->size }, .now = o->now };
	struct attest_collateral *c = NULL;

	memset(v, 0, sizeof(*v));
	assert_non_null(a);
	if (pem)
		assert_int_equal(attest_trust(a, pem, strlen(pem), &v->refusal), 0);
	if (attest_collateral_parse(a, f->collateral, strlen(f->collateral), &c, &v->refusal) == 0) {
		r.collateral = c;
		attest_verify(a, &r, v);
	}
	attest_collateral_free(c);
	attest_free(a);
}

void judge(const struct forge_order *o, struct attest_verdict *v)
{
	struct forged f;

	forge(o, &f);
	judge_forged(o, &f, f.root, v);
	forged_free(&f);
}

bool has_reason(const struct attest_verdict *v, enum attest_reason reason, const char *what)
{
	if (v->refusal.reason != reason)
		print_error("%s: expected %s, found %s (expected %s, found %s)\n", what, attest_reason_token(reason),
			    attest_reason_token(v->refusal.reason), v->refusal.expected, v->refusal.found);
	return v->refusal.reason == reason;
}

void expect_reason(const struct attest_verdict *v, enum attest_reason reason, const char *what)
{
	assert_true(has_reason(v, reason, what));
	assert_int_equal(v->accepted, reason == ATTEST_OK);
}

void expect_status(const struct attest_verdict *v, enum attest_status status, const char *what)
{
	if (v->status != status)
		print_error("%s: expected %s, found %s (%s: %s)\n", what, attest_status_name(status),
			    v->status ? attest_status_name(v->status) : "none",
			    attest_reason_token(v->refusal.reason), v->refusal.found);
	assert_int_equal(v->status, status);
	assert_true(v->genuine);
}
