/*
 * Batch tokens carry their entry themselves: "hvb." and base64url of salt 16 ‖ nonce 12 ‖ ciphertext ‖ tag 16, under a
 * key of its own for each (HMAC-SHA-256 of the salt under the batch key), so that the number of them is no concern
 * (NIST SP 800-38D section 8.3). Nothing of them is stored, so only their time and their parent's end them.
 */
#include <string.h>

#include "base/mem.h"
#include "crypto/aes_gcm.h"
#include "crypto/hmac_sha256.h"
#include "crypto/random.h"
#include "server/token/tokens.h"

#define SALT_SIZE 16
#define HEAD_SIZE (SALT_SIZE + AES_GCM_NONCE_SIZE)

static const char aad[] = "adyton batch token 1";

static void batch_key(const struct tokens *tokens, const uint8_t *salt, struct aes_gcm *gcm)
{
	uint8_t key[HMAC_SHA256_SIZE];

	hmac_sha256(tokens->batch_key, sizeof(tokens->batch_key), salt, SALT_SIZE, key);
	aes_gcm_init(gcm, key);
	mem_wipe(key, sizeof(key));
}

const char *batch_seal(struct request *r, const struct token *t)
{
	struct aes_gcm gcm;
	struct json_writer w;
	struct blob plain;
	uint8_t *sealed;
	char *text;

	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	token_write(&w, t);
	json_close(&w);
	plain = pool_json_end(&w);
	sealed = pool_take(&r->pool, HEAD_SIZE + plain.size + AES_GCM_TAG_SIZE);
	random_bytes(sealed, HEAD_SIZE);
	batch_key(r->core->tokens, sealed, &gcm);
	aes_gcm_seal(&gcm, sealed + SALT_SIZE, aad, sizeof(aad) - 1, plain.at, plain.size, sealed + HEAD_SIZE,
		     sealed + HEAD_SIZE + plain.size);
	aes_gcm_wipe(&gcm);
	text = pool_base64(&r->pool, sealed, HEAD_SIZE + plain.size + AES_GCM_TAG_SIZE);
	for (char *c = text; *c; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	text[strcspn(text, "=")] = '\0';
	return pool_printf(&r->pool, TOKEN_BATCH_PREFIX "%s", text);
}

/* RFC 4648 section 5, without padding. */
static bool base64url_read(struct pool *p, const char *text, struct blob *out)
{
	static const char *const padding[] = { "", "", "==", "=" };
	char *standard;

	if (strpbrk(text, "+/="))
		return false;
	standard = pool_printf(p, "%s%s", text, padding[strlen(text) % 4]);
	for (char *c = standard; *c; c++)
		*c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
	return pool_base64_read(p, standard, out);
}

struct token *batch_open(struct request *r, const char *text)
{
	const struct json *entry;
	struct text_error error;
	struct aes_gcm gcm;
	struct blob sealed;
	size_t size;
	char *plain;
	struct token *t;
	bool good;

	if (!base64url_read(&r->pool, text + strlen(TOKEN_BATCH_PREFIX), &sealed) ||
	    sealed.size < HEAD_SIZE + AES_GCM_TAG_SIZE)
		return NULL;
	size = sealed.size - HEAD_SIZE - AES_GCM_TAG_SIZE;
	plain = pool_take(&r->pool, size + 1);
	batch_key(r->core->tokens, sealed.at, &gcm);
	good = aes_gcm_open(&gcm, sealed.at + SALT_SIZE, aad, sizeof(aad) - 1, sealed.at + HEAD_SIZE, size, plain,
			    sealed.at + HEAD_SIZE + size);
	aes_gcm_wipe(&gcm);
	entry = good ? pool_read_json(&r->pool, plain, size, &error) : NULL;
	if (!entry)
		return NULL;
	t = token_read(&r->pool, entry);
	t->type = TOKEN_BATCH;
	t->id = text;
	return token_ended(r, t) || (t->parent && !token_load(r, t->parent)) ? NULL : t;
}
