/* What a certificate shall say, of role, request and issuer: names, times, usages. */
#include <string.h>
#include <strings.h>

#include "server/engine/pki/pki.h"
#include "server/token/token.h"

#define SECOND 1000000000LL
#define TTL_MAX 7000000000LL /* seconds: what nanoseconds since 1970 still hold */

static bool is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x21 || (unsigned char)*s > 0x7e)
			return false;
	return true;
}

/* A name goes where its form says: an address, a host name, or (a common name only) nowhere. */
static int san_add(struct request *r, struct pki_sans *sans, const char *name)
{
	const char *bad, *ascii;

	if (strchr(name, '@')) {
		if (!is_ascii(name))
			return refuse(r, 400, "email address %s cannot be encoded as an IA5String", name);
		names_add(&r->pool, &sans->emails, name);
		return 0;
	}
	ascii = pki_to_ascii(&r->pool, name, &bad);
	if (!ascii)
		return refuse(r, 400, "%s", bad);
	if (pki_hostname(ascii))
		names_add(&r->pool, &sans->dns, ascii);
	return 0;
}

static int sans_ask(struct request *r, const struct pki_csr *csr, const char *cn, struct pki_sans *sans)
{
	struct names alternatives = { NULL, 0 };
	int status = 0;

	if (csr) {
		sans->dns = csr->sans.dns;
		sans->emails = csr->sans.emails;
	} else {
		alternatives = ask_list(r, "alt_names");
	}
	if (cn && !ask_bool(r, "exclude_cn_from_sans", false))
		status = san_add(r, sans, cn);
	for (size_t i = 0; !status && i < alternatives.count; i++)
		status = san_add(r, sans, alternatives.at[i]);
	names_sort(&sans->dns);
	names_sort(&sans->emails);
	return status;
}

static int sans_check(struct request *r, const struct pki_role *role, const struct pki_sans *sans)
{
	const char *display = r->token ? r->token->display_name : NULL;

	for (size_t i = 0; i < sans->dns.count; i++)
		if (!pki_name_allowed(role, display, &r->pool, sans->dns.at[i]))
			return refuse(r, 400, "subject alternate name %s not allowed by this role", sans->dns.at[i]);
	for (size_t i = 0; i < sans->emails.count; i++)
		if (!pki_name_allowed(role, display, &r->pool, sans->emails.at[i]))
			return refuse(r, 400, "email address %s not allowed by this role", sans->emails.at[i]);
	return 0;
}

static int others_ask(struct request *r, const struct pki_role *role, const struct pki_csr *csr, struct pki_sans *sans)
{
	const char *error;

	sans->others = ask_list(r, "other_sans");
	for (size_t i = 0; csr && i < csr->sans.others.count; i++)
		names_add(&r->pool, &sans->others, csr->sans.others.at[i]);
	error = pki_others_refused(&r->pool, &role->allowed_other_sans, &sans->others);
	return error ? refuse(r, 400, "%s", error) : 0;
}

static int ips_ask(struct request *r, const struct pki_role *role, const struct pki_csr *csr, struct pki_sans *sans)
{
	struct names texts = csr ? (struct names){ NULL, 0 } : ask_list(r, "ip_sans");
	size_t limit = sizeof(sans->ips) / sizeof(sans->ips[0]);

	if (csr) {
		memcpy(sans->ips, csr->sans.ips, sizeof(sans->ips));
		sans->ip_count = csr->sans.ip_count;
	}
	for (size_t i = 0; i < texts.count; i++) {
		if (sans->ip_count == limit)
			return refuse(r, 400, "more than %zu IP Subject Alternative Names", limit);
		if (!pki_ip_read(&r->pool, texts.at[i], &sans->ips[sans->ip_count++]))
			return refuse(r, 400, "the value \"%s\" is not a valid IP address", texts.at[i]);
	}
	if (sans->ip_count && !role->allow_ip_sans)
		return refuse(r, 400,
			      "IP Subject Alternative Names are not allowed in this role, but was provided via %s",
			      csr ? "CSR" : "the API");
	return 0;
}

static int uris_ask(struct request *r, const struct pki_role *role, const struct pki_csr *csr, struct pki_sans *sans)
{
	const char *source = csr ? "CSR" : "the API";

	sans->uris = csr ? csr->sans.uris : ask_list(r, "uri_sans");
	if (sans->uris.count && !role->allowed_uri_sans.count)
		return refuse(r, 400,
			      "URI Subject Alternative Names are not allowed in this role, but were provided via %s",
			      source);
	for (size_t i = 0; i < sans->uris.count; i++) {
		if (!pki_listed(&role->allowed_uri_sans, sans->uris.at[i]))
			return refuse(r, 400,
				      "URI Subject Alternative Names were provided via %s which are not valid for "
				      "this role",
				      source);
		if (!is_ascii(sans->uris.at[i]) || !strchr(sans->uris.at[i], ':'))
			return refuse(r, 400, "the provided URI Subject Alternative Name \"%s\" is not a valid URI",
				      sans->uris.at[i]);
	}
	return 0;
}

static bool user_allowed(const struct pki_role *role, const char *id)
{
	for (size_t i = 0; i < role->allowed_user_ids.count; i++)
		if (!strcasecmp(role->allowed_user_ids.at[i], id))
			return true;
	return pki_listed(&role->allowed_user_ids, id);
}

static int subject_ask(struct request *r, const struct pki_role *role, const struct pki_csr *csr, const char *cn,
		       struct pki_wish *wish)
{
	struct names users = ask_list(r, "user_ids");
	struct pki_subject subject = {
		.country = &role->country, .organization = &role->organization, .ou = &role->ou,
		.locality = &role->locality, .province = &role->province, .street_address = &role->street_address,
		.postal_code = &role->postal_code, .common_name = cn, .user_ids = &users,
		.serial_number = ask_text(r, "serial_number"),
	};

	if (csr && (!subject.serial_number || !*subject.serial_number))
		subject.serial_number = csr->serial_number;
	if (csr && !users.count)
		users = csr->user_ids;
	if (subject.serial_number && *subject.serial_number &&
	    !pki_listed(&role->allowed_serial_numbers, subject.serial_number))
		return refuse(r, 400, "serial_number %s not allowed by this role", subject.serial_number);
	for (size_t i = 0; i < users.count; i++)
		if (!user_allowed(role, users.at[i]))
			return refuse(r, 400, "user_id %s is not allowed by this role", users.at[i]);
	wish->subject = pki_name(&r->pool, &subject);
	return 0;
}

/* The name, or NULL where there is none; false: refused. */
static bool common_name_ask(struct request *r, const struct pki_role *role, const struct pki_csr *csr, const char **cn)
{
	const char *display = r->token ? r->token->display_name : NULL;

	*cn = csr && role->use_csr_common_name ? csr->common_name : NULL;
	if (!*cn || !**cn)
		*cn = ask_text(r, "common_name");
	if (*cn && !**cn)
		*cn = NULL;
	if (!*cn && role->require_cn) {
		refuse(r, 400, "the common_name field is required, or must be provided in a CSR with "
		       "\"use_csr_common_name\" set to true, unless \"require_cn\" is set to false");
		return false;
	}
	if (*cn && !pki_common_name_allowed(role, display, &r->pool, *cn)) {
		refuse(r, 400, "common name %s not allowed by this role", *cn);
		return false;
	}
	return true;
}

int pki_wish_names(struct request *r, const struct pki_role *role, const struct pki_csr *csr, struct pki_wish *wish)
{
	const struct pki_csr *names = csr && role->use_csr_sans ? csr : NULL;
	struct pki_sans sans = { .ip_count = 0 };
	const char *cn;
	int status;

	if (!common_name_ask(r, role, csr, &cn))
		return 400;
	status = sans_ask(r, names, cn, &sans);
	status = status ? status : subject_ask(r, role, csr, cn, wish);
	status = status ? status : sans_check(r, role, &sans);
	status = status ? status : others_ask(r, role, names, &sans);
	status = status ? status : ips_ask(r, role, names, &sans);
	status = status ? status : uris_ask(r, role, names, &sans);
	if (!status && !pki_sans_encode(&r->pool, &sans, &wish->san))
		status = refuse(r, 400, "could not parse requested other SAN");
	return status;
}

/* How long, in seconds: the request, the role, the mount; no longer than the role or the mount allows. */
static int64_t ttl_ask(struct request *r, const struct pki_role *role)
{
	int64_t ttl = (int64_t)ask_seconds(r, "ttl", 0), most = role->max_ttl;

	if (!ttl)
		ttl = role->ttl;
	if (!ttl)
		ttl = (int64_t)mount_default_ttl(r->core, r->mount);
	if (!most)
		most = (int64_t)mount_max_ttl(r->core, r->mount);
	if (most > TTL_MAX)
		most = TTL_MAX;
	if (ttl <= most)
		return ttl;
	reply_warning(r, "TTL \"%s\" is longer than permitted maxTTL \"%s\", so maxTTL is being used",
		      duration_text(&r->pool, (uint64_t)ttl), duration_text(&r->pool, (uint64_t)most));
	return most;
}

/* The issuer's end bounds what it signs, as its leaf_not_after_behavior says. */
static int bound_by(struct request *r, const struct pki_issuer *issuer, int64_t *not_after)
{
	int64_t end = issuer->cert.not_after;

	if (*not_after / SECOND <= end || !strcmp(issuer->leaf_not_after_behavior, "permit"))
		return 0;
	if (strcmp(issuer->leaf_not_after_behavior, "truncate"))
		return refuse(r, 400,
			      "cannot satisfy request, as TTL would result in notAfter of %s that is beyond the "
			      "expiration of the CA certificate at %s",
			      time_text(&r->pool, *not_after), time_text(&r->pool, end * SECOND));
	*not_after = end * SECOND;
	return 0;
}

int pki_wish_times(struct request *r, const struct pki_role *role, const struct pki_issuer *issuer,
		   struct pki_wish *wish)
{
	const char *asked_end = ask_text_or(r, "not_after", ""), *end = *role->not_after ? role->not_after : asked_end;
	int64_t not_after = r->now, seconds, before = role->not_before_duration;
	int status = 0;

	if (*end) {
		if (ask_seconds(r, "ttl", 0))
			return refuse(r, 400,
				      "Either ttl or not_after should be provided. Both should not be provided in "
				      "the same request.");
		if (!pki_time_read(end, &seconds) || seconds > 253402300799)
			return refuse(r, 400,
				      "parsing time \"%s\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"%s\"", end,
				      end);
		not_after = seconds > INT64_MAX / SECOND ? INT64_MAX : seconds * SECOND;
	} else {
		not_after += ttl_ask(r, role) * SECOND;
		seconds = not_after / SECOND;
	}
	wish->not_before = request_seconds(r) - (before > 0 ? before : 30);
	if (issuer) {
		int64_t unbound = not_after;

		status = bound_by(r, issuer, &not_after);
		if (not_after != unbound)
			seconds = not_after / SECOND;
	}
	wish->not_after = seconds;
	if (!status && wish->not_after <= wish->not_before)
		status = refuse(r, 400, "cannot satisfy request, as NotAfter date %s is in the past",
				time_text(&r->pool, not_after));
	return status;
}

/* Flags come before names. */
static int usages_ask(struct request *r, const struct pki_role *role, struct pki_wish *wish)
{
	struct names names = { NULL, 0 };
	const char *bad;

	if (role->server_flag)
		names_add(&r->pool, &names, "ServerAuth");
	if (role->client_flag)
		names_add(&r->pool, &names, "ClientAuth");
	if (role->code_signing_flag)
		names_add(&r->pool, &names, "CodeSigning");
	if (role->email_protection_flag)
		names_add(&r->pool, &names, "EmailProtection");
	for (size_t i = 0; i < role->ext_key_usage.count; i++)
		names_add(&r->pool, &names, role->ext_key_usage.at[i]);
	wish->key_usage = pki_key_usages(&role->key_usage);
	if (!pki_ext_key_usages(&r->pool, &names, &role->ext_key_usage_oids, &wish->ext_key_usage, &bad))
		return refuse(r, 400, "\"%s\" could not be parsed as a valid oid for an extended key usage", bad);
	return 0;
}

/* Of an authority that crosses into this one: the key identifier that it had. */
static int skid_ask(struct request *r, struct pki_wish *wish)
{
	const char *text = ask_text_or(r, "skid", "");
	uint8_t *bytes = pool_take(&r->pool, strlen(text) / 2 + 1);
	size_t digits = 0;

	for (const char *at = text; *at; at++) {
		const char *hex = "00112233445566778899aAbBcCdDeEfF", *digit = strchr(hex, *at);

		if (strchr(":- ", *at))
			continue;
		if (!digit)
			return refuse(r, 400, "cannot parse requested SKID value as hex: %s", text);
		bytes[digits / 2] = (uint8_t)(bytes[digits / 2] << 4 | (digit - hex) / 2);
		digits++;
	}
	if (digits % 2)
		return refuse(r, 400, "cannot parse requested SKID value as hex: odd length hex string");
	if (digits)
		wish->skid = (struct blob){ bytes, digits / 2 };
	return 0;
}

int pki_wish_fill(struct request *r, const struct pki_role *role, const struct pki_csr *csr,
		  const struct pki_issuer *issuer, struct pki_wish *wish)
{
	int status;

	*wish = (struct pki_wish){ .path_length = -1, .policies = role->policy_identifiers,
				   .constraints = role->basic_constraints_valid_for_non_ca };
	pki_serial_make(wish->serial, r->now);
	status = pki_wish_names(r, role, csr, wish);
	status = status ? status : pki_wish_times(r, role, issuer, wish);
	status = status ? status : usages_ask(r, role, wish);
	status = status ? status : skid_ask(r, wish);
	return status;
}
