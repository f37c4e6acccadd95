/*
 * Judging files: a bundle or a pack as the verifier would, or the form of one TCB info or QE identity, which says
 * nothing about its signature, for the certificate that made it is not there.
 */
#include "attest/tcb_info.h"
#include "base/bytes.h"
#include "collateral/collateral.h"
#include "image/cleanup.h"
#include "image/io.h"
#include "platform/stamp.h"

#include <stdio.h>
#include <string.h>

#define SIGNATURE_HEX 128

struct check {
	const struct arguments *a;
	struct store store;
	const char *path;
};

static int check_refused(const char *path, const struct attest_refusal *why)
{
	char text[1024];

	refusal_text(why, text, sizeof(text));
	(void)printf("%s: refused: %s\n", path, text);
	return EXIT_REFUSED;
}

static bool check_signature(const struct json *outer)
{
	const struct json *s = json_member_of(outer, "signature", JSON_STRING);
	struct json_span inside;
	uint8_t signature[SIGNATURE_HEX / 2];

	if (!s)
		return false;
	inside = json_inside(s);
	return hex_decode(inside.at, inside.size, signature, sizeof(signature));
}

static void check_accepted(const char *path, const char *what, const struct document_dates *d)
{
	char issued[STAMP_SIZE], until[STAMP_SIZE];

	stamp_text(d->issued, issued);
	stamp_text(d->next_update, until);
	(void)printf("%s: accepted: the form of %s, evaluation %u, from %s until %s; its signature was not looked at\n",
		     path, what, d->evaluation_number, issued, until);
}

static int check_document(const char *path, const struct json *outer, const struct json *inner, bool tcb)
{
	static struct advisories advisories;
	static struct tcb_info info;
	static struct qe_identity identity;
	struct attest_refusal why = { .reason = tcb ? ATTEST_R_tcb_info_malformed : ATTEST_R_qe_identity_malformed };
	bool good;

	if (!check_signature(outer)) {
		(void)snprintf(why.expected, sizeof(why.expected), "a member signature with 64 bytes in hex");
		return check_refused(path, &why);
	}
	memset(&advisories, 0, sizeof(advisories));
	good = tcb ? tcb_info_read(inner, &info, &advisories, &why) :
		     qe_identity_read(inner, &identity, &advisories, &why);
	if (!good)
		return check_refused(path, &why);
	check_accepted(path, tcb ? "a TCB info" : "an enclave's identity", tcb ? &info.dates : &identity.dates);
	return 0;
}

static int check_dates(struct check *k, const struct contents *c)
{
	char until[STAMP_SIZE];

	for (size_t i = 0; i < c->count; i++) {
		if (c->items[i].issued <= k->store.now && k->store.now <= c->items[i].until)
			continue;
		stamp_text(c->items[i].until, until);
		(void)printf("%s: refused: %s holds until %s, and not now\n", k->path, c->items[i].what, until);
		return EXIT_REFUSED;
	}
	stamp_text(c->until, until);
	(void)printf("%s: accepted: %s %s, until %s\n", k->path, c->id, c->fmspc, until);
	return 0;
}

static int check_bundle(struct check *k, const char *json, size_t size)
{
	struct attest_refusal why = { 0 };
	struct attest_collateral *parsed;
	struct contents c;
	struct fail f;

	if (attest_collateral_parse(k->store.trust, json, size, &parsed, &why))
		return check_refused(k->path, &why);
	attest_collateral_free(parsed);
	if (contents_read(&c, json, size, &f)) {
		(void)printf("%s: refused: %s\n", k->path, f.text);
		return EXIT_REFUSED;
	}
	return check_dates(k, &c);
}

static int check_text(struct check *k, const struct contents_text *t)
{
	const struct json *tcb = json_member(t->values, "tcbInfo"), *qe = json_member(t->values, "enclaveIdentity");
	const struct json *bundles = json_member_of(t->values, "bundles", JSON_ARRAY);
	int status = 0;

	if (!qe)
		qe = json_member(t->values, "qeIdentity");
	if (tcb || qe)
		return check_document(k->path, t->values, tcb ? tcb : qe, tcb);
	if (!bundles)
		return check_bundle(k, t->text, t->size);
	for (const struct json *b = bundles->count ? bundles->first : NULL; b && !status; b = b->next)
		status = check_bundle(k, b->span.at, b->span.size);
	return status;
}

int command_check(struct arguments *a)
{
	struct check k = { .a = a, .path = a->operand };
	_cleanup_free_ uint8_t *text = NULL;
	struct contents_text t;
	struct fail f;
	size_t size;
	int status;

	if (store_open(&k.store, a->dir, a->trust, moment_of(a), &f) ||
	    io_read_file(a->operand, 64 * MIB, &text, &size, &f))
		return say(1, "collateral: %s", f.text);
	if (contents_parse(&t, (char *)text, size, &f)) {
		(void)printf("%s: refused: %s\n", a->operand, f.text);
		status = EXIT_REFUSED;
	} else {
		status = check_text(&k, &t);
		contents_free(&t);
	}
	store_close(&k.store);
	return status;
}
