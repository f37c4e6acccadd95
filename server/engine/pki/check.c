/*
 * Which names a role allows: RFC 6125's wildcards, allowed domains bare, below and by glob. The order of the checks is
 * Vault's, since each of them decides what a later one sees.
 */
#include <string.h>
#include <strings.h>

#include "server/engine/pki/asn.h"
#include "server/engine/pki/role.h"

static bool ends_below(const char *name, const char *domain)
{
	size_t size = strlen(name), n = strlen(domain);

	return size > n && name[size - n - 1] == '.' && !strcmp(name + size - n, domain);
}

/* What is left of a name to be held against domains. */
struct reduced {
	const char *name;   /* without what stands before '@' and without a wildcard label */
	const char *whole;
	bool email, wildcard;
};

static bool name_reduce(const struct pki_role *role, struct pool *pool, const char *name, struct reduced *out)
{
	const char *at = strchr(name, '@'), *label = NULL, *dot, *bad;

	*out = (struct reduced){ name, name, at, false };
	if (at) {
		if (strchr(at + 1, '@'))
			return false;
		out->name = at + 1;
	}
	if (strchr(out->name, '*')) {
		out->wildcard = true;
		if (!role->allow_wildcard_certificates || at || strchr(strchr(out->name, '*') + 1, '*'))
			return false;
		dot = strchr(out->name, '.');
		if (dot && strchr(dot, '*'))
			return false;
		label = dot ? pool_copy(pool, out->name, (size_t)(dot - out->name)) : out->name;
		out->name = dot ? dot + 1 : "";
	}
	if (!role->enforce_hostnames)
		return true;
	if (*out->name) {
		const char *ascii = pki_to_ascii(pool, out->name, &bad);

		if (!ascii || !pki_hostname(ascii))
			return false;
	}
	return !label || pki_wild_label(label);
}

static bool allowed_local(const struct pki_role *role, const struct reduced *n)
{
	static const char *const locals[] = { "localhost", "localdomain" };

	for (size_t i = 0; i < 2; i++) {
		if (!n->wildcard && !strcmp(n->name, locals[i]))
			return true;
		if (role->allow_subdomains &&
		    (ends_below(n->name, locals[i]) || (n->wildcard && !strcmp(n->name, locals[i]))))
			return true;
	}
	return false;
}

static bool allowed_display(const struct pki_role *role, const struct reduced *n, const char *display)
{
	const char *at = strchr(display, '@');

	if (!strcmp(n->whole, display))
		return true;
	if (!role->allow_subdomains)
		return false;
	if (n->email && at && ends_below(n->name, at + 1))
		return true;
	return ends_below(n->name, display) || (n->wildcard && !strcmp(n->name, display));
}

static bool allowed_domain(const struct pki_role *role, const struct reduced *n, const char *domain)
{
	if (role->allow_bare_domains &&
	    (!strcasecmp(n->whole, domain) || (n->email && !strcasecmp(n->name, domain))))
		return true;
	if (role->allow_subdomains &&
	    (ends_below(n->name, domain) || (n->wildcard && !strcasecmp(n->name, domain))))
		return true;
	return role->allow_glob_domains && strchr(domain, '*') && pki_glob(domain, n->whole);
}

bool pki_name_allowed(const struct pki_role *role, const char *display_name, struct pool *pool, const char *name)
{
	struct reduced n;

	if (!name_reduce(role, pool, name, &n))
		return false;
	if (role->allow_any_name)
		return true;
	if (role->allow_localhost && allowed_local(role, &n))
		return true;
	if (role->allow_token_displayname && display_name && allowed_display(role, &n, display_name))
		return true;
	for (size_t i = 0; i < role->allowed_domains.count; i++)
		if (*role->allowed_domains.at[i] && allowed_domain(role, &n, role->allowed_domains.at[i]))
			return true;
	return false;
}

bool pki_common_name_allowed(const struct pki_role *role, const char *display_name, struct pool *pool,
			     const char *name)
{
	const struct names *kinds = &role->cn_validations;

	if (kinds->count == 1 && !strcmp(kinds->at[0], "disabled"))
		return true;
	if (!pki_name_allowed(role, display_name, pool, name))
		return false;
	return !kinds->count || names_have(kinds, strchr(name, '@') ? "email" : "hostname");
}

bool pki_listed(const struct names *globs, const char *value)
{
	for (size_t i = 0; i < globs->count; i++)
		if (*globs->at[i] && pki_glob(globs->at[i], value))
			return true;
	return false;
}

/* "<oid>;UTF8:<value>": the place of the value, with the OID; NULL with an error. */
static const char *other_parse(struct pool *pool, const char *other, const char **oid, const char **error)
{
	const char *semicolon = strchr(other, ';'), *colon = semicolon ? strchr(semicolon, ':') : NULL;
	size_t type = colon ? (size_t)(colon - semicolon - 1) : 0;
	struct asn scratch;

	if (!semicolon)
		*error = pool_printf(pool, "expected a semicolon in other SAN \"%s\"", other);
	else if (!colon)
		*error = pool_printf(pool, "expected a colon in other SAN \"%s\"", other);
	else if (!(type == 4 && !strncasecmp(semicolon + 1, "utf8", 4)) &&
		 !(type == 5 && !strncasecmp(semicolon + 1, "utf-8", 5)))
		*error = pool_printf(pool, "only utf8 other SANs are supported; found non-supported type in other SAN "
				     "\"%s\"", other);
	else {
		*oid = pool_copy(pool, other, (size_t)(semicolon - other));
		asn_init(&scratch, pool);
		if (asn_oid(&scratch, *oid))
			return colon + 1;
		*error = pool_printf(pool, "expected an object identifier in other SAN \"%s\"", other);
	}
	return NULL;
}

const char *pki_others_refused(struct pool *pool, const struct names *allowed, const struct names *asked)
{
	bool any = allowed->count == 1 && !strcmp(allowed->at[0], "*");
	const char *oid, *allowed_oid, *error = NULL;

	for (size_t i = 0; i < asked->count; i++) {
		const char *value = other_parse(pool, asked->at[i], &oid, &error);
		bool known = any, good = any;

		if (!value)
			return pool_printf(pool, "could not parse requested other SAN: %s", error);
		for (size_t j = 0; !any && j < allowed->count; j++) {
			const char *glob = other_parse(pool, allowed->at[j], &allowed_oid, &error);

			if (!glob)
				return pool_printf(pool, "error parsing role's allowed SANs: %s", error);
			if (!strcmp(oid, allowed_oid)) {
				known = true;
				good = good || pki_glob(glob, value);
			}
		}
		if (!known)
			return pool_printf(pool, "other SAN OID %s not allowed by this role", oid);
		if (!good)
			return pool_printf(pool, "other SAN %s not allowed for OID %s by this role", value, oid);
	}
	return NULL;
}
