/* Who asks: from the text that a client sent to a token that may be used now, from here, by who holds its key. */
#include <openssl/crypto.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/sha256.h"
#include "server/auth/cidr.h"
#include "server/identity/identity.h"
#include "server/lease/lease.h"
#include "server/token/tokens.h"

static bool is_batch(const char *text)
{
	return !strncmp(text, TOKEN_BATCH_PREFIX, strlen(TOKEN_BATCH_PREFIX));
}

/* Uses that are left are not looked at. */
static struct token *token_of_text(struct request *r, const char *text)
{
	struct token *t;

	if (!*text || strlen(text) > TOKEN_TEXT_MAX)
		return NULL;
	if (is_batch(text))
		return batch_open(r, text);
	t = token_load(r, token_hash(r, text));
	if (t)
		t->id = text;
	return t;
}

/* For showing: what is left of its uses, and none at all where that is nothing. */
static struct token *token_shown(struct request *r, struct token *t)
{
	if (!t || t->type == TOKEN_BATCH || !t->num_uses)
		return t;
	t->num_uses = uses_left(r, t->hash);
	return t->num_uses ? t : NULL;
}

struct token *token_find(struct request *r, const char *text)
{
	if (r->token && r->token->id && !strcmp(text, r->token->id))
		return r->token;
	return token_shown(r, token_of_text(r, text));
}

const char *accessor_token(struct request *r, const char *accessor)
{
	const char *key = pool_printf(&r->pool, "accessor/%s", token_hash(r, accessor));

	return *accessor ? pool_json_member(&r->pool, entry_read(r, &tokens_view, key), "token") : NULL;
}

struct token *token_by_accessor(struct request *r, const char *accessor)
{
	const char *hash = accessor_token(r, accessor);

	return hash ? token_shown(r, token_load(r, hash)) : NULL;
}

/* SHA-256 of the SubjectPublicKeyInfo of the client's certificate; that it holds the key was proved by TLS. */
static bool holds_key(const struct request *r, const char *bound_key)
{
	const struct blob *leaf = r->origin.certificate_count ? r->origin.certificates : NULL;
	const unsigned char *at = leaf ? leaf->at : NULL;
	X509 *certificate = leaf ? d2i_X509(NULL, &at, (long)leaf->size) : NULL;
	uint8_t digest[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1] = "";
	unsigned char *spki = NULL;
	int size;

	size = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki) : 0;
	if (size > 0) {
		sha256(spki, (size_t)size, digest);
		hex_encode(digest, sizeof(digest), hex);
	}
	OPENSSL_free(spki);
	X509_free(certificate);
	return *hex && strlen(bound_key) == strlen(hex) && !CRYPTO_memcmp(bound_key, hex, strlen(hex));
}

/* A token of an entity that was deleted or disabled is of no use. */
static bool entity_allows(struct request *r, const struct token *t)
{
	if (!t->entity_id || !*t->entity_id)
		return true;
	r->entity = entity_find(r, t->entity_id);
	return r->entity && !r->entity->disabled;
}

bool token_authenticate(struct request *r)
{
	struct token *t = r->token_text ? token_of_text(r, r->token_text) : NULL;

	if (!t || !cidrs_allow(&t->bound_cidrs, r->origin.remote_address))
		return false;
	if (t->bound_key && !holds_key(r, t->bound_key))
		return false;
	if (!entity_allows(r, t))
		return false;
	if (t->type == TOKEN_SERVICE && t->num_uses && !uses_count(r, t))
		return false;
	r->token = t;
	return true;
}

/* In a transaction of its own: whatever became of the request, its token has ended. */
void token_used_up(struct request *r)
{
	_cleanup_request_ struct request own = { .core = NULL };

	if (!r->token || !r->token->last_use || !r->token->hash)
		return;
	request_begin(&own, r->core);
	token_revoke(&own, r->token->hash);
	if (request_commit(&own))
		leases_committed(&own);
	else
		r->failed = own.failed;
}
