#include "collateral/contents.h"
#include "attest/document.h"
#include "base/bytes.h"
#include "image/cleanup.h"
#include "platform/stamp.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int contents_parse(struct contents_text *t, const char *text, size_t size, struct fail *f)
{
	struct json_reader r = { .capacity = document_values(size) };
	struct text_error error;

	t->text = malloc(size + 1);
	t->values = calloc(r.capacity, sizeof(*r.values));
	if (!t->text || !t->values) {
		contents_free(t);
		return fail(f, "reading JSON: out of memory");
	}
	memcpy(t->text, text, size);
	t->text[size] = '\0';
	t->size = size;
	r.values = t->values;
	if (!json_read(&r, t->text, size, &error))
		return 0;
	contents_free(t);
	return fail(f, "line %u, column %u: %s", error.line, error.column, error.message);
}

void contents_free(struct contents_text *t)
{
	free(t->text);
	free(t->values);
	t->text = NULL;
	t->values = NULL;
}

char *contents_string(const struct json *object, const char *name)
{
	const struct json *member = json_member_of(object, name, JSON_STRING);
	char *text = member ? malloc(member->span.size) : NULL;
	long n = text ? json_decode(json_inside(member), text, member->span.size) : -1;

	if (n < 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	return text;
}

static struct contents_item *contents_add(struct contents *c, const char *member)
{
	struct contents_item *i = &c->items[c->count];

	if (c->count == CONTENTS_MAX)
		return NULL;
	c->count++;
	memset(i, 0, sizeof(*i));
	i->member = member;
	return i;
}

static int contents_document(struct contents *c, const struct json *bundle, const char *member, struct fail *f)
{
	_cleanup_free_ char *text = contents_string(bundle, member);
	struct contents_item *i = text ? contents_add(c, member) : NULL;
	struct contents_text t;
	char *from, *until, *id;
	uint64_t evaluation = 0;
	bool good;

	if (!i)
		return 0;
	if (contents_parse(&t, text, strlen(text), f))
		return -1;
	from = contents_string(t.values, "issueDate");
	until = contents_string(t.values, "nextUpdate");
	id = contents_string(t.values, "id");
	good = from && until && stamp_parse(from, strlen(from), &i->issued) &&
	       stamp_parse(until, strlen(until), &i->until);
	(void)!json_u64(json_member_of(t.values, "tcbEvaluationDataNumber", JSON_NUMBER) ?: &(struct json){ 0 },
			&evaluation);
	if (strcmp(member, "tcb_info") == 0) {
		char *fmspc = contents_string(t.values, "fmspc");

		(void)snprintf(c->fmspc, sizeof(c->fmspc), "%s", fmspc ? fmspc : "");
		(void)snprintf(c->id, sizeof(c->id), "%s", id ? id : "SGX");
		c->evaluation = evaluation;
		(void)snprintf(i->what, sizeof(i->what), "TCB info, %s %s, evaluation %llu", c->id, c->fmspc,
			       (unsigned long long)evaluation);
		free(fmspc);
	} else {
		(void)snprintf(i->what, sizeof(i->what), "%.16s identity, evaluation %llu", id ? id : "QE",
			       (unsigned long long)evaluation);
	}
	free(from);
	free(until);
	free(id);
	contents_free(&t);
	return good ? 0 : fail(f, "%s: its dates cannot be read", member);
}

static int64_t contents_asn1(const ASN1_TIME *time)
{
	struct tm tm;

	return time && ASN1_TIME_to_tm(time, &tm) ? timegm(&tm) : 0;
}

static void contents_common_name(const X509_NAME *name, char *to, size_t size)
{
	if (X509_NAME_get_text_by_NID((X509_NAME *)(uintptr_t)name, NID_commonName, to, (int)size) < 0)
		(void)snprintf(to, size, "?");
}

/* In hex or PEM. */
static X509_CRL *contents_crl_read(const char *text)
{
	size_t n = strlen(text);
	uint8_t *der = malloc(n / 2 + 1);
	const uint8_t *at = der;
	X509_CRL *crl = NULL;
	BIO *bio;

	if (der && n && hex_decode(text, n, der, n / 2)) {
		crl = d2i_X509_CRL(NULL, &at, (long)(n / 2));
	} else if (der) {
		bio = BIO_new_mem_buf(text, -1);
		crl = bio ? PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL) : NULL;
		BIO_free(bio);
	}
	free(der);
	return crl;
}

static int contents_crl(struct contents *c, const struct json *bundle, const char *member, struct fail *f)
{
	_cleanup_free_ char *text = contents_string(bundle, member);
	struct contents_item *i = text ? contents_add(c, member) : NULL;
	X509_CRL *crl;
	char issuer[64];

	if (!i)
		return 0;
	crl = contents_crl_read(text);
	if (!crl)
		return fail(f, "%s: expected a revocation list in hex or PEM", member);
	contents_common_name(X509_CRL_get_issuer(crl), issuer, sizeof(issuer));
	i->issued = contents_asn1(X509_CRL_get0_lastUpdate(crl));
	i->until = contents_asn1(X509_CRL_get0_nextUpdate(crl));
	(void)snprintf(i->what, sizeof(i->what), "CRL of %s, %d revoked", issuer,
		       X509_CRL_get_REVOKED(crl) ? sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)) : 0);
	c->has_list = true;
	if (strcmp(member, "pck_crl") == 0)
		(void)snprintf(c->issuer, sizeof(c->issuer), "%s", issuer);
	X509_CRL_free(crl);
	return 0;
}

static bool contents_has(const struct contents *c, const struct contents_item *one)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->items[i].what, one->what) == 0 && c->items[i].until == one->until)
			return true;
	return false;
}

/* Every certificate of a chain, each once for the whole bundle. */
static int contents_chain(struct contents *c, const struct json *bundle, const char *member, struct fail *f)
{
	_cleanup_free_ char *text = contents_string(bundle, member);
	struct contents_item one = { .member = member }, *to;
	BIO *bio = text ? BIO_new_mem_buf(text, -1) : NULL;
	char name[64];
	X509 *x;
	int found = 0;

	while (bio && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		found++;
		contents_common_name(X509_get_subject_name(x), name, sizeof(name));
		(void)snprintf(one.what, sizeof(one.what), "certificate %s", name);
		one.issued = contents_asn1(X509_get0_notBefore(x));
		one.until = contents_asn1(X509_get0_notAfter(x));
		to = contents_has(c, &one) ? NULL : contents_add(c, member);
		if (to)
			*to = one;
		X509_free(x);
	}
	BIO_free(bio);
	return !text || found ? 0 : fail(f, "%s: expected certificates in PEM", member);
}

int contents_read(struct contents *c, const char *json, size_t size, struct fail *f)
{
	static const struct {
		const char *member;
		int (*read)(struct contents *c, const struct json *bundle, const char *member, struct fail *f);
	} parts[] = {
		{ "tcb_info", contents_document }, { "qe_identity", contents_document },
		{ "pck_crl", contents_crl }, { "root_ca_crl", contents_crl }, { "ark_crl", contents_crl },
		{ "tcb_info_issuer_chain", contents_chain }, { "qe_identity_issuer_chain", contents_chain },
		{ "pck_crl_issuer_chain", contents_chain }, { "vek", contents_chain }, { "vek_chain", contents_chain },
	};
	struct contents_text t;
	int err = 0;

	memset(c, 0, sizeof(*c));
	if (contents_parse(&t, json, size, f))
		return -1;
	for (size_t i = 0; !err && i < sizeof(parts) / sizeof(parts[0]); i++)
		err = parts[i].read(c, t.values, parts[i].member, f);
	contents_free(&t);
	c->until = INT64_MAX;
	for (size_t i = 0; i < c->count; i++)
		if (c->items[i].until < c->until)
			c->until = c->items[i].until;
	return err || c->count ? err : fail(f, "there is no collateral in it");
}
