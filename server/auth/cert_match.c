/* What a client's certificate must say for a trusted one to vouch for it. */
#include <openssl/x509v3.h>
#include <string.h>

#include "server/auth/cert.h"

static bool any_matches(const struct names *patterns, const struct names *texts)
{
	for (size_t i = 0; i < patterns->count; i++)
		for (size_t k = 0; k < texts->count; k++)
			if (glob_matches(patterns->at[i], texts->at[k]))
				return true;
	return false;
}

static bool allowed(const struct names *patterns, struct names texts)
{
	return !patterns->count || any_matches(patterns, &texts);
}

/* "oid:text" for an extension that is a string, "hex:oid:hex" for any. All are required. */
static bool extensions_match(struct request *r, const struct names *required, X509 *leaf)
{
	for (size_t i = 0; i < required->count; i++) {
		const char *at = required->at[i], *value, *colon, *oid;
		bool hex = !strncmp(at, "hex:", 4);

		at += hex ? 4 : 0;
		colon = strchr(at, ':');
		if (!colon)
			return false;
		oid = pool_copy(&r->pool, at, (size_t)(colon - at));
		value = hex ? x509_extension_hex(&r->pool, leaf, oid)
			    : x509_extension(&r->pool, leaf, oid);
		if (!value || !glob_matches(hex ? lower_text(&r->pool, colon + 1) : colon + 1, value))
			return false;
	}
	return true;
}

bool trusted_allows(struct request *r, const struct trusted *t, X509 *leaf)
{
	struct names common = certificate_subject(&r->pool, leaf, NID_commonName);
	struct names dns = certificate_alternative(&r->pool, leaf, GEN_DNS);
	struct names email = certificate_alternative(&r->pool, leaf, GEN_EMAIL);

	return (!t->allowed_names.count || any_matches(&t->allowed_names, &common) ||
		any_matches(&t->allowed_names, &dns) || any_matches(&t->allowed_names, &email)) &&
	       allowed(&t->allowed_common_names, common) && allowed(&t->allowed_dns_sans, dns) &&
	       allowed(&t->allowed_email_sans, email) &&
	       allowed(&t->allowed_uri_sans, certificate_alternative(&r->pool, leaf, GEN_URI)) &&
	       allowed(&t->allowed_organizational_units,
		       certificate_subject(&r->pool, leaf, NID_organizationalUnitName)) &&
	       extensions_match(r, &t->required_extensions, leaf);
}
