/* Every reason that forged evidence can provoke, one change each to evidence that is genuine without it. */
#include "tests/unit/attest_forged/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BAD_HEX "\"0000000000000000000000000000000000000000000000000000000000000000"

/* ---- The quote's bytes ---- */

static void cut(uint8_t *quote, size_t *size)
{
	(void)quote;
	*size -= 1000;
}

static void extend(uint8_t *quote, size_t *size)
{
	quote[(*size)++] = 1;
}

static void set_version(uint8_t *quote, size_t *size)
{
	(void)size;
	quote[0] = 6;
}

static void flip_body(uint8_t *quote, size_t *size)
{
	(void)size;
	quote[48 + 200] ^= 1;
}

static void flip_key(uint8_t *quote, size_t *size)
{
	(void)size;
	quote[48 + 384 + 4 + 64] ^= 1;
}

/* Of v3: the length of the authentication data. */
static void grow_authentication(uint8_t *quote, size_t *size)
{
	(void)size;
	quote[48 + 384 + 4 + 128 + 448 + 1] = 0xff;
}

static void break_pem(uint8_t *quote, size_t *size)
{
	(void)size;
	quote[48 + 384 + 4 + 128 + 448 + 2 + 32 + 6 + 200] = '!';
}

/* ---- One row for each way to be wrong ---- */

struct row {
	enum attest_reason reason;
	enum forge_kind kind;
	const char *how;
	void (*change)(struct forge_order *o);
};

#define CHANGE(name, ...) \
	static void name(struct forge_order *o) \
	{ \
		__VA_ARGS__ \
	}

CHANGE(quote_cut, o->edit_quote = cut;)
CHANGE(quote_extended, o->edit_quote = extend;)
CHANGE(quote_version, o->edit_quote = set_version;)
CHANGE(tee_type, o->tee_type = 0x82;)
CHANGE(sgx_as_tdx, o->tee_type = QUOTE_TEE_TDX;)
CHANGE(body_type, o->body_type = 4;)
CHANGE(body_size, o->body_size = 383;)
CHANGE(key_type, o->key_type = QUOTE_KEY_P384;)
CHANGE(qe_vendor, o->qe_vendor[0] ^= 1;)
CHANGE(authentication, o->edit_quote = grow_authentication;)
CHANGE(certification, o->certification = 3;)

CHANGE(no_tcb_info, o->bundle_edits[0] = (struct forge_edit){ "\"tcb_info\"", "\"tcb_unfo\"", false };)
CHANGE(bundle_cut, o->bundle_edits[0] = (struct forge_edit){ "\"qe_identity_signature\"", "}", false };)
CHANGE(tcb_level_without_date, o->tcb_edits[0] = (struct forge_edit){ "\"tcbDate\"", "\"tcbDatum\"", false };)
CHANGE(tcb_level_status, o->tcb_edits[0] = (struct forge_edit){ "\"UpToDate\"", "\"Perfect\"", false };)
CHANGE(tcb_level_svn, o->tcb_edits[0] = (struct forge_edit){ "\"svn\":5", "\"svn\":-5", false };)
CHANGE(tcb_level_components, o->tcb_edits[0] = (struct forge_edit){ "{\"svn\":5},", "", false };)
CHANGE(tcb_twice, o->tcb_edits[0] = (struct forge_edit){ "\"tcbType\":0", "\"tcbType\":0,\"tcbType\":0", false };)
CHANGE(tcb_dates,
	o->tcb_edits[0] = (struct forge_edit){ "\"issueDate\":\"2026-05-01", "\"issueDate\":\"2026-13-01", false };)
CHANGE(tcb_version, o->tcb_edits[0] = (struct forge_edit){ "\"version\":3", "\"version\":4", false };)
CHANGE(qe_mrsigner_short, o->qe_edits[0] = (struct forge_edit){ "\"2222", "\"22", false };)
CHANGE(qe_without_levels, o->qe_edits[0] = (struct forge_edit){ "\"tcbLevels\"", "\"levels\"", false };)
CHANGE(qe_version, o->identity.version = 9;)
CHANGE(crl_not_der, o->bundle_edits[0] = (struct forge_edit){ "\"root_ca_crl\": \"", "31", true };)
CHANGE(crl_pck_not_der, o->bundle_edits[0] = (struct forge_edit){ "\"pck_crl\": \"", "zz", true };)
CHANGE(tcb_signing_forged, o->certificates[FORGE_TCB_SIGNING].signer = FORGE_OTHER;)
CHANGE(tcb_signing_by_pck_ca, o->certificates[FORGE_TCB_SIGNING].signer = FORGE_PCK_CA;)
CHANGE(tcb_signing_name, o->certificates[FORGE_TCB_SIGNING].name = "Intel SGX PCK Certificate";)
CHANGE(documents_by_other, o->document_signer = FORGE_OTHER;)
CHANGE(documents_by_pck, o->document_signer = FORGE_PCK;)
CHANGE(tcb_signature, o->bundle_edits[0] = (struct forge_edit){ "\"tcb_info_signature\": ", BAD_HEX, true };)
CHANGE(tcb_changed, o->bundle_edits[0] = (struct forge_edit){ "pcesvn\\\":10", "pcesvn\\\":09", false };)
CHANGE(tcb_changed_well, o->bundle_edits[0] = (struct forge_edit){ "pcesvn\\\":10", "pcesvn\\\":11", false };)
CHANGE(tcb_space, o->bundle_edits[0] = (struct forge_edit){ "tcbType\\\":0", "tcbType\\\": 0", false };)
CHANGE(qe_signature, o->bundle_edits[0] = (struct forge_edit){ "\"qe_identity_signature\": ", BAD_HEX, true };)
CHANGE(qe_changed, o->bundle_edits[0] = (struct forge_edit){ "isvprodid\\\":1", "isvprodid\\\":2", false };)
CHANGE(pck_crl_by_root, o->pck_list.issuer = o->pck_list.signer = FORGE_ROOT;)
CHANGE(root_crl_by_pck_ca, o->root_list.issuer = o->root_list.signer = FORGE_PCK_CA;)
CHANGE(pck_crl_forged, o->pck_list.signer = FORGE_OTHER;)
CHANGE(root_crl_forged, o->root_list.signer = FORGE_OTHER;)

CHANGE(chain_without_ca, o->no_ca = true;)
CHANGE(chain_pem, o->edit_quote = break_pem;)
CHANGE(chain_leaf_name, o->certificates[FORGE_PCK].name = "Intel SGX Certificate";)
CHANGE(chain_ca_name, o->certificates[FORGE_PCK_CA].name = "Intel SGX Middle CA";)
CHANGE(leaf_forged, o->certificates[FORGE_PCK].signer = FORGE_OTHER;)
CHANGE(leaf_by_root, o->certificates[FORGE_PCK].signer = FORGE_ROOT;)
CHANGE(leaf_by_tcb_signing, o->certificates[FORGE_PCK].signer = FORGE_TCB_SIGNING;)
CHANGE(leaf_early, o->certificates[FORGE_PCK].from = o->now + 1;)
CHANGE(ca_early, o->certificates[FORGE_PCK_CA].from = o->now + 1;)
CHANGE(tcb_signing_early, o->certificates[FORGE_TCB_SIGNING].from = o->now + 1;)
CHANGE(root_early, o->certificates[FORGE_ROOT].from = o->now + 1;)
CHANGE(leaf_late, o->certificates[FORGE_PCK].until = o->now - 1;)
CHANGE(ca_late, o->certificates[FORGE_PCK_CA].until = o->now - 1;)
CHANGE(tcb_signing_late, o->certificates[FORGE_TCB_SIGNING].until = o->now - 1;)
CHANGE(root_late, o->certificates[FORGE_ROOT].until = o->now - 1;)
CHANGE(no_extension, o->no_extension = true;)
CHANGE(root_crl_early, o->root_list.from = o->now + 1;)
CHANGE(pck_crl_early, o->pck_list.from = o->now + 1;)
CHANGE(root_crl_late, o->root_list.until = o->now - 1;)
CHANGE(pck_crl_late, o->pck_list.until = o->now - 1;)
CHANGE(ca_is_revoked, o->certificates[FORGE_PCK_CA].revoked = true;)
CHANGE(tcb_signing_is_revoked, o->certificates[FORGE_TCB_SIGNING].revoked = true;)
CHANGE(pck_is_revoked, o->certificates[FORGE_PCK].revoked = true;)

CHANGE(tcb_info_early, o->tcb.issued = o->now + 1;)
CHANGE(tcb_info_late, o->tcb.next = o->now - 1;)
CHANGE(qe_identity_early, o->identity.issued = o->now + 1;)
CHANGE(qe_identity_late, o->identity.next = o->now - 1;)
CHANGE(tcb_info_of_tdx, o->tcb.tdx = true; o->tcb.module_count = 0;)
CHANGE(tcb_info_of_sgx, o->tcb.tdx = false;)
CHANGE(qe_of_tdx, o->identity.id = "TD_QE";)
CHANGE(qe_of_sgx, o->identity.id = "QE";)
CHANGE(fmspc, o->pck.fmspc[5] ^= 1;)
CHANGE(pce_id, o->pck.pce_id[0] ^= 1;)
CHANGE(module_unknown, o->td.body.tee_tcb_svn[1] = 2;)
CHANGE(module_signer, o->td.body.mrsignerseam[47] = 1;)
CHANGE(module_attributes, o->td.body.seam_attributes = 1;)
CHANGE(module_level, o->td.body.tee_tcb_svn[0] = 2;)
CHANGE(first_module_signer, o->td.body.tee_tcb_svn[1] = 0; o->td.body.mrsignerseam[0] = 1;)

CHANGE(qe_report_forged, o->qe_report_signer = FORGE_OTHER;)
CHANGE(qe_report_by_attestation_key, o->qe_report_signer = FORGE_ATTESTATION;)
CHANGE(qe_report_data, o->wrong_report_data = true;)
CHANGE(other_attestation_key, o->edit_quote = flip_key;)
CHANGE(qe_misc_select, o->qe.misc_select = 1;)
CHANGE(qe_attributes, o->qe.attributes.flags |= SGX_ATTR_DEBUG;)
CHANGE(qe_mrsigner, o->qe.mrsigner[0] ^= 1;)
CHANGE(qe_product, o->qe.isv_prod_id = 5;)
CHANGE(qe_level, o->qe.isv_svn = 5;)
CHANGE(quote_forged, o->quote_signer = FORGE_OTHER;)
CHANGE(quote_by_pck, o->quote_signer = FORGE_PCK;)
CHANGE(body_changed, o->edit_quote = flip_body;)
CHANGE(level_components, memset(o->pck.components, 2, 16);)
CHANGE(level_pce, o->pck.pce_svn = 7;)
CHANGE(level_tdx, o->td.body.tee_tcb_svn[2] = 2;)

#define ROW(token, kind, change) { ATTEST_R_##token, FORGE_##kind, #token ": " #change " of " #kind, change },
static const struct row rows[] = {
	ROW(evidence_truncated, SGX_V3, quote_cut)
	ROW(evidence_truncated, TDX_V4, quote_cut)
	ROW(evidence_truncated, TDX_V5_1_5, quote_cut)
	ROW(trailing_bytes, SGX_V3, quote_extended)
	ROW(trailing_bytes, SGX_V5, quote_extended)
	ROW(trailing_bytes, TDX_V4, quote_extended)
	ROW(quote_version_unknown, SGX_V3, quote_version)
	ROW(tee_type_unknown, SGX_V4, tee_type)
	ROW(tee_type_unknown, TDX_V5, tee_type)
	ROW(body_type_unknown, TDX_V5, body_type)
	ROW(body_type_unknown, SGX_V5, body_size)
	ROW(body_type_unknown, SGX_V5, sgx_as_tdx)
	ROW(attestation_key_type_unknown, SGX_V3, key_type)
	ROW(attestation_key_type_unknown, TDX_V5, key_type)
	ROW(qe_vendor_unknown, SGX_V3, qe_vendor)
	ROW(qe_vendor_unknown, TDX_V4, qe_vendor)
	ROW(signature_data_malformed, SGX_V3, authentication)
	ROW(certification_data_unsupported, SGX_V3, certification)
	ROW(certification_data_unsupported, TDX_V4, certification)

	ROW(collateral_missing, SGX_V3, no_tcb_info)
	ROW(collateral_malformed, SGX_V3, bundle_cut)
	ROW(tcb_info_malformed, SGX_V3, tcb_level_without_date)
	ROW(tcb_info_malformed, SGX_V3, tcb_level_status)
	ROW(tcb_info_malformed, SGX_V3, tcb_level_svn)
	ROW(tcb_info_malformed, TDX_V4, tcb_level_components)
	ROW(tcb_info_malformed, SGX_V3, tcb_twice)
	ROW(tcb_info_malformed, SGX_V3, tcb_dates)
	ROW(tcb_info_version_unknown, SGX_V3, tcb_version)
	ROW(qe_identity_malformed, SGX_V3, qe_mrsigner_short)
	ROW(qe_identity_malformed, SGX_V3, qe_without_levels)
	ROW(qe_identity_version_unknown, SGX_V3, qe_version)
	ROW(crl_malformed, SGX_V3, crl_not_der)
	ROW(crl_malformed, SGX_V3, crl_pck_not_der)
	ROW(tcb_signing_chain, SGX_V3, tcb_signing_forged)
	ROW(tcb_signing_chain, SGX_V3, tcb_signing_by_pck_ca)
	ROW(tcb_signing_chain, SGX_V3, tcb_signing_name)
	ROW(tcb_info_signature, SGX_V3, documents_by_other)
	ROW(tcb_info_signature, SGX_V3, documents_by_pck)
	ROW(tcb_info_signature, SGX_V3, tcb_signature)
	ROW(tcb_info_malformed, SGX_V3, tcb_changed)
	ROW(tcb_info_signature, SGX_V3, tcb_changed_well)
	ROW(tcb_info_signature, SGX_V3, tcb_space)
	ROW(qe_identity_signature, SGX_V3, qe_signature)
	ROW(qe_identity_signature, SGX_V3, qe_changed)
	ROW(crl_issuer, SGX_V3, pck_crl_by_root)
	ROW(crl_issuer, SGX_V3, root_crl_by_pck_ca)
	ROW(crl_signature, SGX_V3, pck_crl_forged)
	ROW(crl_signature, SGX_V3, root_crl_forged)

	ROW(pck_chain_incomplete, SGX_V3, chain_without_ca)
	ROW(pck_chain_incomplete, SGX_V3, chain_pem)
	ROW(pck_chain_incomplete, SGX_V3, chain_leaf_name)
	ROW(chain_signature, SGX_V3, leaf_forged)
	ROW(chain_signature, TDX_V4, leaf_by_root)
	ROW(chain_signature, TDX_V5, leaf_by_tcb_signing)
	ROW(certificate_not_yet_valid, SGX_V3, leaf_early)
	ROW(certificate_not_yet_valid, SGX_V3, ca_early)
	ROW(certificate_not_yet_valid, SGX_V3, tcb_signing_early)
	ROW(certificate_not_yet_valid, SGX_V3, root_early)
	ROW(certificate_expired, SGX_V3, leaf_late)
	ROW(certificate_expired, SGX_V3, ca_late)
	ROW(certificate_expired, SGX_V3, tcb_signing_late)
	ROW(certificate_expired, TDX_V5_1_5, root_late)
	ROW(pck_extension_malformed, SGX_V3, no_extension)
	ROW(crl_not_yet_valid, SGX_V3, root_crl_early)
	ROW(crl_not_yet_valid, SGX_V3, pck_crl_early)
	ROW(crl_expired, SGX_V3, root_crl_late)
	ROW(crl_expired, TDX_V5, pck_crl_late)
	ROW(ca_revoked, SGX_V3, ca_is_revoked)
	ROW(ca_revoked, TDX_V5_1_5, ca_is_revoked)
	ROW(tcb_signing_revoked, SGX_V3, tcb_signing_is_revoked)
	ROW(tcb_signing_revoked, TDX_V4, tcb_signing_is_revoked)
	ROW(pck_revoked, SGX_V3, pck_is_revoked)
	ROW(pck_revoked, TDX_V5, pck_is_revoked)

	ROW(tcb_info_not_yet_valid, SGX_V3, tcb_info_early)
	ROW(tcb_info_expired, SGX_V3, tcb_info_late)
	ROW(qe_identity_not_yet_valid, TDX_V4, qe_identity_early)
	ROW(qe_identity_expired, TDX_V4, qe_identity_late)
	ROW(tcb_info_technology, SGX_V3, tcb_info_of_tdx)
	ROW(tcb_info_technology, TDX_V4, tcb_info_of_sgx)
	ROW(qe_identity_technology, SGX_V5, qe_of_tdx)
	ROW(qe_identity_technology, TDX_V5, qe_of_sgx)
	ROW(fmspc_mismatch, SGX_V3, fmspc)
	ROW(pce_id_mismatch, SGX_V3, pce_id)
	ROW(tdx_module_unknown, TDX_V4, module_unknown)
	ROW(tdx_module_signer, TDX_V5, module_signer)
	ROW(tdx_module_signer, TDX_V4, first_module_signer)
	ROW(tdx_module_attributes, TDX_V5_1_5, module_attributes)
	ROW(tdx_module_level_not_found, TDX_V4, module_level)

	ROW(qe_report_signature, SGX_V3, qe_report_forged)
	ROW(qe_report_signature, TDX_V5, qe_report_by_attestation_key)
	ROW(qe_report_data, SGX_V3, qe_report_data)
	ROW(qe_report_data, SGX_V3, other_attestation_key)
	ROW(qe_report_data, TDX_V4, qe_report_data)
	ROW(qe_misc_select, SGX_V3, qe_misc_select)
	ROW(qe_attributes, TDX_V4, qe_attributes)
	ROW(qe_mrsigner, SGX_V3, qe_mrsigner)
	ROW(qe_product, TDX_V5, qe_product)
	ROW(qe_level_not_found, SGX_V3, qe_level)
	ROW(quote_signature, SGX_V3, quote_forged)
	ROW(quote_signature, TDX_V4, quote_by_pck)
	ROW(quote_signature, SGX_V3, body_changed)
	ROW(quote_signature, TDX_V5_1_5, body_changed)
	ROW(tcb_level_not_found, SGX_V3, level_components)
	ROW(tcb_level_not_found, SGX_V5, level_pce)
	ROW(tcb_level_not_found, TDX_V4, level_tdx)
};

/* Genuine, but older than what Intel still says anything about. */
static bool is_unsupported(enum attest_reason reason)
{
	return reason == ATTEST_R_tdx_module_level_not_found || reason == ATTEST_R_qe_level_not_found ||
	       reason == ATTEST_R_tcb_level_not_found;
}

static void test_rows(void **state)
{
	struct attest_verdict v;
	struct forge_order o;
	bool good = true;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		forge_order(&o, rows[i].kind);
		rows[i].change(&o);
		judge(&o, &v);
		good = has_reason(&v, rows[i].reason, rows[i].how) && good;
		good = v.genuine == is_unsupported(rows[i].reason) && good;
	}
	assert_true(good);
}

/* What is wrong twice is refused for what is checked first. */
static void test_order(void **state)
{
	const size_t from = 54; /* from here on the bundle is read */
	struct attest_verdict v;
	struct forge_order o;

	(void)state;
	for (size_t i = from; i + 7 < sizeof(rows) / sizeof(rows[0]); i += 3) {
		const struct row *a = &rows[i], *b = &rows[i + 7];

		if (a->kind != b->kind || a->reason >= b->reason || is_unsupported(a->reason))
			continue;
		forge_order(&o, a->kind);
		a->change(&o);
		b->change(&o);
		judge(&o, &v);
		expect_reason(&v, a->reason, a->how);
	}
}

static void test_chain_ca_name(void **state)
{
	struct attest_verdict v;
	struct forge_order o;

	(void)state;
	forge_order(&o, FORGE_SGX_V3);
	chain_ca_name(&o);
	judge(&o, &v);
	assert_false(v.genuine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_chain_ca_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
