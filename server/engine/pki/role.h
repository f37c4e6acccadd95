/* Roles: what certificates may be issued under a name. One table of fields is the format stored, asked and answered. */
#ifndef ADYTON_SERVER_ENGINE_PKI_ROLE_H
#define ADYTON_SERVER_ENGINE_PKI_ROLE_H

#include "server/engine/pki/cert.h"
#include "server/engine/pki/rows.h"

/* F(kind, name, default as JSON, what it means) */
#define PKI_ROLE_FIELDS(F) \
	F(SECONDS, ttl, "0", "Lease length if no specific lease length is requested") \
	F(SECONDS, max_ttl, "0", "The maximum allowed lease duration") \
	F(BOOL, allow_localhost, "true", "Whether to allow \"localhost\" and \"localdomain\" as a valid common name") \
	F(LIST, allowed_domains, "[]", "Domains that this role is allowed to issue certificates for") \
	F(BOOL, allowed_domains_template, "false", "Whether allowed domains may be identity templates") \
	F(BOOL, allow_bare_domains, "false", "Whether certificates may be for the allowed domains themselves") \
	F(BOOL, allow_token_displayname, "false", "Whether the token's display name is an allowed name") \
	F(BOOL, allow_subdomains, "false", "Whether certificates may be for subdomains of the allowed domains") \
	F(BOOL, allow_glob_domains, "false", "Whether allowed domains may have glob patterns") \
	F(BOOL, allow_wildcard_certificates, "true", "Whether names may have a wildcard label") \
	F(BOOL, allow_any_name, "false", "Whether any name is allowed") \
	F(BOOL, enforce_hostnames, "true", "Whether only valid host names are allowed") \
	F(BOOL, allow_ip_sans, "true", "Whether IP subject alternative names are allowed") \
	F(LIST, allowed_uri_sans, "[]", "Globs of allowed URI subject alternative names") \
	F(BOOL, allowed_uri_sans_template, "false", "Whether allowed URIs may be identity templates") \
	F(LIST, allowed_other_sans, "[]", "Allowed other subject alternative names: <oid>;UTF8:<glob>, or *") \
	F(LIST, allowed_serial_numbers, "[]", "Globs of serial numbers allowed in the subject") \
	F(LIST, allowed_user_ids, "[]", "Globs of user ids allowed in the subject") \
	F(BOOL, server_flag, "true", "Whether certificates are for servers") \
	F(BOOL, client_flag, "true", "Whether certificates are for clients") \
	F(BOOL, code_signing_flag, "false", "Whether certificates are for signing code") \
	F(BOOL, email_protection_flag, "false", "Whether certificates are for protecting e-mail") \
	F(STRING, key_type, "\"rsa\"", "rsa, ec, ed25519 or any") \
	F(INT, key_bits, "0", "Bits of the key; 0: the type's default") \
	F(INT, signature_bits, "0", "Bits of the signature's digest; 0: the key's default") \
	F(BOOL, use_pss, "false", "Whether an RSA issuer signs with PSS") \
	F(LIST, key_usage, "[\"DigitalSignature\",\"KeyAgreement\",\"KeyEncipherment\"]", "Key usages") \
	F(LIST, ext_key_usage, "[]", "Extended key usages") \
	F(LIST, ext_key_usage_oids, "[]", "Extended key usages by object identifier") \
	F(BOOL, use_csr_common_name, "true", "Whether the common name comes from the request that is signed") \
	F(BOOL, use_csr_sans, "true", "Whether alternative names come from the request that is signed") \
	F(LIST, ou, "[]", "Organizational units of the subject") \
	F(LIST, organization, "[]", "Organizations of the subject") \
	F(LIST, country, "[]", "Countries of the subject") \
	F(LIST, locality, "[]", "Localities of the subject") \
	F(LIST, province, "[]", "Provinces of the subject") \
	F(LIST, street_address, "[]", "Street addresses of the subject") \
	F(LIST, postal_code, "[]", "Postal codes of the subject") \
	F(BOOL, generate_lease, "false", "Whether certificates have leases") \
	F(BOOL, no_store, "false", "Whether certificates are not kept") \
	F(BOOL, require_cn, "true", "Whether a common name is needed") \
	F(LIST, cn_validations, "[\"email\",\"hostname\"]", "Kinds of common names: email, hostname, or disabled") \
	F(ANY, policy_identifiers, "[]", "Policies, by object identifier or as {oid, cps, notice}") \
	F(BOOL, basic_constraints_valid_for_non_ca, "false", "Whether leaves have basic constraints") \
	F(SECONDS, not_before_duration, "30", "How long before its making a certificate begins") \
	F(STRING, not_after, "\"\"", "When certificates end, whatever is asked: YYYY-MM-ddTHH:MM:SSZ") \
	F(STRING, issuer_ref, "\"default\"", "Who signs: an issuer's name or id, or default")

struct pki_role {
	PKI_ROLE_FIELDS(PKI_FIELD_MEMBER)
	/* not of a role's own, but of what is made like one */
	bool has_path_length;
	int64_t path_length;
	const char *name;
};

void pki_role_defaults(struct pool *pool, struct pki_role *role);
void pki_role_read(struct pool *pool, const struct json *stored, struct pki_role *role);
void pki_role_write(struct json_writer *w, const struct pki_role *role);
/*
 * A copy of the role in *role, with what its texts rest in until it is given back; NULL where there is none. Roles that
 * were used last stay parsed in the mount's state.
 */
struct pki_role_kept;
struct pki_role_kept *pki_role_take(struct request *r, const char *name, struct pki_role *role);
void pki_role_give(struct pki_role_kept **kept);
#define _cleanup_role_ __attribute__((cleanup(pki_role_give)))

extern const struct route_table pki_role_routes[];

/* -- checks of names, pure -- */

/* hostnames: see the role's enforce_hostnames. display_name: the token's, may be NULL. Whether the name is allowed. */
bool pki_name_allowed(const struct pki_role *role, const char *display_name, struct pool *pool, const char *name);
bool pki_common_name_allowed(const struct pki_role *role, const char *display_name, struct pool *pool,
			     const char *name);
bool pki_glob(const char *pattern, const char *text);
bool pki_hostname(const char *name); /* a host name, perhaps with "*." before it */
/* A label with one '*' in it: alone, before, behind or between what labels are made of. */
bool pki_wild_label(const char *label);
/* Internationalised labels as Punycode (RFC 3492). NULL with *bad: a label that is empty or too long. */
const char *pki_to_ascii(struct pool *pool, const char *name, const char **bad);
bool pki_listed(const struct names *globs, const char *value);
/* NULL: all are; else the error. */
const char *pki_others_refused(struct pool *pool, const struct names *allowed, const struct names *asked);
bool pki_ip_read(struct pool *pool, const char *text, struct blob *ip);
/* "2031-02-03T04:05:06Z", with fractions and offsets; false: not one. Unix seconds. */
bool pki_time_read(const char *text, int64_t *seconds);

#endif
