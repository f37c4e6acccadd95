/* A message (RFC 4880): the session key to the public key, then the data under AES-256 with a modification check. */
#include <string.h>

#include <openssl/evp.h>

#include "base/bytes.h"
#include "crypto/random.h"
#include "server/seal/pgp_session.h"

#define TAG_SESSION 1
#define TAG_DATA 18
#define TAG_LITERAL 11
#define BLOCK 16
#define SHA1_SIZE 20

static const char *key_of(const char *text, struct pool *pool, struct pgp_key *key)
{
	struct blob bytes;

	if (!pool_base64_read(pool, text, &bytes))
		return "error decoding given PGP key: expected base64";
	return pgp_key_read(key, bytes);
}

const char *pgp_check(const char *key, struct pool *pool, const char **fingerprint)
{
	struct pgp_key read;
	const char *error = key_of(key, pool, &read);

	if (!error && fingerprint)
		*fingerprint = pool_hex(pool, read.primary, sizeof(read.primary));
	return error ? error : pgp_session_check(&read);
}

static void packet_head(struct bytes_writer *w, uint8_t tag, size_t size)
{
	bytes_put_be(w, 0xc0 | tag, 1);
	bytes_put_be(w, 0xff, 1);
	bytes_put_be(w, size, 4);
}

/* What is encrypted: a random block, its end once more, the literal data, and a SHA-1 over all of it (section 5.13). */
static struct blob data_clear(const void *data, size_t size, struct pool *pool)
{
	size_t literal = 6 + size, whole = BLOCK + 2 + 6 + literal + 2 + SHA1_SIZE;
	struct bytes_writer w = { .at = pool_take(pool, whole), .size = whole };
	uint8_t *random = bytes_room(&w, BLOCK);
	unsigned int got = 0;
	size_t covered;

	random_bytes(random, BLOCK);
	bytes_put(&w, random + BLOCK - 2, 2);
	packet_head(&w, TAG_LITERAL, literal);
	bytes_put(&w, "b", 1); /* binary, no name, no date */
	bytes_put_zero(&w, 5);
	bytes_put(&w, data, size);
	bytes_put_be(&w, 0xd314, 2);
	covered = w.used;
	EVP_Digest(w.at, covered, bytes_room(&w, SHA1_SIZE), &got, EVP_sha1(), NULL);
	return (struct blob){ w.at, w.used };
}

static bool data_encrypt(const struct secret_key *key, struct blob clear, uint8_t *out)
{
	static const uint8_t zero[BLOCK];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int size = 0;
	bool good = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_cfb128(), NULL, key->bytes, zero) &&
		    EVP_EncryptUpdate(ctx, out, &size, clear.at, (int)clear.size) && (size_t)size == clear.size;

	EVP_CIPHER_CTX_free(ctx);
	return good;
}

struct blob pgp_encrypt(const char *key, const void *data, size_t size, struct pool *pool)
{
	_cleanup_key_ struct secret_key session = { .size = SECRET_KEY_MAX };
	struct bytes_writer w = { .size = 0 };
	struct blob clear, wrapped;
	struct pgp_key read;
	uint8_t *body;

	if (key_of(key, pool, &read) || pgp_session_check(&read) || size > 1 << 20)
		return (struct blob){ NULL, 0 };
	random_bytes(session.bytes, SECRET_KEY_MAX);
	wrapped = pgp_session_wrap(&read, &session, pool);
	if (!wrapped.size)
		return wrapped;
	clear = data_clear(data, size, pool);
	w.size = 6 + wrapped.size + 6 + 1 + clear.size;
	w.at = pool_take(pool, w.size);
	packet_head(&w, TAG_SESSION, wrapped.size);
	bytes_put(&w, wrapped.at, wrapped.size);
	packet_head(&w, TAG_DATA, 1 + clear.size);
	bytes_put_be(&w, 1, 1);
	body = bytes_room(&w, clear.size);
	return data_encrypt(&session, clear, body) ? (struct blob){ w.at, w.used } : (struct blob){ NULL, 0 };
}
