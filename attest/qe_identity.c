/* Intel PCS API v4, "Get Quoting Enclave Identity". */
#include "attest/tcb_info.h"

/* MISCSELECT is written as bytes in the order of memory. */
static bool qe_identity_misc(const struct document *d, const struct json *root, const char *name, uint32_t *to)
{
	uint8_t bytes[4];

	if (!document_hex(d, root, name, bytes, sizeof(bytes)))
		return false;
	*to = (uint32_t)(bytes[0] | bytes[1] << 8 | bytes[2] << 16) | (uint32_t)bytes[3] << 24;
	return true;
}

static bool qe_identity_technology(const struct document *d, const struct json *root, enum attest_tee *to)
{
	const struct json *id = document_get(d, root, "id", JSON_STRING);

	if (!id)
		return false;
	*to = json_equals(id, "QE") ? ATTEST_SGX : json_equals(id, "TD_QE") ? ATTEST_TDX : ATTEST_TEE_NONE;
	if (*to == ATTEST_TEE_NONE && !json_equals(id, "QVE"))
		return document_wrong(d, "id", "none of QE, TD_QE, QVE");
	return true;
}

bool qe_identity_read(const struct json *root, struct qe_identity *to, struct advisories *advisories,
		      struct attest_refusal *why)
{
	const struct document d = { why, ATTEST_R_qe_identity_malformed, advisories };
	uint64_t version, product;

	memset(to, 0, sizeof(*to));
	if (!document_number(&d, root, "version", UINT32_MAX, &version))
		return false;
	if (version != 2)
		return refuse(why, ATTEST_R_qe_identity_version_unknown, "2", "%u", (unsigned int)version);
	if (!qe_identity_technology(&d, root, &to->tee) || !document_dates(&d, root, &to->dates) ||
	    !qe_identity_misc(&d, root, "miscselect", &to->misc_select) ||
	    !qe_identity_misc(&d, root, "miscselectMask", &to->misc_select_mask) ||
	    !document_hex(&d, root, "attributes", to->attributes, sizeof(to->attributes)) ||
	    !document_hex(&d, root, "attributesMask", to->attributes_mask, sizeof(to->attributes_mask)) ||
	    !document_hex(&d, root, "mrsigner", to->mrsigner, sizeof(to->mrsigner)) ||
	    !document_number(&d, root, "isvprodid", UINT16_MAX, &product) || !isv_levels_read(&d, root, &to->levels))
		return false;
	to->isv_prod_id = (uint16_t)product;
	return true;
}
