#include "tests/unit/attest_forged/judge.h"
#include "attest/internal.h"

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
		v->tcb_date = v->fix_date = -1;
		v->genuine = quote_verify(a, r.evidence, &r, v);
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

static const char *reason_token(enum attest_reason reason)
{
	static const char *const tokens[] = {
		"ok",
#define R(name, step, sentence) #name,
#include "attest/reason.def"
#undef R
	};

	return tokens[reason];
}

static const char *status_name(enum attest_status status)
{
	static const char *const names[] = {
		"none",
#define S(name) #name,
#include "attest/status.def"
#undef S
	};

	return names[status];
}

bool has_reason(const struct attest_verdict *v, enum attest_reason reason, const char *what)
{
	if (v->refusal.reason != reason)
		print_error("%s: expected %s, found %s (expected %s, found %s)\n", what, reason_token(reason),
			    reason_token(v->refusal.reason), v->refusal.expected, v->refusal.found);
	return v->refusal.reason == reason;
}

void expect_reason(const struct attest_verdict *v, enum attest_reason reason, const char *what)
{
	assert_true(has_reason(v, reason, what));
	if (reason == ATTEST_OK)
		assert_true(v->genuine);
}

void expect_status(const struct attest_verdict *v, enum attest_status status, const char *what)
{
	if (v->status != status)
		print_error("%s: expected %s, found %s (%s: %s)\n", what, status_name(status),
			    status_name(v->status),
			    reason_token(v->refusal.reason), v->refusal.found);
	assert_int_equal(v->status, status);
	assert_true(v->genuine);
}
