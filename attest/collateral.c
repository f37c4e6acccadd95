/*
 * Bundles: JSON around Intel's and AMD's documents. Everything is copied out of the bundle into one piece of memory
 * whose size follows from the bundle's, and the signatures are checked, so that a verification only compares and looks
 * at the clock. Long: one walk over the members, each of which can be wrong in its own way.
 */
#include "attest/collateral.h"
#include "attest/machine.h"
#include "attest/pck.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/errno.h"

struct collateral_memory {
	struct attest_collateral collateral; /* first: it is what is freed */
	struct intel_collateral intel;
	struct arena arena;
};

static struct collateral_memory *collateral_make(const struct attest *a, struct attest_bytes json, bool of_machine,
						 struct attest_refusal *why);

struct collateral_parser {
	const struct attest *a;
	struct collateral_memory *to;
	struct attest_refusal *why;
	const struct json *bundle;
	bool of_machine; /* this bundle is the member of another one */
	struct certificates scratch;
};

/* The document's own part of the JSON is signed by a certificate that its issuer chain names. */
struct collateral_document {
	const char *member, *signature, *inner, *chain;
	enum attest_reason malformed, bad_signature;
};

static bool collateral_malformed(struct collateral_parser *p, const char *member, const char *found)
{
	return refuse(p->why, ATTEST_R_collateral_malformed, member, "%s", found);
}

/* A member's text without its escapes; size 0 and false where it is missing or no string. */
static bool collateral_text(struct collateral_parser *p, const char *member, struct attest_bytes *text)
{
	const struct json *v = json_member(p->bundle, member);
	long size = -1;
	char *to = NULL;

	if (!v)
		return refuse(p->why, ATTEST_R_collateral_missing, member, "a bundle without it");
	if (v->kind == JSON_STRING)
		to = arena_take(&p->to->arena, v->span.size);
	if (to)
		size = json_decode(json_inside(v), to, v->span.size);
	if (size < 0)
		return collateral_malformed(p, member, json_kind_name(v->kind));
	*text = bytes_of(to, (size_t)size);
	return true;
}

const struct certificate *collateral_knows(const struct intel_collateral *c, const struct certificate *one)
{
	for (size_t i = 0; i < c->known.count; i++)
		if (bytes_equal(c->known.at[i].der, one->der))
			return &c->known.at[i];
	return NULL;
}

/* Keep one whose signature holds. */
static const struct certificate *collateral_keep(struct intel_collateral *c, const struct certificate *one)
{
	struct certificates *known = &c->known;
	struct certificate *kept = &known->at[known->count];

	if (known->count == CERTIFICATES_MAX || one->der.size > sizeof(known->der) - known->used)
		return NULL;
	memcpy(known->der + known->used, one->der.at, one->der.size);
	if (!certificate_read(bytes_of(known->der + known->used, one->der.size), kept))
		return NULL;
	known->used += one->der.size;
	known->count++;
	return kept;
}

static const struct certificate *collateral_root(struct collateral_parser *p, const struct certificate *root,
						 enum attest_reason reason)
{
	struct intel_collateral *c = &p->to->intel;
	const struct certificate *known = collateral_knows(c, root);

	if (known)
		return known;
	if (!root_find(p->a, root)) {
		(void)refuse(p->why, reason, "a chain to a trusted root", "one to \"%s\", which is not trusted",
			     root->name);
		return NULL;
	}
	if (!certificate_signed_by(p->a, root, root)) {
		(void)refuse(p->why, reason, "a root that signed itself", "\"%s\", which did not", root->name);
		return NULL;
	}
	if (c->root && !bytes_equal(c->root->key.spki, root->key.spki)) {
		(void)refuse(p->why, reason, "one root for all documents", "two");
		return NULL;
	}
	known = collateral_keep(c, root);
	if (known && !c->root)
		c->root = known;
	return known;
}

/* A chain of a certificate and its root, in any order: the certificate. */
static const struct certificate *collateral_chain(struct collateral_parser *p, const char *member,
						  enum attest_reason reason)
{
	struct intel_collateral *c = &p->to->intel;
	const struct certificate *known, *leaf, *root;
	struct attest_bytes text;

	if (!collateral_text(p, member, &text))
		return NULL;
	p->scratch.count = p->scratch.used = 0;
	if (!certificates_read(text, &p->scratch) || p->scratch.count != 2) {
		(void)refuse(p->why, reason, "a certificate and its root in PEM", "%zu that can be read in %s",
			     p->scratch.count, member);
		return NULL;
	}
	leaf = &p->scratch.at[0];
	root = &p->scratch.at[1];
	if (bytes_equal(leaf->subject, leaf->issuer)) {
		leaf = &p->scratch.at[1];
		root = &p->scratch.at[0];
	}
	root = collateral_root(p, root, reason);
	if (!root)
		return NULL;
	known = collateral_knows(c, leaf);
	if (!known && certificate_signed_by(p->a, leaf, root))
		known = collateral_keep(c, leaf);
	if (!known)
		(void)refuse(p->why, reason, root->name, "\"%s\", which it did not sign", leaf->name);
	return known;
}

static bool collateral_is_signer(struct collateral_parser *p, const struct certificate *c)
{
	if (!pck_has_role(c, PCK_ROLE_TCB_SIGNING) || c->ca ||
	    (c->key_usage_present && !(c->key_usage & KEY_USAGE_DIGITAL_SIGNATURE)))
		return refuse(p->why, ATTEST_R_tcb_signing_chain, "a certificate \"... SGX TCB Signing\"", "\"%s\"",
			      c->name);
	return true;
}

/*
 * Intel's service answers {"tcbInfo":{...},"signature":"..."}, of which the inner object is signed; caches give that
 * object and the signature apart.
 */
static bool collateral_unwrap(struct collateral_parser *p, const struct collateral_document *d,
			      const struct json **root, uint8_t signature[64])
{
	const struct json *inner = json_member_of(*root, d->inner, JSON_OBJECT);
	const struct json *owner = inner ? *root : p->bundle;
	const struct json *s = json_member_of(owner, inner ? "signature" : d->signature, JSON_STRING);

	if (inner)
		*root = inner;
	if ((*root)->kind != JSON_OBJECT)
		return refuse(p->why, d->malformed, "an object", "%s", json_kind_name((*root)->kind));
	if (!s || !hex_decode(json_inside(s).at, json_inside(s).size, signature, 64))
		return refuse(p->why, d->malformed, "a signature of 128 hex digits", "%s", s ? "another text" : "none");
	return true;
}

static bool collateral_read_document(struct collateral_parser *p, const struct collateral_document *d,
				     struct attest_bytes text, const struct certificate *signer, struct json_reader *r)
{
	struct intel_collateral *c = &p->to->intel;
	const struct json *root = r->values;
	struct text_error error;
	uint8_t signature[64];

	if (text.size == 0 || json_read(r, (const char *)text.at, text.size, &error))
		return refuse(p->why, d->malformed, "JSON", "%u:%u: %s", text.size ? error.line : 0,
			      text.size ? error.column : 0, text.size ? error.message : "nothing");
	if (!collateral_unwrap(p, d, &root, signature))
		return false;
	/* Nobody needs them here, and without them two texts are equal exactly when their bytes are. */
	if (memchr(root->span.at, '\\', root->span.size))
		return refuse(p->why, d->malformed, "strings without escapes", "a backslash");
	if (!signature_holds_raw(p->a, &signer->key, SIGNATURE_ECDSA_SHA256, bytes_of(root->span.at, root->span.size),
				 signature))
		return refuse(p->why, d->bad_signature, signer->name, "a signature by another key or over other bytes");
	if (d->malformed == ATTEST_R_tcb_info_malformed)
		return tcb_info_read(root, &c->tcb_info, &c->advisories, p->why);
	return qe_identity_read(root, &c->qe_identity, &c->advisories, p->why);
}

static bool collateral_document(struct collateral_parser *p, const struct collateral_document *d,
				const struct certificate **signer)
{
	const struct json *v = json_member_of(p->bundle, d->member, JSON_OBJECT);
	struct attest_bytes text = { NULL, 0 };
	struct json_reader r;
	bool good;

	*signer = collateral_chain(p, d->chain, ATTEST_R_tcb_signing_chain);
	if (!*signer || !collateral_is_signer(p, *signer))
		return false;
	if (v)
		text = bytes_of(v->span.at, v->span.size);
	else if (!collateral_text(p, d->member, &text))
		return false;
	r = (struct json_reader){ .capacity = document_values(text.size) };
	r.values = malloc(r.capacity * sizeof(*r.values));
	if (!r.values)
		return refuse(p->why, ATTEST_R_no_memory, NULL, NULL);
	good = collateral_read_document(p, d, text, *signer, &r);
	free(r.values);
	return good;
}

static bool collateral_crl(struct collateral_parser *p, const char *member, struct crl *to)
{
	struct attest_bytes text;
	uint8_t *der;
	long size;

	if (!collateral_text(p, member, &text))
		return false;
	der = arena_take(&p->to->arena, text.size);
	size = der ? crl_decode(text, der, text.size) : -1;
	if (size <= 0 || !crl_read(bytes_of(der, (size_t)size), to))
		return refuse(p->why, ATTEST_R_crl_malformed, "a list in hex, base64 or PEM", "%s, which is none",
			      member);
	return true;
}

static bool collateral_intel(struct collateral_parser *p)
{
	static const struct collateral_document documents[] = {
		{ "tcb_info", "tcb_info_signature", "tcbInfo", "tcb_info_issuer_chain", ATTEST_R_tcb_info_malformed,
		  ATTEST_R_tcb_info_signature },
		{ "qe_identity", "qe_identity_signature", "enclaveIdentity", "qe_identity_issuer_chain",
		  ATTEST_R_qe_identity_malformed, ATTEST_R_qe_identity_signature },
	};
	struct intel_collateral *c = &p->to->intel;

	if (!collateral_document(p, &documents[0], &c->tcb_signing) ||
	    !collateral_document(p, &documents[1], &c->qe_signing))
		return false;
	c->pck_ca = collateral_chain(p, "pck_crl_issuer_chain", ATTEST_R_crl_issuer);
	if (!c->pck_ca || !collateral_crl(p, "pck_crl", &c->pck_crl) || !collateral_crl(p, "root_ca_crl", &c->root_crl))
		return false;
	if (!crl_signed_by(p->a, &c->pck_crl, c->pck_ca, p->why) || !crl_signed_by(p->a, &c->root_crl, c->root, p->why))
		return false;
	p->to->collateral.intel = c;
	return true;
}

/* PEM stays; hex and base64 become DER. */
static bool collateral_certificates(struct collateral_parser *p, const char *member, struct attest_bytes *to)
{
	struct attest_bytes text;
	uint8_t *der;
	long size;

	if (!json_member(p->bundle, member))
		return true;
	if (!collateral_text(p, member, &text))
		return false;
	*to = text_trim(text);
	if (pem_is(text) || memchr(text.at, '%', text.size))
		return true;
	der = arena_take(&p->to->arena, text.size);
	size = der ? hex_text_decode(*to, der, text.size) : -1;
	if (size < 0 && der)
		size = base64_decode(*to, BASE64_STRICT, der, text.size);
	if (size <= 0)
		return collateral_malformed(p, member, "neither PEM, hex nor base64");
	*to = bytes_of(der, (size_t)size);
	return true;
}

static bool collateral_snp(struct collateral_parser *p)
{
	struct attest_collateral *c = &p->to->collateral;

	if (!collateral_certificates(p, "vek", &c->vek) || !collateral_certificates(p, "vek_chain", &c->vek_chain))
		return false;
	c->ark_crl_present = json_member(p->bundle, "ark_crl");
	return !c->ark_crl_present || collateral_crl(p, "ark_crl", &c->ark_crl);
}

/* Which maker's documents are there is said by the members; a bundle may have both. */
static bool collateral_has(const struct json *bundle, const char *const *members, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (json_member(bundle, members[i]))
			return true;
	return false;
}

/* The machine below: a whole bundle under roots of its own. The refusal says what is wrong with which of the two. */
static bool collateral_machine(struct collateral_parser *p)
{
	const struct json *v = json_member(p->bundle, "machine");
	struct attest machines = attest_of_machines(p->a);
	struct attest_refusal why = { 0 };
	struct collateral_memory *m;

	if (!v)
		return true;
	if (p->of_machine || v->kind != JSON_OBJECT)
		return collateral_malformed(p, "one bundle as member machine",
					    p->of_machine ? "a machine below a machine" : json_kind_name(v->kind));
	m = collateral_make(&machines, bytes_of(v->span.at, v->span.size), true, &why);
	if (m)
		p->to->collateral.machine = &m->collateral;
	else if (why.reason == ATTEST_R_no_memory)
		*p->why = why;
	else
		machine_refuse(&why, p->why);
	return m;
}

static bool collateral_read(struct collateral_parser *p)
{
	static const char *const intel[] = { "tcb_info", "qe_identity", "pck_crl", "root_ca_crl" };
	static const char *const snp[] = { "vek", "vek_chain", "ark_crl" };
	bool has_intel = collateral_has(p->bundle, intel, 4), has_snp = collateral_has(p->bundle, snp, 3);

	if (p->bundle->kind != JSON_OBJECT || !(has_intel || has_snp))
		return collateral_malformed(p, "an object with tcb_info or vek", json_kind_name(p->bundle->kind));
	return (!has_intel || collateral_intel(p)) && (!has_snp || collateral_snp(p)) && collateral_machine(p);
}

static bool collateral_parse(const struct attest *a, struct attest_bytes json, bool of_machine,
			     struct collateral_memory *to, struct attest_refusal *why)
{
	struct json_reader r = { .capacity = document_values(json.size) };
	struct collateral_parser *p = malloc(sizeof(*p));
	struct text_error error;
	bool good;

	r.values = malloc(r.capacity * sizeof(*r.values));
	if (!p || !r.values)
		good = refuse(why, ATTEST_R_no_memory, NULL, NULL);
	else if (json_read(&r, (const char *)json.at, json.size, &error))
		good = refuse(why, ATTEST_R_collateral_malformed, "JSON", "%u:%u: %s", error.line, error.column,
			      error.message);
	else {
		p->a = a;
		p->to = to;
		p->why = why;
		p->bundle = r.values;
		p->of_machine = of_machine;
		good = collateral_read(p);
	}
	free(r.values);
	free(p);
	return good;
}

/* NULL with the refusal. */
static struct collateral_memory *collateral_make(const struct attest *a, struct attest_bytes json, bool of_machine,
						 struct attest_refusal *why)
{
	/* Each text is written once without escapes, and once more as DER; with room for alignment. */
	size_t arena = 2 * json.size + 512;
	struct collateral_memory *m = malloc(sizeof(*m) + arena);

	if (!m) {
		(void)refuse(why, ATTEST_R_no_memory, NULL, NULL);
		return NULL;
	}
	memset(m, 0, sizeof(*m));
	m->arena = (struct arena){ .at = (uint8_t *)(m + 1), .size = arena };
	if (collateral_parse(a, json, of_machine, m, why))
		return m;
	attest_collateral_free(&m->collateral);
	return NULL;
}

int attest_collateral_parse(struct attest *a, const void *json, size_t size, struct attest_collateral **to,
			    struct attest_refusal *why)
{
	struct collateral_memory *m;

	*to = NULL;
	memset(why, 0, sizeof(*why));
	if (size == 0 || size > ATTEST_COLLATERAL_MAX)
		return refuse(why, ATTEST_R_collateral_malformed, "1 byte to 1 MiB", "%zu bytes", size), -EINVAL;
	m = collateral_make(a, bytes_of(json, size), false, why);
	if (!m)
		return why->reason == ATTEST_R_no_memory ? -ENOMEM : -EINVAL;
	*to = &m->collateral;
	return 0;
}

void attest_collateral_free(struct attest_collateral *c)
{
	if (c)
		free(c->machine);
	free(c);
}
