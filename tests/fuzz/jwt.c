/* Tokens and keys of issuers: what is read lies within the text, and nothing unsigned is taken for signed. */
#include <stdlib.h>
#include <string.h>

#include "server/auth/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A key that never signed anything: whoever finds a text that it verifies has found a fault. */
static struct jwt_key stranger(void)
{
	static EVP_PKEY *pkey;

	if (!pkey)
		pkey = jwt_key_make("ES256");
	return (struct jwt_key){ .pkey = pkey };
}

static void try_token(struct pool *p, const char *text, size_t size)
{
	struct jwt_key key = stranger();
	struct jwt t;

	if (jwt_read(p, text, &t))
		return;
	if (!jwt_alg_known(t.alg) || t.header->kind != JSON_OBJECT || t.claims->kind != JSON_OBJECT)
		abort();
	if ((const char *)t.signed_part.at != text || t.signed_part.size >= size || !t.signature.size)
		abort();
	if (jwt_verify(&t, &key))
		abort();
}

static void try_key(struct pool *p, const char *text, size_t size)
{
	struct text_error error;
	const struct json *root = pool_read_json(p, text, size, &error);
	struct jwt_key key;

	if (!root || root->kind != JSON_OBJECT || jwt_key_of_jwk(p, root, &key))
		return;
	if (!key.pkey)
		abort();
	jwt_key_free(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool p;
	const char *text;
	struct jwt_key key;

	pool_init(&p);
	text = pool_copy(&p, (const char *)data, size);
	try_token(&p, text, strlen(text));
	try_key(&p, text, size);
	if (!jwt_key_of_pem(text, &key))
		jwt_key_free(&key);
	pool_close(&p);
	return 0;
}
