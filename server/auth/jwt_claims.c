/* What a token says, and whether that is what a role asks for. */
#include <stdlib.h>
#include <string.h>

#include "server/auth/jwt_auth.h"
#include "server/auth/x509.h"

#define LEEWAY 150
#define SKEW 60

/* One step of a JSON pointer: a member, or a place in an array. */
static const struct json *pointer_step(const struct json *value, const char *step)
{
	size_t index = 0;

	if (value->kind == JSON_OBJECT)
		return json_member(value, step);
	if (value->kind != JSON_ARRAY || !*step || strlen(step) > 6 || (*step == '0' && step[1]))
		return NULL;
	for (; *step; step++) {
		if (*step < '0' || *step > '9')
			return NULL;
		index = index * 10 + (size_t)(*step - '0');
	}
	return json_at(value, index);
}

/* "~1" is '/', "~0" is '~' (RFC 6901 section 3). */
static void unescape(char *step)
{
	char *to = step;

	for (; *step; step++) {
		if (step[0] == '~' && (step[1] == '0' || step[1] == '1'))
			*to++ = *++step == '1' ? '/' : '~';
		else
			*to++ = *step;
	}
	*to = '\0';
}

const struct json *claim_find(struct pool *p, const struct json *claims, const char *name)
{
	const struct json *value = claims;

	if (*name != '/')
		value = json_member(claims, name);
	while (value && *name == '/') {
		size_t size = strcspn(name + 1, "/");
		char *step = pool_copy(p, name + 1, size);

		unescape(step);
		value = pointer_step(value, step);
		name += 1 + size;
	}
	return value && value->kind != JSON_NULL ? value : NULL;
}

/* NumericDate: seconds, perhaps with a fraction, which is cut. False: it is there and not one. */
static bool date_read(const struct json *claims, const char *name, bool *there, int64_t *date)
{
	const struct json *value = json_member(claims, name);
	char text[32];
	double seconds;

	*there = value && value->kind != JSON_NULL;
	*date = 0;
	if (!*there)
		return true;
	if (value->kind != JSON_NUMBER || value->span.size >= sizeof(text))
		return false;
	memcpy(text, value->span.at, value->span.size);
	text[value->span.size] = '\0';
	seconds = strtod(text, NULL);
	if (!(seconds >= 0 && seconds < 253402300800.0)) /* the year 10000 */
		return false;
	*date = (int64_t)seconds;
	return true;
}

static int64_t leeway(int64_t said, int64_t usual)
{
	return said < 0 ? 0 : said ? said : usual;
}

static const char *times_check(struct request *r, const struct jwt_role *role, const struct json *claims)
{
	int64_t now = request_seconds(r), skew = leeway(role->clock_skew_leeway, SKEW), exp, nbf, iat;
	bool has_exp, has_nbf, has_iat;

	if (!date_read(claims, "exp", &has_exp, &exp) || !date_read(claims, "nbf", &has_nbf, &nbf) ||
	    !date_read(claims, "iat", &has_iat, &iat))
		return "invalid time: expected \"exp\", \"nbf\" and \"iat\" to be numbers";
	if (!has_exp && !has_nbf && !has_iat)
		return "no issued at (iat), not before (nbf), or expiration time (exp) claims in token";
	/* A date that is missing follows from the others. */
	if (!has_exp)
		exp = (nbf > iat ? nbf : iat) + leeway(role->expiration_leeway, LEEWAY);
	if (!has_nbf)
		nbf = has_iat ? iat : exp - leeway(role->not_before_leeway, LEEWAY);
	if (now > exp + skew)
		return "invalid expiration time (exp) claim: token is expired";
	if (now + skew < nbf)
		return "invalid not before (nbf) claim: token not yet valid";
	if (has_iat && now + skew < iat)
		return "invalid issued at (iat) claim: token issued in the future";
	return NULL;
}

static const char *audience_check(struct request *r, const struct json *claims, const struct names *audiences)
{
	const struct json *aud = json_member(claims, "aud");
	struct names said = { NULL, 0 };
	const char *one;

	if (aud && aud->kind == JSON_ARRAY)
		said = names_read(&r->pool, aud);
	one = pool_json_text(&r->pool, aud);
	if (one)
		names_add(&r->pool, &said, one);
	if (!audiences->count)
		return said.count ? "audience claim found in JWT but no audiences bound to the role" : NULL;
	for (size_t i = 0; i < said.count; i++)
		if (names_have(audiences, said.at[i]))
			return NULL;
	return "invalid audience (aud) claim: audience claim does not match any expected audience";
}

const char *claims_check(struct request *r, const struct jwt_config *c, const struct jwt_role *role,
			 const struct json *claims, const struct names *audiences)
{
	const char *iss = pool_json_member(&r->pool, claims, "iss"), *sub = pool_json_member(&r->pool, claims, "sub");
	const char *why;

	if (*c->bound_issuer && (!iss || strcmp(iss, c->bound_issuer)))
		return "invalid issuer (iss) claim";
	if (*role->bound_subject && (!sub || strcmp(sub, role->bound_subject)))
		return "invalid subject (sub) claim";
	why = audience_check(r, claims, audiences);
	return why ? why : times_check(r, role, claims);
}

static bool value_same(struct pool *p, const struct json *wanted, const struct json *said, bool glob)
{
	const char *a, *b;

	if (wanted->kind != said->kind)
		return false;
	if (wanted->kind != JSON_STRING)
		return (wanted->kind == JSON_NUMBER || wanted->kind == JSON_BOOL) &&
		       wanted->span.size == said->span.size &&
		       !memcmp(wanted->span.at, said->span.at, wanted->span.size);
	a = pool_json_text(p, wanted);
	b = pool_json_text(p, said);
	return a && b && (glob ? glob_matches(a, b) : !strcmp(a, b));
}

/* One value or a list of them on either side: one pair that is the same suffices. */
static bool claim_matches(struct pool *p, const struct json *wanted, const struct json *said, bool glob)
{
	if (wanted->kind == JSON_ARRAY) {
		for (const struct json *w = wanted->first; w; w = w->next)
			if (w->kind != JSON_ARRAY && claim_matches(p, w, said, glob))
				return true;
		return false;
	}
	if (said->kind == JSON_ARRAY) {
		for (const struct json *s = said->first; s; s = s->next)
			if (value_same(p, wanted, s, glob))
				return true;
		return false;
	}
	return value_same(p, wanted, said, glob);
}

const char *claims_bound(struct request *r, const struct jwt_role *role, const struct json *claims)
{
	bool glob = !strcmp(role->bound_claims_type, "glob");
	const struct json *wanted, *said;
	struct text_error error;

	if (!role->bound_claims.size)
		return NULL;
	wanted = pool_read_json(&r->pool, (const char *)role->bound_claims.at, role->bound_claims.size, &error);
	for (const struct json *w = wanted ? wanted->first : NULL; w; w = w->next) {
		char *name = pool_take(&r->pool, w->name.size + 1);

		if (json_decode(w->name, name, w->name.size + 1) < 0)
			return "bound claim with a name that cannot be read";
		said = claim_find(&r->pool, claims, name);
		if (!said)
			return pool_printf(&r->pool, "claim \"%s\" is missing", name);
		if (!claim_matches(&r->pool, w, said, glob))
			return pool_printf(&r->pool, "claim \"%s\" does not match any associated bound claim values",
					   name);
	}
	return wanted ? NULL : "bound claims that cannot be read";
}
