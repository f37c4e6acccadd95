#include "attest/evidence.h"
#include "attest/evidence_text.h"
#include "attest/ra_tls.h"
#include "base/errno.h"

#include <string.h>

#include "abi/evidence.h"

static uint32_t number_at(struct attest_bytes b, size_t at, size_t size)
{
	struct bytes_reader r = { b.at + at, at <= b.size ? b.size - at : 0, at > b.size };

	return (uint32_t)bytes_take_le(&r, size);
}

/*
 * A quote begins with u16 version and u16 key type, a SNP report with u32 version: versions 3 and 5 exist of both. The
 * quoting enclave's vendor decides; without Intel's, a key type of zero is none.
 */
static enum evidence_kind evidence_kind_of(struct attest_bytes b)
{
	static const uint8_t vendor[] = QUOTE_QE_VENDOR_INTEL;
	uint32_t version = number_at(b, 0, 4);
	uint32_t low = version & 0xffff, high = version >> 16;

	if (b.size >= sizeof(struct quote_header) &&
	    memcmp(b.at + offsetof(struct quote_header, qe_vendor), vendor, sizeof(vendor)) == 0)
		return EVIDENCE_QUOTE;
	if (version > 0 && version < 256)
		return EVIDENCE_SNP;
	return low > 0 && low < 256 && high < 256 ? EVIDENCE_QUOTE : EVIDENCE_NONE;
}

/* The quote's lengths hold already. */
static size_t quote_report_data_at(struct attest_bytes quote)
{
	uint32_t version = number_at(quote, 0, 2);
	size_t body = sizeof(struct quote_header);
	bool sgx;

	if (version == QUOTE_V5) {
		sgx = number_at(quote, body, 2) == QUOTE_BODY_SGX;
		body += sizeof(struct quote_body_descriptor);
	} else {
		sgx = version == QUOTE_V3 || number_at(quote, 4, 4) == QUOTE_TEE_SGX;
	}
	return body + (sgx ? offsetof(struct sgx_report_body, report_data) :
			     offsetof(struct tdx_report_body, report_data));
}

static bool evidence_take_quote(struct attest_bytes b, bool trailing_ok, struct evidence *e,
				struct attest_refusal *why)
{
	size_t size = quote_size(b, why);
	size_t at;

	if (!size)
		return false;
	if (size < b.size && !trailing_ok)
		return refuse(why, ATTEST_R_trailing_bytes, NULL, "%zu bytes behind the quote's %zu", b.size - size,
			      size);
	e->kind = EVIDENCE_QUOTE;
	e->bytes = bytes_of(b.at, size);
	at = quote_report_data_at(e->bytes);
	if (at + sizeof(e->report_data) > size)
		return refuse(why, ATTEST_R_evidence_truncated, "a whole report body", "%zu bytes", size);
	memcpy(e->report_data, b.at + at, sizeof(e->report_data));
	return true;
}

static bool evidence_take_snp(struct attest_bytes b, bool trailing_ok, struct evidence *e,
			      struct attest_refusal *why)
{
	const size_t size = sizeof(struct snp_report);
	struct snp_table table;

	if (b.size < size)
		return refuse(why, ATTEST_R_evidence_truncated, "a SNP report of 1184 bytes", "%zu bytes", b.size);
	e->bytes = b;
	if (b.size > size && !snp_table_read(bytes_of(b.at + size, b.size - size), &table)) {
		if (!trailing_ok)
			return refuse(why, ATTEST_R_trailing_bytes,
				      "a SNP report of 1184 bytes, with its certificate table or nothing behind it",
				      "%zu other bytes", b.size - size);
		e->bytes.size = size;
	}
	e->kind = EVIDENCE_SNP;
	memcpy(e->report_data, b.at + offsetof(struct snp_report, report_data), sizeof(e->report_data));
	return true;
}

static bool evidence_take(struct attest_bytes b, bool trailing_ok, struct evidence *e, struct attest_refusal *why)
{
	switch (evidence_kind_of(b)) {
	case EVIDENCE_QUOTE:
		return evidence_take_quote(b, trailing_ok, e, why);
	case EVIDENCE_SNP:
		return evidence_take_snp(b, trailing_ok, e, why);
	case EVIDENCE_NONE:
		break;
	}
	return refuse(why, ATTEST_R_evidence_unreadable, "a quote, a SNP report or a certificate",
		      "%zu bytes that begin with %02x%02x%02x%02x", b.size, b.size > 0 ? b.at[0] : 0,
		      b.size > 1 ? b.at[1] : 0, b.size > 2 ? b.at[2] : 0, b.size > 3 ? b.at[3] : 0);
}

static bool evidence_take_certificate(const struct attest *a, struct attest_bytes der, bool trailing_ok,
				      struct evidence *e, struct attest_verdict *v)
{
	struct ra_tls found;

	if (!certificate_read(der, &e->certificate))
		return refuse(&v->refusal, ATTEST_R_certificate_malformed, "an X.509 certificate, DER", "%zu bytes",
			      der.size);
	e->has_certificate = true;
	v->claims.certificate = true;
	attest_sha256(a, e->certificate.key.spki, v->claims.public_key_sha256);
	return ra_tls_find(&e->certificate, &found, &v->refusal) &&
	       evidence_take_quote(found.quote, trailing_ok, e, &v->refusal) &&
	       ra_tls_bound(a, &e->certificate, &found, e->report_data, &v->refusal);
}

/* Text into e->decoded. *certificate is set where the text says that it is one. */
static bool evidence_from_text(struct attest_bytes text, bool trailing_ok, struct evidence *e, bool *certificate,
			       struct attest_bytes *to, struct attest_refusal *why)
{
	struct attest_bytes rest = text;
	long n = evidence_text_decode(&rest, e->decoded, sizeof(e->decoded), certificate);

	if (n == -ERANGE)
		return refuse(why, ATTEST_R_evidence_too_large, "text for at most 262144 bytes", "%zu characters",
			      text.size);
	if (n < 0)
		return refuse(why, ATTEST_R_evidence_unreadable, "hex, base64 or PEM",
			      "other text, beginning with \"%.*s\"", (int)(text.size < 16 ? text.size : 16),
			      (const char *)text.at);
	if (rest.size && !trailing_ok)
		return refuse(why, ATTEST_R_trailing_bytes, "one PEM block", "%zu characters behind it", rest.size);
	*to = bytes_of(e->decoded, (size_t)n);
	return true;
}

bool evidence_decode(const struct attest *a, const struct attest_request *r, struct evidence *e,
		     struct attest_verdict *v)
{
	struct attest_bytes b = r->evidence, text = text_trim(b);
	bool certificate = false;

	e->kind = EVIDENCE_NONE;
	e->has_certificate = false;
	if (b.size == 0)
		return refuse(&v->refusal, ATTEST_R_evidence_unreadable, "a quote, a SNP report or a certificate",
			      "nothing");
	if (b.size > ATTEST_EVIDENCE_MAX)
		return refuse(&v->refusal, ATTEST_R_evidence_too_large, "at most 1048576 bytes", "%zu", b.size);
	if (evidence_is_text(text) && !evidence_from_text(text, r->trailing_ok, e, &certificate, &b, &v->refusal))
		return false;
	if (certificate || (b.size > 1 && b.at[0] == DER_SEQUENCE && b.at[1] >= 0x80))
		return evidence_take_certificate(a, b, r->trailing_ok, e, v);
	return evidence_take(b, r->trailing_ok, e, &v->refusal);
}

bool evidence_valid_at(const struct evidence *e, const struct attest_request *r, struct attest_verdict *v)
{
	struct attest_refusal why = { 0 };

	if (!e->has_certificate || certificate_valid_at(&e->certificate, r->now, &v->collateral_until, &why))
		return true;
	v->genuine = v->accepted = false;
	if (v->refusal.reason == ATTEST_OK || v->refusal.reason > why.reason)
		v->refusal = why;
	return false;
}
