#include <string.h>

#include "server/auth/jwt.h"

char *base64url(struct pool *p, const void *bytes, size_t size)
{
	char *text = pool_base64(p, bytes, size);

	for (char *c = text; *c; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c;
	return text;
}

/* RFC 4648 section 5 without padding; what the last character leaves over must be zero: pool_base64_read() looks. */
bool base64url_read(struct pool *p, const char *text, size_t size, struct blob *out)
{
	char *standard = pool_take(p, size + 4);

	if (size % 4 == 1)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (strchr("+/=", text[i]))
			return false; /* NUL too: strchr finds it */
		standard[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
	}
	memset(standard + size, '=', (4 - size % 4) % 4);
	return pool_base64_read(p, standard, out);
}

static const struct json *part_read(struct pool *p, const char *text, size_t size)
{
	const struct json *root;
	struct text_error error;
	struct blob bytes;

	if (!base64url_read(p, text, size, &bytes) || !bytes.size)
		return NULL;
	root = pool_read_json(p, (const char *)bytes.at, bytes.size, &error);
	return root && root->kind == JSON_OBJECT ? root : NULL;
}

static const char *header_read(struct pool *p, struct jwt *t)
{
	const struct json *kid = json_member(t->header, "kid");

	t->alg = pool_json_member(p, t->header, "alg");
	t->kid = pool_json_text(p, kid);
	if (!t->alg || !jwt_alg_known(t->alg))
		return "its header names no signature algorithm that is supported";
	if (kid && !t->kid)
		return "its header's \"kid\" is not a string";
	/* RFC 7515 4.1.11: what we do not understand and must, we refuse; and we understand no extension. */
	if (json_member(t->header, "crit") || json_member(t->header, "b64"))
		return "its header has critical extensions";
	return NULL;
}

const char *jwt_read(struct pool *p, const char *text, struct jwt *t)
{
	size_t size = strnlen(text, JWT_SIZE_MAX + 1);
	const char *first, *second;

	*t = (struct jwt){ .alg = NULL };
	if (size > JWT_SIZE_MAX)
		return "it is longer than 64 KiB";
	first = strchr(text, '.');
	second = first ? strchr(first + 1, '.') : NULL;
	if (!second || strchr(second + 1, '.'))
		return "compact JWS format must have three parts";
	t->header = part_read(p, text, (size_t)(first - text));
	if (!t->header)
		return "its header is not base64url of a JSON object";
	t->claims = part_read(p, first + 1, (size_t)(second - first - 1));
	if (!t->claims)
		return "its claims are not base64url of a JSON object";
	if (!base64url_read(p, second + 1, strlen(second + 1), &t->signature) || !t->signature.size)
		return "its signature is not base64url";
	t->signed_part = (struct blob){ (const uint8_t *)text, (size_t)(second - text) };
	return header_read(p, t);
}
