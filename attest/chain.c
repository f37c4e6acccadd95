/* Certificates of a chain, and what a chain must hold. */
#include "attest/internal.h"

#define CHAIN_PERCENT_SIZE (2 * CERTIFICATES_SIZE)

static bool certificates_add(struct certificates *to, size_t size)
{
	if (to->count == CERTIFICATES_MAX || !certificate_read(bytes_of(to->der + to->used, size), &to->at[to->count]))
		return false;
	to->used += size;
	to->count++;
	return true;
}

static bool certificates_read_pem(struct attest_bytes text, struct certificates *to)
{
	for (;;) {
		long size = pem_next(&text, "CERTIFICATE", to->der + to->used, sizeof(to->der) - to->used);

		if (size <= 0)
			return size == 0;
		if (!certificates_add(to, (size_t)size))
			return false;
	}
}

static bool certificates_read_percent(struct attest_bytes text, struct certificates *to)
{
	uint8_t plain[CHAIN_PERCENT_SIZE];
	long size = percent_decode(text, plain, sizeof(plain));

	return size >= 0 && certificates_read_pem(bytes_of(plain, (size_t)size), to);
}

static bool certificates_read_der(struct attest_bytes der, struct certificates *to)
{
	struct der d = der_of(der);

	while (d.at < d.end) {
		struct attest_bytes one = der_take_whole(&d, DER_SEQUENCE, NULL);

		if (d.failed || one.size > sizeof(to->der) - to->used)
			return false;
		memcpy(to->der + to->used, one.at, one.size);
		if (!certificates_add(to, one.size))
			return false;
	}
	return true;
}

bool certificates_read(struct attest_bytes text, struct certificates *to)
{
	size_t before = to->count;
	bool good;

	if (text.size && text.at[0] == DER_SEQUENCE)
		good = certificates_read_der(text, to);
	else if (text.size && memchr(text.at, '%', text.size))
		good = certificates_read_percent(text, to);
	else
		good = certificates_read_pem(text, to);
	return good && to->count > before;
}

bool certificate_signed_by(const struct attest *a, const struct certificate *c, const struct certificate *issuer)
{
	return bytes_equal(c->issuer, issuer->subject) && issuer->ca && !issuer->critical_unknown &&
	       !c->critical_unknown && (!issuer->key_usage_present || issuer->key_usage & KEY_USAGE_CERT_SIGN) &&
	       signature_holds(a, &issuer->key, c->algorithm, c->tbs, c->signature);
}

bool certificate_valid_at(const struct certificate *c, int64_t now, int64_t *until, struct attest_refusal *why)
{
	char limit[32], today[32];

	if (now < c->not_before)
		return refuse(why, ATTEST_R_certificate_not_yet_valid, attest_moment_text(now, today),
			      "\"%s\" is valid from %s", c->name, attest_moment_text(c->not_before, limit));
	if (now > c->not_after)
		return refuse(why, ATTEST_R_certificate_expired, attest_moment_text(now, today),
			      "\"%s\" was valid until %s", c->name, attest_moment_text(c->not_after, limit));
	if (c->not_after < *until)
		*until = c->not_after;
	return true;
}

const struct attest_root *root_find(const struct attest *a, const struct certificate *c)
{
	uint8_t sha256[32];

	attest_sha256(a, c->key.spki, sha256);
	for (size_t i = 0; i < a->roots.count; i++)
		if (memcmp(a->roots.at[i].sha256, sha256, sizeof(sha256)) == 0)
			return &a->roots.at[i];
	return NULL;
}

void root_note(const struct attest_root *root, struct attest_verdict *v)
{
	memcpy(v->root, root->name, sizeof(v->root));
	memcpy(v->root_sha256, root->sha256, sizeof(v->root_sha256));
	v->assurance = root->assurance;
}
