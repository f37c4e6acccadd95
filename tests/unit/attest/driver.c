/*
 * Verifies what standard input names, one command a line, one answer a line; the tests in Python compare. Files are
 * named by path.
 *
 *     verify QUOTE BUNDLE SECONDS    status and what belongs to it, or the refusal
 *     chain PEM                      for quotes that do not carry theirs; "-": none
 *     trust PEM                      from here on; "-": the built-in roots
 *     tcb_info FILE, qe_identity FILE
 *     quote FILE                     identity and bindings, without collateral
 */
#include "attest/internal.h"
#include "attest/document.h"
#include "attest/pck.h"
#include "attest/quote.h"
#include "attest/tcb_info.h"
#include "tests/unit/attest/file.h"

#include <stdio.h>
#include <stdlib.h>

static struct attest *context;
static struct attest_bytes chain_beside;

static void put_refusal(const struct attest_refusal *why)
{
	static const char *const tokens[] = {
		"ok",
#define R(name, step, sentence) #name,
#include "attest/reason.def"
#undef R
	};

	printf("refused %s expected=%s found=%s\n", tokens[why->reason], why->expected, why->found);
}

static const char *status_name(enum attest_status s)
{
	static const char *const names[] = {
		"None",
#define S(name) #name,
#include "attest/status.def"
#undef S
	};

	return names[s];
}

static void put_day(int64_t at)
{
	char text[32];

	if (at < 0)
		printf(" None");
	else
		printf(" %.10s", attest_moment_text(at, text));
}

static void put_verdict(const struct attest_verdict *v)
{
	printf("genuine %s", status_name(v->status));
	put_day(v->tcb_date);
	printf(" %s ", status_name(v->qe_status));
	for (uint32_t i = 0; i < v->advisory_count; i++)
		printf("%s%s", i ? "," : "", v->advisories[i]);
	printf(" root=%.8s... fix", v->root);
	put_day(v->fix_date);
	printf(" module=%s until", status_name(v->module_status));
	put_day(v->collateral_until);
	printf(" eval=%u,%u assurance=%d\n", v->tcb_evaluation_number, v->qe_evaluation_number, v->assurance);
}

static void do_verify(const char *quote_path, const char *bundle_path, const char *at)
{
	struct attest_bytes quote = file_read(quote_path), bundle = file_read(bundle_path);
	struct attest_collateral *c;
	struct attest_refusal why;
	struct attest_verdict v;

	if (attest_collateral_parse(context, bundle.at, bundle.size, &c, &why)) {
		printf("bundle ");
		put_refusal(&why);
	} else {
		struct attest_request r = {
			.evidence = quote, .chain = chain_beside, .collateral = c, .now = strtoll(at, NULL, 10)
		};

		attest_verify(context, &r, &v);
		if (v.genuine)
			put_verdict(&v);
		else
			put_refusal(&v.refusal);
		attest_collateral_free(c);
	}
	free((void *)quote.at);
	free((void *)bundle.at);
}

static void do_chain(const char *path)
{
	free((void *)chain_beside.at);
	chain_beside = strcmp(path, "-") ? file_read(path) : bytes_of(NULL, 0);
	printf("ok\n");
}

static void do_trust(const char *path)
{
	struct attest_refusal why;
	struct attest_bytes pem;

	attest_free(context);
	context = attest_new();
	if (strcmp(path, "-")) {
		pem = file_read(path);
		if (attest_trust(context, pem.at, pem.size, &why)) {
			put_refusal(&why);
			return;
		}
		free((void *)pem.at);
	}
	printf("ok\n");
}

static void do_document(const char *path, bool tcb_info)
{
	struct attest_bytes text = file_read(path);
	struct json_reader r = { .capacity = document_values(text.size) };
	struct advisories *advisories = calloc(1, sizeof(*advisories));
	struct attest_refusal why = { 0 };
	struct text_error error;
	const struct json *root;
	static struct tcb_info info;
	static struct qe_identity identity;

	r.values = calloc(r.capacity, sizeof(*r.values));
	if (json_read(&r, (const char *)text.at, text.size, &error)) {
		printf("refused json %u:%u: %s\n", error.line, error.column, error.message);
	} else if (!json_member_of(r.values, "signature", JSON_STRING)) {
		printf("refused no signature\n");
	} else {
		root = json_member(r.values, tcb_info ? "tcbInfo" : "enclaveIdentity");
		if (!root)
			root = json_member(r.values, "qeIdentity");
		if (tcb_info ? tcb_info_read(root, &info, advisories, &why) :
			       qe_identity_read(root, &identity, advisories, &why))
			printf("ok\n");
		else
			put_refusal(&why);
	}
	free(r.values);
	free(advisories);
	free((void *)text.at);
}

static const char *truth(int is)
{
	return is < 0 ? "None" : is ? "True" : "False";
}

/* What quotes.tsv says of a quote: version, technology, measurement, attributes, certification type, three bindings. */
static void do_quote(const char *path)
{
	struct attest_bytes bytes = file_read(path);
	struct attest_refusal why = { 0 };
	struct attest_verdict v = { 0 };
	static struct certificates all;
	struct pck_chain chain;
	struct public_key key;
	struct quote q;
	uint8_t bound[32];
	char hex[128], fmspc[16] = "None", from[32] = "None", to[32] = "";
	bool quote_signature;
	int report = -1;

	if (!quote_read(bytes, &q, &why)) {
		put_refusal(&why);
		return;
	}
	quote_claims(&q, &v);
	key = public_key_of_point(KEY_P256, q.key);
	quote_signature = signature_holds_raw(context, &key, SIGNATURE_ECDSA_SHA256, q.signed_part, q.signature);
	all.count = all.used = 0;
	if (q.chain.size && certificates_read(q.chain, &all) && pck_sort(&all, &chain, &why) &&
	    pck_platform(chain.leaf, &v.claims.platform, &why)) {
		report = signature_holds_raw(context, &chain.leaf->key, SIGNATURE_ECDSA_SHA256,
					     bytes_of(q.qe_report, 384), q.qe_signature);
		hex_encode(v.claims.platform.fmspc, 6, fmspc);
		(void)attest_moment_text(chain.leaf->not_before, from);
		(void)attest_moment_text(chain.leaf->not_after, to);
	}
	attest_sha256_pair(context, bytes_of(q.key, 64), q.authentication, bound);
	hex_encode(v.tee == ATTEST_TDX ? v.claims.tdx.mrtd : v.claims.sgx.mrenclave, v.tee == ATTEST_TDX ? 48 : 32,
		   hex);
	printf("%d\t0x%x\t%s\t", v.format + 2, v.tee == ATTEST_TDX ? 0x81 : 0, hex);
	hex_encode(q.body + (v.tee == ATTEST_TDX ? 120 : 48), v.tee == ATTEST_TDX ? 8 : 16, hex);
	printf("%s\t%u\t%s\t%s\t%s\t%s\t%.10s%s%.10s\n", hex, q.certification, truth(quote_signature), truth(report),
	       truth(memcmp(bound, q.qe_report + 320, 32) == 0), fmspc, from, *to ? ".." : "", to);
	free((void *)bytes.at);
}

int main(void)
{
	char line[4096], word[4][1024];

	context = attest_new();
	if (!context)
		return 1;
	while (fgets(line, sizeof(line), stdin)) {
		int n = sscanf(line, "%1023s %1023s %1023s %1023s", word[0], word[1], word[2], word[3]);

		if (n == 4 && !strcmp(word[0], "verify"))
			do_verify(word[1], word[2], word[3]);
		else if (n == 2 && !strcmp(word[0], "trust"))
			do_trust(word[1]);
		else if (n == 2 && (!strcmp(word[0], "tcb_info") || !strcmp(word[0], "qe_identity")))
			do_document(word[1], word[0][0] == 't');
		else if (n == 2 && !strcmp(word[0], "quote"))
			do_quote(word[1]);
		else if (n == 2 && !strcmp(word[0], "chain"))
			do_chain(word[1]);
		else
			printf("unknown command\n");
		fflush(stdout);
	}
	attest_free(context);
	return 0;
}
