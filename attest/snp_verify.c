/*
 * A SNP report's way to AMD's root (AMD 57230, 56860 "Attestation"): ARK -> ASK or ASVK -> VCEK or VLEK -> report, in
 * the order of reason.def.
 */
#include "attest/evidence.h"
#include "attest/snp.h"
#include "base/text.h"

#include <string.h>

struct snp_chain {
	struct certificates all; /* VEK first */
	const struct certificate *vek, *ask, *ark;
	const struct attest_root *root;
	struct snp_vek says;
};

struct snp_documents {
	struct attest_bytes vek, chain[2];
};

static void snp_documents_add(const struct snp_table *table, bool vlek, struct snp_documents *to)
{
	if (!to->vek.size)
		to->vek = vlek ? table->vlek : table->vcek;
	if (!to->chain[0].size && table->ask.size) {
		to->chain[0] = table->ask;
		to->chain[1] = table->ark;
	}
}

/* What the caller gives goes before what the host put behind the report, and that before the bundle. */
static void snp_documents_find(const struct attest_request *r, struct attest_bytes report, bool vlek,
			       struct snp_documents *to)
{
	const size_t size = sizeof(struct snp_report);
	struct snp_table table;

	*to = (struct snp_documents){ .chain = { r->chain } };
	if (snp_table_read(r->vek, &table))
		snp_documents_add(&table, vlek, to);
	else
		to->vek = r->vek;
	if (snp_table_read(bytes_of(report.at + size, report.size - size), &table))
		snp_documents_add(&table, vlek, to);
	if (!to->vek.size && r->collateral)
		to->vek = r->collateral->vek;
	if (!to->chain[0].size && r->collateral)
		to->chain[0] = r->collateral->vek_chain;
}

static const struct certificate *snp_issuer_of(const struct snp_chain *c, const struct certificate *of)
{
	for (size_t i = 0; of && i < c->all.count; i++)
		if (bytes_equal(c->all.at[i].subject, of->issuer) && &c->all.at[i] != of)
			return &c->all.at[i];
	return NULL;
}

static bool snp_chain_read(const struct snp_documents *d, struct snp_chain *c, struct attest_refusal *why)
{
	c->all.count = c->all.used = 0;
	if (!d->vek.size)
		return refuse(why, ATTEST_R_vek_missing,
			      "a VCEK or VLEK behind the report, in the collateral or given with it", "none");
	if (!certificates_read(d->vek, &c->all) || !c->all.count)
		return refuse(why, ATTEST_R_certificate_malformed, "a VCEK or VLEK certificate", "%zu other bytes",
			      d->vek.size);
	for (size_t i = 0; i < 2; i++)
		if (d->chain[i].size && !certificates_read(d->chain[i], &c->all))
			return refuse(why, ATTEST_R_certificate_malformed, "certificates of ASK and ARK",
				      "%zu other bytes", d->chain[i].size);
	c->vek = &c->all.at[0];
	c->ask = snp_issuer_of(c, c->vek);
	c->ark = snp_issuer_of(c, c->ask);
	if (c->vek->key.kind != KEY_P384)
		return refuse(why, ATTEST_R_certificate_malformed, "a VCEK or VLEK with a P-384 key",
			      "another key in the certificate of \"%s\"", c->vek->name);
	if (!c->ask || !c->ark)
		return refuse(why, ATTEST_R_vek_chain_missing, "the certificates of ASK or ASVK, and of ARK",
			      c->ask ? "no certificate of the root" : "no certificate of the issuer of \"%s\"",
			      c->vek->name);
	return true;
}

/* The list is the ARK's, which names ASKs, or an ASK's own. */
static bool snp_crl_signed(const struct attest *a, const struct attest_collateral *from, const struct snp_chain *c,
			   struct attest_refusal *why)
{
	if (!from || !from->ark_crl_present)
		return true;
	return crl_signed_by(a, &from->ark_crl, bytes_equal(from->ark_crl.issuer, c->ask->subject) ? c->ask : c->ark,
			     why);
}

/* AMD signs with RSA-4096 only: RSAPublicKey of a 512-byte modulus. */
static bool snp_signs(const struct attest *a, const struct certificate *issuer, const struct certificate *c,
		      struct attest_refusal *why)
{
	struct der outer = der_of(issuer->key.bits), inner;
	size_t modulus;

	inner = der_of(der_take(&outer, DER_SEQUENCE));
	modulus = der_take(&inner, DER_INTEGER).size;
	if (issuer->key.kind != KEY_RSA || inner.failed || (modulus != 513 && modulus != 512) ||
	    c->algorithm != SIGNATURE_RSA_PSS_SHA384)
		return refuse(why, ATTEST_R_chain_signature, "RSA-4096 PSS with SHA-384",
			      "another algorithm between \"%s\" and \"%s\"", issuer->name, c->name);
	if (!certificate_signed_by(a, c, issuer))
		return refuse(why, ATTEST_R_chain_signature, "a certificate signed by its issuer",
			      "\"%s\" was not signed by the key of \"%s\"", c->name, issuer->name);
	return true;
}

/* Not yet valid goes before expired, whichever certificate it is. */
static bool snp_chain_valid_at(const struct snp_chain *c, int64_t now, struct attest_verdict *v)
{
	const struct certificate *const chain[] = { c->ark, c->ask, c->vek };
	struct attest_refusal first = { 0 }, why = { 0 };

	for (size_t i = 0; i < 3; i++)
		if (!certificate_valid_at(chain[i], now, &v->collateral_until, &why) &&
		    (first.reason == ATTEST_OK || why.reason < first.reason))
			first = why;
	if (first.reason == ATTEST_OK)
		return true;
	v->refusal = first;
	return false;
}

static bool snp_chain_check(const struct attest *a, const struct attest_request *r, struct snp_chain *c,
			    struct attest_verdict *v)
{
	const struct attest_collateral *from = r->collateral;

	if (!snp_crl_signed(a, from, c, &v->refusal))
		return false;
	c->root = root_find(a, c->ark);
	if (!c->root)
		return refuse(&v->refusal, ATTEST_R_root_not_trusted, "a root key of AMD's, or one that is named",
			      "the key of \"%s\"", c->ark->name);
	return snp_signs(a, c->ark, c->ark, &v->refusal) && snp_signs(a, c->ark, c->ask, &v->refusal) &&
	       snp_signs(a, c->ask, c->vek, &v->refusal) && snp_chain_valid_at(c, r->now, v) &&
	       (!from || !from->ark_crl_present ||
		crl_valid_at(&from->ark_crl, r->now, &v->collateral_until, &v->refusal));
}

/* The report says which kind of key signed it; the certificate's subject and issuer say which kind it is for. */
static bool snp_vek_kind(const struct snp_chain *c, const struct attest_snp *s, struct attest_refusal *why)
{
	static const char *const names[] = { "SEV-VCEK", "SEV-VLEK" };
	uint32_t key = SNP_SIGNING_KEY(s->flags);
	bool asvk = strncmp(c->ask->name, "SEV-VLEK-", 9) == 0;

	if (key > SNP_SIGNED_BY_VLEK)
		return refuse(why, ATTEST_R_vek_kind, "a report signed by VCEK or VLEK", "signing key %u", key);
	if (strcmp(c->vek->name, names[key]) || asvk != (key == SNP_SIGNED_BY_VLEK))
		return refuse(why, ATTEST_R_vek_kind, names[key], "a certificate of \"%s\", issued by \"%s\"",
			      c->vek->name, c->ask->name);
	return true;
}

static bool snp_vek_product(const struct snp_report *raw, const struct snp_chain *c, struct attest_snp *s,
			    struct attest_refusal *why)
{
	const char *issuer = c->ask->name + (s->vlek ? strlen("SEV-VLEK-") : strlen("SEV-"));
	const char *name = snp_product_name(c->says.product);

	/* The name begins with SEV-VLEK- when vlek is set, and is as long; without it, it may be anything. */
	if (strncmp(c->ask->name, "SEV-", 4) || strcmp(issuer, name))
		return refuse(why, ATTEST_R_vek_product, name, "an issuer called \"%s\"", c->ask->name);
	if (raw->version >= 3 && s->product != c->says.product)
		return refuse(why, ATTEST_R_vek_product, snp_product_name(s->product), "a certificate for %s", name);
	snp_report_set_product(raw, c->says.product, s);
	return true;
}

static bool snp_vek_chip(const struct snp_chain *c, const struct attest_snp *s, struct attest_refusal *why)
{
	uint8_t chip[sizeof(s->chip_id)] = { 0 };
	char ours[17], theirs[17], expected[64];
	struct text t;

	/* The host's owner may have masked it (MASK_CHIP_ID): then it is zeros. A VLEK is no chip's. */
	if (s->vlek || memcmp(chip, s->chip_id, sizeof(chip)) == 0)
		return true;
	memcpy(chip, c->says.chip.at, c->says.chip.size);
	if (memcmp(chip, s->chip_id, sizeof(chip)) == 0)
		return true;
	hex_encode(s->chip_id, 8, ours);
	hex_encode(chip, 8, theirs);
	text_init(&t, expected, sizeof(expected));
	text_put(&t, "a certificate for chip ");
	text_put(&t, ours);
	text_put(&t, "...");
	return refuse(why, ATTEST_R_vek_chip, expected, "one for chip %s...", theirs);
}

/* The wrong TCB was asked for: say which would have been right. */
static bool snp_vek_tcb(const struct snp_report *raw, const struct snp_chain *c, const struct attest_snp *s,
			struct attest_refusal *why)
{
	struct attest_snp_tcb tcb = snp_tcb_of(c->says.product, c->says.tcb);
	char expected[128], found[128];

	if (memcmp(c->says.tcb, raw->reported_tcb, SNP_TCB_SIZE) == 0)
		return true;
	snp_tcb_text(&s->reported, expected, sizeof(expected));
	snp_tcb_text(&tcb, found, sizeof(found));
	return refuse(why, ATTEST_R_vek_tcb, expected, "%s%s", found,
		      memcmp(c->says.tcb, raw->current_tcb, SNP_TCB_SIZE) == 0 ?
			      ", which is the current TCB and not the reported one" : "");
}

static bool snp_not_revoked(const struct attest_request *r, const struct snp_chain *c, struct attest_snp *s,
			    struct attest_refusal *why)
{
	const struct attest_collateral *from = r->collateral;
	char day[32];

	if (!from || !from->ark_crl_present)
		return true;
	if (bytes_equal(from->ark_crl.issuer, c->ask->subject)) {
		/* Serials count within one issuer: this list is about VEKs, and says nothing of ASKs. */
		if (!crl_has(&from->ark_crl, c->vek->serial))
			return true;
		return refuse(why, ATTEST_R_vek_revoked, NULL, "\"%s\" in the list of \"%s\" of %.10s", c->vek->name,
			      c->ask->name, attest_moment_text(from->ark_crl.this_update, day));
	}
	s->crl_checked = true;
	if (!crl_has(&from->ark_crl, c->ask->serial))
		return true;
	return refuse(why, ATTEST_R_ask_revoked, NULL, "\"%s\" in the list of \"%s\" of %.10s", c->ask->name,
		      c->ark->name, attest_moment_text(from->ark_crl.this_update, day));
}

/* r and s lie little-endian in 72 bytes each. */
static bool snp_signature_holds(const struct attest *a, const struct snp_report *raw, const struct certificate *vek,
				struct attest_refusal *why)
{
	uint8_t rs[96];

	for (size_t i = 0; i < 48; i++) {
		rs[i] = raw->signature_r[47 - i];
		rs[48 + i] = raw->signature_s[47 - i];
	}
	if (signature_holds_raw(a, &vek->key, SIGNATURE_ECDSA_SHA384, bytes_of(raw, SNP_REPORT_SIGNED), rs))
		return true;
	return refuse(why, ATTEST_R_snp_signature, "a report signed by the key in the certificate",
		      "a changed report, or another chip's or TCB's certificate");
}

bool snp_verify(const struct attest *a, struct attest_bytes report, const struct attest_request *r,
		struct attest_verdict *v)
{
	const struct snp_report *raw = (const struct snp_report *)report.at;
	struct attest_snp *s = &v->claims.snp;
	struct attest_refusal *why = &v->refusal;
	struct snp_documents documents;
	struct snp_chain c;

	v->tee = ATTEST_SNP;
	v->format = ATTEST_SNP_REPORT;
	if (!snp_report_read(report, s, why))
		return false;
	snp_documents_find(r, report, s->vlek, &documents);
	if (!snp_chain_read(&documents, &c, why) || !snp_chain_check(a, r, &c, v) || !snp_vek_kind(&c, s, why) ||
	    !snp_vek_read(c.vek, s->vlek, &c.says, why) || !snp_vek_product(raw, &c, s, why) ||
	    !snp_vek_chip(&c, s, why) || !snp_vek_tcb(raw, &c, s, why) || !snp_not_revoked(r, &c, s, why) ||
	    !snp_signature_holds(a, raw, c.vek, why))
		return false;
	root_note(c.root, v);
	v->genuine = true;
	return true;
}
