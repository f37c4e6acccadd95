/* The checks on a quote, in the order of reason.def. */
#include "attest/collateral.h"
#include "attest/machine.h"
#include "attest/pck.h"
#include "attest/quote.h"
#include "attest/tcb.h"

struct quote_check {
	const struct attest *a;
	const struct intel_collateral *c;
	const struct quote *q;
	struct attest_verdict *v;
	struct pck_chain chain;
	struct tcb_match match;
	int64_t now;
};

static struct attest_refusal *quote_why(struct quote_check *k)
{
	return &k->v->refusal;
}

/* One that the collateral has is not checked again. */
static bool quote_is_signed(struct quote_check *k, const struct certificate *c, const struct certificate *issuer)
{
	if (collateral_knows(k->c, c) || certificate_signed_by(k->a, c, issuer))
		return true;
	return refuse(quote_why(k), ATTEST_R_chain_signature, issuer->name, "\"%s\", which it did not sign", c->name);
}

/* The chain is inside the quote, or comes with the request where a quote only names its platform (types 1 to 3). */
static bool quote_check_chain(struct quote_check *k, struct attest_bytes beside, struct certificates *certificates)
{
	struct attest_bytes chain = k->q->chain.size ? k->q->chain : beside;
	const struct attest_root *root;

	if (!chain.size)
		return refuse(quote_why(k), ATTEST_R_certification_data_unsupported, "type 5, a PCK certificate chain",
			      "type %u", k->q->certification);
	certificates->count = certificates->used = 0;
	if (!certificates_read(chain, certificates))
		return refuse(quote_why(k), ATTEST_R_pck_chain_incomplete, "three certificates in PEM",
			      "%zu that can be read", certificates->count);
	if (!pck_sort(certificates, &k->chain, quote_why(k)))
		return false;
	root = root_find(k->a, k->chain.root);
	if (!root)
		return refuse(quote_why(k), ATTEST_R_root_not_trusted, NULL, "\"%s\"", k->chain.root->name);
	root_note(root, k->v);
	return quote_is_signed(k, k->chain.root, k->chain.root) && quote_is_signed(k, k->chain.ca, k->chain.root) &&
	       quote_is_signed(k, k->chain.leaf, k->chain.ca);
}

static bool quote_check_dates(struct quote_check *k)
{
	const struct certificate *all[] = { k->chain.leaf,    k->chain.ca,  k->chain.root, k->c->tcb_signing,
					    k->c->qe_signing, k->c->pck_ca, k->c->root };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!certificate_valid_at(all[i], k->now, &k->v->collateral_until, quote_why(k)))
			return false;
	return true;
}

/* The lists are of the CA (name and key) and the root key of this PCK certificate. */
static bool quote_check_crls(struct quote_check *k)
{
	const struct intel_collateral *c = k->c;
	char day[32];

	if (!bytes_equal(k->chain.ca->subject, c->pck_crl.issuer) ||
	    !bytes_equal(k->chain.ca->key.spki, c->pck_ca->key.spki) ||
	    !bytes_equal(k->chain.root->key.spki, c->root->key.spki))
		return refuse(quote_why(k), ATTEST_R_crl_of_another_ca, k->chain.ca->name, "\"%s\"", c->pck_ca->name);
	if (!crl_valid_at(&c->root_crl, k->now, &k->v->collateral_until, quote_why(k)) ||
	    !crl_valid_at(&c->pck_crl, k->now, &k->v->collateral_until, quote_why(k)))
		return false;
	if (crl_has(&c->root_crl, k->chain.ca->serial))
		return refuse(quote_why(k), ATTEST_R_ca_revoked, NULL, "the root's list of %s",
			      attest_moment_text(c->root_crl.this_update, day));
	if (crl_has(&c->root_crl, c->tcb_signing->serial) || crl_has(&c->root_crl, c->qe_signing->serial))
		return refuse(quote_why(k), ATTEST_R_tcb_signing_revoked, NULL, "the root's list of %s",
			      attest_moment_text(c->root_crl.this_update, day));
	if (crl_has(&c->pck_crl, k->chain.leaf->serial))
		return refuse(quote_why(k), ATTEST_R_pck_revoked, NULL, "the list of \"%s\" of %s", k->chain.ca->name,
			      attest_moment_text(c->pck_crl.this_update, day));
	return true;
}

static bool quote_check_moment(struct quote_check *k, const struct document_dates *d, enum attest_reason early,
			       enum attest_reason late)
{
	char today[32], limit[32];

	if (k->now < d->issued)
		return refuse(quote_why(k), early, attest_moment_text(k->now, today), "one of %s",
			      attest_moment_text(d->issued, limit));
	if (k->now > d->next_update)
		return refuse(quote_why(k), late, attest_moment_text(k->now, today), "one until %s",
			      attest_moment_text(d->next_update, limit));
	if (d->next_update < k->v->collateral_until)
		k->v->collateral_until = d->next_update;
	return true;
}

static bool quote_check_documents(struct quote_check *k)
{
	const struct tcb_info *info = &k->c->tcb_info;
	const struct attest_platform *p = &k->v->claims.platform;
	char expected[16], found[16];

	if (!quote_check_moment(k, &info->dates, ATTEST_R_tcb_info_not_yet_valid, ATTEST_R_tcb_info_expired) ||
	    !quote_check_moment(k, &k->c->qe_identity.dates, ATTEST_R_qe_identity_not_yet_valid,
				ATTEST_R_qe_identity_expired))
		return false;
	if (info->tee != k->q->tee)
		return refuse(quote_why(k), ATTEST_R_tcb_info_technology, k->q->tee == ATTEST_TDX ? "TDX" : "SGX", "%s",
			      info->tee == ATTEST_TDX ? "TDX" : "SGX");
	if (k->c->qe_identity.tee != k->q->tee)
		return refuse(quote_why(k), ATTEST_R_qe_identity_technology, k->q->tee == ATTEST_TDX ? "TD_QE" : "QE",
			      "another");
	hex_encode(p->fmspc, sizeof(p->fmspc), expected);
	hex_encode(info->fmspc, sizeof(info->fmspc), found);
	if (memcmp(p->fmspc, info->fmspc, sizeof(p->fmspc)))
		return refuse(quote_why(k), ATTEST_R_fmspc_mismatch, expected, "%s", found);
	hex_encode(p->pce_id, sizeof(p->pce_id), expected);
	hex_encode(info->pce_id, sizeof(info->pce_id), found);
	if (!info->pce_id_known || memcmp(p->pce_id, info->pce_id, sizeof(p->pce_id)))
		return refuse(quote_why(k), ATTEST_R_pce_id_mismatch, expected, "%s",
			      info->pce_id_known ? found : "none");
	return true;
}

static bool quote_check_module(struct quote_check *k)
{
	const struct attest_tdx *td = &k->v->claims.tdx;
	const struct tdx_module *m = tdx_module_find(&k->c->tcb_info, td->tee_tcb_svn[1]);
	uint8_t attributes[8];

	if (!m)
		return refuse(quote_why(k), ATTEST_R_tdx_module_unknown, NULL, "TDX_%02X", td->tee_tcb_svn[1]);
	if (memcmp(m->mrsigner, td->mrsignerseam, sizeof(m->mrsigner)))
		return refuse(quote_why(k), ATTEST_R_tdx_module_signer, NULL, NULL);
	memcpy(attributes, &td->seam_attributes, sizeof(attributes));
	for (size_t i = 0; i < sizeof(attributes); i++)
		if ((attributes[i] & m->attributes_mask[i]) != m->attributes[i])
			return refuse(quote_why(k), ATTEST_R_tdx_module_attributes, NULL, "0x%llx",
				      (unsigned long long)td->seam_attributes);
	k->match.tdx_module = m;
	if (m->version)
		k->match.module = isv_levels_match(&m->levels, td->tee_tcb_svn[0]);
	return true;
}

/* The PCK key vouches for the QE's report, and the report for the attestation key. */
static bool quote_check_qe_report(struct quote_check *k)
{
	const struct quote *q = k->q;
	struct attest_bytes report = bytes_of(q->qe_report, sizeof(struct sgx_report_body));
	uint8_t expected[64] = { 0 };

	if (k->chain.leaf->key.kind != KEY_P256 ||
	    !signature_holds_raw(k->a, &k->chain.leaf->key, SIGNATURE_ECDSA_SHA256, report, q->qe_signature))
		return refuse(quote_why(k), ATTEST_R_qe_report_signature, NULL, NULL);
	attest_sha256_pair(k->a, bytes_of(q->key, 64), q->authentication, expected);
	if (memcmp(expected, q->qe_report + offsetof(struct sgx_report_body, report_data), sizeof(expected)))
		return refuse(quote_why(k), ATTEST_R_qe_report_data, NULL, NULL);
	return true;
}

static bool quote_check_qe_identity(struct quote_check *k)
{
	const struct qe_identity *id = &k->c->qe_identity;
	const uint8_t *attributes = k->q->qe_report + offsetof(struct sgx_report_body, attributes);
	struct attest_sgx qe;

	quote_sgx_body(k->q->qe_report, &qe);
	if ((qe.misc_select & id->misc_select_mask) != id->misc_select)
		return refuse(quote_why(k), ATTEST_R_qe_misc_select, NULL, "0x%x", qe.misc_select);
	for (size_t i = 0; i < sizeof(id->attributes); i++)
		if ((attributes[i] & id->attributes_mask[i]) != id->attributes[i])
			return refuse(quote_why(k), ATTEST_R_qe_attributes, NULL, "0x%llx",
				      (unsigned long long)qe.attributes);
	if (memcmp(qe.mrsigner, id->mrsigner, sizeof(qe.mrsigner)))
		return refuse(quote_why(k), ATTEST_R_qe_mrsigner, NULL, NULL);
	if (qe.isv_prod_id != id->isv_prod_id)
		return refuse(quote_why(k), ATTEST_R_qe_product, NULL, "%u", qe.isv_prod_id);
	k->match.qe = isv_levels_match(&id->levels, qe.isv_svn);
	return true;
}

static bool quote_check_signature(struct quote_check *k)
{
	struct public_key key = public_key_of_point(KEY_P256, k->q->key);

	if (!signature_holds_raw(k->a, &key, SIGNATURE_ECDSA_SHA256, k->q->signed_part, k->q->signature))
		return refuse(quote_why(k), ATTEST_R_quote_signature, NULL, NULL);
	return true;
}

/*
 * An operator's platform may say which machine it runs in. The makers' quoting enclaves say nothing there, so under
 * their roots the same bytes are what they are, random.
 */
static bool quote_check_machine(struct quote_check *k, const struct attest_request *r)
{
	struct machine_layer layer = { .authentication = k->q->authentication, .key = k->q->key,
				       .ca = &k->chain.ca->key };

	if (k->v->assurance != ATTEST_SOFTWARE || k->q->tee != ATTEST_SGX || !machine_is_named(layer.authentication))
		return true;
	return machine_verify(k->a, &layer, r, k->v);
}

/* Without collateral: say at least which platform it has to be for. Nothing of this is checked. */
static void quote_lacks_collateral(const struct quote *q, struct attest_bytes beside, struct certificates *certificates,
				  struct attest_verdict *v)
{
	const struct attest_platform *p = &v->claims.platform;
	struct attest_refusal ignored;
	struct pck_chain chain;
	char fmspc[2 * sizeof(p->fmspc) + 1];

	certificates->count = certificates->used = 0;
	if (certificates_read(q->chain.size ? q->chain : beside, certificates) &&
	    pck_sort(certificates, &chain, &ignored))
		(void)pck_platform(chain.leaf, &v->claims.platform, &ignored);
	hex_encode(p->fmspc, sizeof(p->fmspc), fmspc);
	(void)refuse(&v->refusal, ATTEST_R_collateral_missing, "TCB info, QE identity and CRLs", "none for %s%s%s",
		     v->tee == ATTEST_TDX ? "TDX" : "SGX", p->known ? ", FMSPC " : "", p->known ? fmspc : "");
}

bool quote_verify(const struct attest *a, struct attest_bytes quote, const struct attest_request *r,
		  struct attest_verdict *v)
{
	struct quote q;
	struct quote_check k = { .a = a, .q = &q, .v = v, .now = r->now };
	struct certificates certificates;
	const struct attest_tdx *td;

	if (!quote_read(quote, &q, &v->refusal))
		return false;
	quote_claims(&q, v);
	if (!r->collateral || !r->collateral->intel) {
		quote_lacks_collateral(&q, r->chain, &certificates, v);
		return false;
	}
	k.c = r->collateral->intel;
	td = q.tee == ATTEST_TDX ? &v->claims.tdx : NULL;
	v->collateral_until = INT64_MAX;
	v->tcb_evaluation_number = k.c->tcb_info.dates.evaluation_number;
	v->qe_evaluation_number = k.c->qe_identity.dates.evaluation_number;
	if (!quote_check_chain(&k, r->chain, &certificates) || !quote_check_dates(&k) ||
	    !pck_platform(k.chain.leaf, &v->claims.platform, &v->refusal) || !quote_check_crls(&k) ||
	    !quote_check_documents(&k) || (td && !quote_check_module(&k)) || !quote_check_qe_report(&k) ||
	    !quote_check_qe_identity(&k) || !quote_check_signature(&k) || !quote_check_machine(&k, r))
		return false;
	tcb_match_platform(&k.c->tcb_info, &v->claims.platform, td, &k.match);
	v->genuine = true;
	tcb_conclude(k.c, &k.match, td, v);
	return true;
}
