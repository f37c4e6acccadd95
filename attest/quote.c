/*
 * Quotes v3, v4 and v5 (abi/evidence.h). Every length is checked against what is there, and all of it must be used: a
 * byte that nothing looks at is a byte that nothing signs.
 */
#include "attest/quote.h"

struct quote_shape {
	enum attest_format format;
	enum attest_tee tee;
	bool body_1_5;
	size_t body_at, body_size;
};

static bool quote_truncated(struct attest_refusal *why, size_t expected, size_t found)
{
	char text[40];

	memset(why, 0, sizeof(*why));
	(void)refuse(why, ATTEST_R_evidence_truncated, NULL, "%zu bytes", expected);
	memcpy(text, why->found, sizeof(text));
	return refuse(why, ATTEST_R_evidence_truncated, text, "%zu", found);
}

/* What v5 says of its body, in place of what follows from the technology. */
static bool quote_read_descriptor(struct bytes_reader *r, struct quote_shape *s, struct attest_refusal *why)
{
	uint16_t type = bytes_u16(r);
	uint32_t size = bytes_u32(r);

	s->body_at += sizeof(struct quote_body_descriptor);
	s->body_1_5 = type == QUOTE_BODY_TDX_1_5;
	s->body_size = type == QUOTE_BODY_SGX	    ? sizeof(struct sgx_report_body) :
		       type == QUOTE_BODY_TDX_1_0   ? sizeof(struct tdx_report_body) :
		       type == QUOTE_BODY_TDX_1_5   ? sizeof(struct tdx_report_body_1_5) :
						      0;
	if (r->failed)
		return quote_truncated(why, s->body_at, s->body_at - r->left);
	if (!s->body_size || size != s->body_size || (type == QUOTE_BODY_SGX) != (s->tee == ATTEST_SGX))
		return refuse(why, ATTEST_R_body_type_unknown, NULL, "type %u, size %u", type, size);
	return true;
}

static bool quote_read_shape(struct attest_bytes bytes, struct quote_shape *s, struct attest_refusal *why)
{
	static const uint8_t vendor[] = QUOTE_QE_VENDOR_INTEL;
	static const enum attest_format formats[] = { ATTEST_QUOTE_V3, ATTEST_QUOTE_V4, ATTEST_QUOTE_V5 };
	struct bytes_reader r = { bytes.at, bytes.size, false };
	uint16_t version = bytes_u16(&r), key_type = bytes_u16(&r);
	uint32_t tee = bytes_u32(&r);

	(void)bytes_take(&r, 4); /* SVNs of QE and PCE in v3; nothing decides on them */
	if (bytes.size < sizeof(struct quote_header))
		return quote_truncated(why, sizeof(struct quote_header), bytes.size);
	if (version < QUOTE_V3 || version > QUOTE_V5)
		return refuse(why, ATTEST_R_quote_version_unknown, "3, 4 or 5", "%u", version);
	if (key_type != QUOTE_KEY_P256)
		return refuse(why, ATTEST_R_attestation_key_type_unknown, "2", "%u", key_type);
	if (tee != QUOTE_TEE_SGX && (tee != QUOTE_TEE_TDX || version == QUOTE_V3))
		return refuse(why, ATTEST_R_tee_type_unknown, NULL, "0x%x", tee);
	if (memcmp(bytes_take(&r, sizeof(vendor)), vendor, sizeof(vendor)))
		return refuse(why, ATTEST_R_qe_vendor_unknown, "Intel's 939a7233-f79c-4ca9-940a-0db3957f0607", NULL);
	(void)bytes_take(&r, 20); /* user data */
	s->format = formats[version - QUOTE_V3];
	s->tee = tee == QUOTE_TEE_TDX ? ATTEST_TDX : ATTEST_SGX;
	s->body_1_5 = false;
	s->body_at = sizeof(struct quote_header);
	s->body_size = s->tee == ATTEST_TDX ? sizeof(struct tdx_report_body) : sizeof(struct sgx_report_body);
	return version != QUOTE_V5 || quote_read_descriptor(&r, s, why);
}

size_t quote_size(struct attest_bytes bytes, struct attest_refusal *why)
{
	struct bytes_reader r = { bytes.at, bytes.size, false };
	struct quote_shape s;
	size_t size;

	if (!quote_read_shape(bytes, &s, why))
		return 0;
	size = s.body_at + s.body_size + 4;
	(void)bytes_take(&r, size - 4);
	size += bytes_u32(&r);
	if (!r.failed && size <= bytes.size)
		return size;
	(void)quote_truncated(why, size, bytes.size);
	return 0;
}

static bool quote_malformed(struct attest_refusal *why, const char *expected, const char *found, size_t number)
{
	return refuse(why, ATTEST_R_signature_data_malformed, expected, "%s%zu", found, number);
}

/* The last part of the signature data, in v4 and later wrapped in a part of its own. */
static bool quote_read_certification(struct bytes_reader *r, struct quote *q, struct attest_refusal *why)
{
	uint32_t size;

	q->qe_report = bytes_take(r, sizeof(struct sgx_report_body));
	q->qe_signature = bytes_take(r, 64);
	q->authentication.size = bytes_u16(r);
	q->authentication.at = bytes_take(r, q->authentication.size);
	q->certification = bytes_u16(r);
	size = bytes_u32(r);
	if (r->failed)
		return quote_malformed(why, "a QE report, its authentication data and certification data",
				       "an end before them, bytes left: ", r->left);
	if (size != r->left)
		return quote_malformed(why, "certification data up to the end", "its size ", size);
	if (q->certification == QUOTE_CERT_PCK_CHAIN)
		q->chain = bytes_of(r->at, r->left);
	return true;
}

bool quote_read(struct attest_bytes bytes, struct quote *q, struct attest_refusal *why)
{
	struct bytes_reader r = { bytes.at, bytes.size, false };
	struct quote_shape s;
	uint32_t size;

	memset(q, 0, sizeof(*q));
	if (!quote_read_shape(bytes, &s, why))
		return false;
	q->format = s.format;
	q->tee = s.tee;
	q->body_1_5 = s.body_1_5;
	q->signed_part = bytes_of(bytes.at, s.body_at + s.body_size);
	q->body = bytes.at + s.body_at;
	(void)bytes_take(&r, q->signed_part.size);
	size = bytes_u32(&r);
	if (r.failed || size > r.left)
		return quote_truncated(why, q->signed_part.size + 4 + size, bytes.size);
	if (size < r.left)
		return refuse(why, ATTEST_R_trailing_bytes, NULL, "%zu", r.left - size);
	q->signature = bytes_take(&r, 64);
	q->key = bytes_take(&r, 64);
	if (s.format != ATTEST_QUOTE_V3) {
		uint16_t type = bytes_u16(&r);

		size = bytes_u32(&r);
		if (!r.failed && type != QUOTE_CERT_QE_REPORT)
			return refuse(why, ATTEST_R_certification_data_unsupported, "type 6, a QE report", "type %u",
				      type);
		if (r.failed || size != r.left)
			return quote_malformed(why, "a QE report's part up to the end", "its size ", size);
	}
	return quote_read_certification(&r, q, why);
}

void quote_sgx_body(const uint8_t *from, struct attest_sgx *to)
{
	struct sgx_report_body body;

	memcpy(&body, from, sizeof(body));
	memset(to, 0, sizeof(*to));
	memcpy(to->cpu_svn, body.cpusvn, sizeof(to->cpu_svn));
	to->misc_select = body.misc_select;
	memcpy(to->isv_ext_prod_id, body.isv_ext_prod_id, sizeof(to->isv_ext_prod_id));
	to->attributes = body.attributes.flags;
	to->xfrm = body.attributes.xfrm;
	memcpy(to->mrenclave, body.mrenclave, sizeof(to->mrenclave));
	memcpy(to->mrsigner, body.mrsigner, sizeof(to->mrsigner));
	memcpy(to->config_id, body.config_id, sizeof(to->config_id));
	memcpy(to->isv_family_id, body.isv_family_id, sizeof(to->isv_family_id));
	to->isv_prod_id = body.isv_prod_id;
	to->isv_svn = body.isv_svn;
	to->config_svn = body.config_svn;
	memcpy(to->report_data, body.report_data, sizeof(to->report_data));
}

static void quote_tdx_body(const uint8_t *from, bool is_1_5, struct attest_tdx *to)
{
	struct tdx_report_body_1_5 all = { 0 };
	const struct tdx_report_body *body = &all.body;

	memcpy(&all, from, is_1_5 ? sizeof(all) : sizeof(all.body));
	memset(to, 0, sizeof(*to));
	to->is_1_5 = is_1_5;
	memcpy(to->tee_tcb_svn, body->tee_tcb_svn, sizeof(to->tee_tcb_svn));
	memcpy(to->mrseam, body->mrseam, sizeof(to->mrseam));
	memcpy(to->mrsignerseam, body->mrsignerseam, sizeof(to->mrsignerseam));
	to->seam_attributes = body->seam_attributes;
	to->td_attributes = body->td_attributes;
	to->xfam = body->xfam;
	memcpy(to->mrtd, body->mrtd, sizeof(to->mrtd));
	memcpy(to->mrconfigid, body->mrconfigid, sizeof(to->mrconfigid));
	memcpy(to->mrowner, body->mrowner, sizeof(to->mrowner));
	memcpy(to->mrownerconfig, body->mrownerconfig, sizeof(to->mrownerconfig));
	memcpy(to->rtmr, body->rtmr, sizeof(to->rtmr));
	memcpy(to->report_data, body->report_data, sizeof(to->report_data));
	memcpy(to->tee_tcb_svn_2, all.tee_tcb_svn_2, sizeof(to->tee_tcb_svn_2));
	memcpy(to->mrservicetd, all.mrservicetd, sizeof(to->mrservicetd));
}

void quote_claims(const struct quote *q, struct attest_verdict *v)
{
	v->tee = q->tee;
	v->format = q->format;
	if (q->tee == ATTEST_TDX)
		quote_tdx_body(q->body, q->body_1_5, &v->claims.tdx);
	else
		quote_sgx_body(q->body, &v->claims.sgx);
}
