/*
 * Which names a role allows: RFC 6125's wildcards, allowed domains bare, below and by glob. The order of the checks is
 * Vault's, since each of them decides what a later one sees.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/escape.h"
#include "server/engine/pki/asn.h"
#include "server/engine/pki/role.h"

/* '*' stands for any characters, also none. */
bool pki_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *back = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			back = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++back;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static bool label_inner(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Letters, digits and '_', with '-' inside. */
static bool label_good(const char *at, size_t size)
{
	if (!size || !label_inner(at[0]) || !label_inner(at[size - 1]))
		return false;
	for (size_t i = 0; i < size; i++)
		if (!label_inner(at[i]) && at[i] != '-')
			return false;
	return true;
}

bool pki_hostname(const char *name)
{
	if (!strncmp(name, "*.", 2))
		name += 2;
	for (;;) {
		size_t size = strcspn(name, ".");

		if (!label_good(name, size))
			return false;
		name += size;
		if (!*name || !*++name) /* one dot may end it */
			return true;
	}
}

/* The leftmost label with its one '*': alone, before, behind or between good labels. */
static bool wild_label(const char *label)
{
	const char *star = strchr(label, '*');
	size_t before = (size_t)(star - label), behind = strlen(star + 1);

	return (!before || label_good(label, before)) && (!behind || label_good(star + 1, behind));
}

#define PUNY_BASE 36
static uint32_t puny_adapt(uint32_t delta, uint32_t count, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / 700 : delta / 2;
	for (delta += delta / count; delta > 35 * 26 / 2; k += PUNY_BASE)
		delta /= 35;
	return k + 36 * delta / (delta + 38);
}

/* RFC 3492 section 6.3 over a label of at most 63 characters, so that nothing here can overflow. */
static bool puny_encode(const uint32_t *codes, uint32_t count, struct text *out)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	uint32_t n = 128, delta = 0, bias = 72, basic = 0, done;

	for (uint32_t i = 0; i < count; i++)
		if (codes[i] < 128) {
			text_put_bytes(out, &(char){ (char)codes[i] }, 1);
			basic++;
		}
	done = basic;
	if (basic)
		text_put(out, "-");
	while (done < count) {
		uint32_t next = UINT32_MAX;

		for (uint32_t i = 0; i < count; i++)
			if (codes[i] >= n && codes[i] < next)
				next = codes[i];
		delta += (next - n) * (done + 1);
		n = next;
		for (uint32_t i = 0; i < count; i++) {
			uint32_t q = delta;

			delta += codes[i] < n;
			if (codes[i] != n)
				continue;
			q = delta;
			for (uint32_t k = PUNY_BASE;; k += PUNY_BASE) {
				uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;

				if (q < t)
					break;
				text_put_bytes(out, &digits[t + (q - t) % (PUNY_BASE - t)], 1);
				q = (q - t) / (PUNY_BASE - t);
			}
			text_put_bytes(out, &digits[q], 1);
			bias = puny_adapt(delta, done + 1, done == basic);
			delta = 0;
			done++;
		}
		delta++;
		n++;
	}
	return true;
}

static uint32_t code_at(const char *at, size_t n)
{
	uint32_t code = (uint8_t)*at;

	if (n > 1)
		code &= 0xffu >> (n + 1);
	for (size_t i = 1; i < n; i++)
		code = code << 6 | ((uint8_t)at[i] & 0x3f);
	return code;
}

/* One label; false: empty, too long, or not UTF-8. */
static bool label_to_ascii(const char *at, size_t size, struct text *out)
{
	uint32_t codes[63], count = 0;
	size_t before = out->used;
	bool plain = true;

	for (const char *end = at + size, *p = at; p < end;) {
		size_t n = utf8_length(p, end);

		if (!n || count == 63)
			return false;
		codes[count++] = code_at(p, n);
		plain = plain && n == 1;
		p += n;
	}
	if (plain) {
		text_put_bytes(out, at, size);
	} else {
		text_put(out, "xn--");
		puny_encode(codes, count, out);
	}
	return count && out->used - before <= 63;
}

const char *pki_to_ascii(struct pool *pool, const char *name, const char **bad)
{
	size_t size = strlen(name), room = 8 * size + 16;
	struct text t;

	text_init(&t, pool_take(pool, room), room);
	for (const char *at = name;;) {
		size_t label = strcspn(at, ".");

		if (!label_to_ascii(at, label, &t)) {
			*bad = pool_printf(pool, "idna: invalid label \"%s\"", pool_copy(pool, at, label));
			return NULL;
		}
		at += label;
		if (!*at)
			return t.at;
		text_put(&t, ".");
		if (!*++at) /* the root's dot */
			return t.at;
	}
}

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
	return !label || wild_label(label);
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

bool pki_ip_read(struct pool *pool, const char *text, struct blob *ip)
{
	uint8_t *bytes = pool_take(pool, 16);

	ip->at = bytes;
	ip->size = inet_pton(AF_INET, text, bytes) == 1 ? 4 : inet_pton(AF_INET6, text, bytes) == 1 ? 16 : 0;
	return ip->size;
}

/* Exactly `count` digits. */
static bool digits_read(const char **at, int count, int *value)
{
	*value = 0;
	for (int i = 0; i < count; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		*value = 10 * *value + (**at - '0');
	}
	return true;
}

/* RFC 3339 section 5.6. */
bool pki_time_read(const char *text, int64_t *seconds)
{
	static const char separators[] = "--T::";
	const char *at = text;
	struct tm tm = { .tm_isdst = 0 };
	int *const parts[6] = { &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec };
	int hours, minutes, sign, day;

	for (int i = 0; i < 6; i++) {
		if (!digits_read(&at, i ? 2 : 4, parts[i]) || (i < 5 && *at++ != separators[i]))
			return false;
	}
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 ||
	    tm.tm_min > 59 || tm.tm_sec > 59)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	day = tm.tm_mday;
	*seconds = timegm(&tm);
	if (tm.tm_mday != day) /* the 31st of a month of 30 */
		return false;
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++)
			;
	if (*at == 'Z')
		return !at[1];
	if (*at != '+' && *at != '-')
		return false;
	sign = *at++ == '+' ? 1 : -1;
	if (!digits_read(&at, 2, &hours) || *at++ != ':' || !digits_read(&at, 2, &minutes) || *at)
		return false;
	*seconds -= sign * (hours * 3600 + minutes * 60);
	return true;
}
