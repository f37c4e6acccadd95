/* Certificate revocation lists (RFC 5280, 5): DER, or hex, base64 or PEM of it. */
#include "attest/certificate.h"
#include "attest/moment.h"

long crl_decode(struct attest_bytes text, uint8_t *to, size_t size)
{
	struct attest_bytes trimmed = text_trim(text);
	long got;

	if (text.size && text.at[0] == DER_SEQUENCE && (text.size < 2 || text.at[1] >= 0x80)) {
		if (text.size > size)
			return -1;
		memcpy(to, text.at, text.size);
		return (long)text.size;
	}
	if (pem_is(trimmed)) {
		got = pem_next(&trimmed, "X509 CRL", to, size);
		return got > 0 && trimmed.size == 0 ? got : -1;
	}
	got = hex_text_decode(trimmed, to, size);
	return got >= 0 ? got : base64_decode(trimmed, BASE64_STRICT, to, size);
}

/* The revoked ones are checked once here, so that looking for one needs no errors. */
static bool crl_check_entries(struct attest_bytes revoked)
{
	struct der d = der_of(revoked);

	while (d.at < d.end && !d.failed) {
		struct der entry = der_of(der_take(&d, DER_SEQUENCE));
		struct attest_bytes serial = der_take(&entry, DER_INTEGER);
		int64_t at;

		if (serial.size == 0 || !moment_take(&entry, &at))
			return false;
		if (entry.at < entry.end) /* reason code and the like change nothing: revoked is revoked */
			(void)der_take(&entry, DER_SEQUENCE);
		if (!der_done(&entry))
			return false;
	}
	return der_done(&d);
}

/* What a critical extension may say (only some certificates, only changes) is nothing that we could honour. */
static bool crl_check_extensions(struct der *tbs)
{
	struct der wrapped = der_of(der_take(tbs, 0xa0)), d = der_of(der_take(&wrapped, DER_SEQUENCE));

	while (d.at < d.end && !d.failed) {
		struct der e = der_of(der_take(&d, DER_SEQUENCE));

		(void)der_take(&e, DER_OID);
		if (der_peek(&e) == DER_BOOLEAN && *der_take(&e, DER_BOOLEAN).at != 0)
			return false;
		(void)der_take(&e, DER_OCTET_STRING);
		if (!der_done(&e))
			return false;
	}
	return der_done(&d) && der_done(&wrapped) && !tbs->failed;
}

static bool crl_read_tbs(struct attest_bytes content, struct attest_bytes algorithm, struct crl *crl)
{
	struct der d = der_of(content);

	if (der_take_u64(&d) != 1) /* version 2 */
		return false;
	if (!bytes_equal(der_take_whole(&d, DER_SEQUENCE, NULL), algorithm))
		return false;
	crl->issuer = der_take_whole(&d, DER_SEQUENCE, NULL);
	if (d.failed || !moment_take(&d, &crl->this_update))
		return false;
	crl->next_update = INT64_MAX;
	if ((der_peek(&d) == DER_UTC_TIME || der_peek(&d) == DER_GENERALIZED_TIME) &&
	    !moment_take(&d, &crl->next_update))
		return false;
	if (der_peek(&d) == DER_SEQUENCE) {
		crl->revoked = der_take(&d, DER_SEQUENCE);
		if (!crl_check_entries(crl->revoked))
			return false;
	}
	return (der_peek(&d) != 0xa0 || crl_check_extensions(&d)) && der_done(&d);
}

bool crl_read(struct attest_bytes der, struct crl *crl)
{
	struct der outer = der_of(der), d;
	struct attest_bytes content, algorithm, tbs;

	memset(crl, 0, sizeof(*crl));
	crl->der = der_take_whole(&outer, DER_SEQUENCE, &content);
	if (!der_done(&outer))
		return false;
	d = der_of(content);
	crl->tbs = der_take_whole(&d, DER_SEQUENCE, &tbs);
	algorithm = der_take_whole(&d, DER_SEQUENCE, NULL);
	crl->algorithm = signature_kind_of(algorithm);
	return bit_string_take(&d, &crl->signature) && der_done(&d) && crl_read_tbs(tbs, algorithm, crl);
}

bool crl_signed_by(const struct attest *a, const struct crl *crl, const struct certificate *issuer,
		   struct attest_refusal *why)
{
	if (!bytes_equal(crl->issuer, issuer->subject))
		return refuse(why, ATTEST_R_crl_issuer, issuer->name, "a list of another issuer");
	if (issuer->key_usage_present && !(issuer->key_usage & KEY_USAGE_CRL_SIGN))
		return refuse(why, ATTEST_R_crl_issuer, "a CA that may sign revocation lists", "\"%s\", which may not",
			      issuer->name);
	if (!signature_holds(a, &issuer->key, crl->algorithm, crl->tbs, crl->signature))
		return refuse(why, ATTEST_R_crl_signature, issuer->name, "a signature by another key");
	return true;
}

bool crl_valid_at(const struct crl *crl, int64_t now, int64_t *until, struct attest_refusal *why)
{
	char limit[32], today[32];

	if (now < crl->this_update)
		return refuse(why, ATTEST_R_crl_not_yet_valid, attest_moment_text(now, today), "a list of %s",
			      attest_moment_text(crl->this_update, limit));
	if (now > crl->next_update)
		return refuse(why, ATTEST_R_crl_expired, attest_moment_text(now, today), "a list until %s",
			      attest_moment_text(crl->next_update, limit));
	if (crl->next_update < *until)
		*until = crl->next_update;
	return true;
}

bool crl_has(const struct crl *crl, struct attest_bytes serial)
{
	struct der d = der_of(crl->revoked);

	while (d.at < d.end && !d.failed) {
		struct der entry = der_of(der_take(&d, DER_SEQUENCE));

		if (bytes_equal(der_take(&entry, DER_INTEGER), serial))
			return true;
	}
	return false;
}
