#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ratls/ratls.h"
#include "server/core/cluster.h"
#include "server/http/identity.h"

#define DAYS 30
#define RENEW_SECONDS (7 * 86400) /* evidence ages, and so does the collateral that it is checked with */

struct identity {
	struct core *core;
	pthread_mutex_t mutex; /* guards the rest */
	EVP_PKEY *own;         /* of this process, for when the store is closed */
	EVP_PKEY *key;
	X509 *certificate;
	uint8_t hash[32];      /* of the cluster key that it is for; zeros: for our own */
	int64_t made;          /* Unix seconds */
};

/* PKCS #8 in PEM; false: no memory. */
static bool key_text(EVP_PKEY *key, char text[RATLS_KEY_ROOM])
{
	BIO *bio = BIO_new(BIO_s_secmem());
	bool good = bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	int size = good ? BIO_read(bio, text, RATLS_KEY_ROOM - 1) : -1;

	text[size > 0 ? size : 0] = '\0';
	BIO_free(bio);
	return size > 0;
}

static X509 *certificate_read(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return x;
}

static X509 *certificate_make(EVP_PKEY *key, char why[RATLS_WHY_ROOM])
{
	char text[RATLS_KEY_ROOM];
	struct ratls_request request = { .name = "adyton-server", .days = DAYS, .key = text,
					 .without_evidence = access(RATLS_DEVICES "/quote", F_OK) != 0 };
	struct ratls_identity *made = malloc(sizeof(*made));
	X509 *x = NULL;

	if (made && key_text(key, text) && !ratls_make(&request, made, why))
		x = certificate_read(made->certificate);
	if (made)
		ratls_wipe(made);
	free(made);
	OPENSSL_cleanse(text, sizeof(text));
	return x;
}

/* What is shown stays as it is where a new one cannot be made (the quoting service may be away for a moment). */
static void identity_take(struct identity *i, EVP_PKEY *key, const uint8_t hash[32], int64_t now)
{
	char why[RATLS_WHY_ROOM] = "out of memory";
	X509 *x = certificate_make(key, why);

	if (!x) {
		fprintf(stderr, "adyton-server: listener: no certificate for this server's key: %s\n", why);
		return;
	}
	X509_free(i->certificate);
	EVP_PKEY_up_ref(key);
	EVP_PKEY_free(i->key);
	i->certificate = x;
	i->key = key;
	i->made = now;
	memcpy(i->hash, hash, 32);
}

/* The core is only looked at where nothing exclusive runs: a handshake does not wait for an unmounting. */
static void identity_follow(struct identity *i)
{
	static const uint8_t none[32];
	int64_t now = core_now(i->core) / 1000000000;
	EVP_PKEY *key;
	const uint8_t *hash;

	if (pthread_rwlock_tryrdlock(&i->core->lock))
		return;
	key = cluster_key(i->core);
	hash = key ? i->core->cluster_key_hash : none;
	if (memcmp(hash, i->hash, 32) != 0 || !i->certificate || now - i->made > RENEW_SECONDS)
		identity_take(i, key ? key : i->own, hash, now);
	pthread_rwlock_unlock(&i->core->lock);
}

struct identity *identity_make(struct core *core, char *error, size_t size)
{
	struct identity *i = calloc(1, sizeof(*i));

	if (!i)
		abort();
	pthread_mutex_init(&i->mutex, NULL);
	i->core = core;
	i->own = EVP_EC_gen("P-256");
	if (i->own)
		identity_follow(i);
	if (i->certificate)
		return i;
	snprintf(error, size, "listener: this server cannot make its certificate");
	identity_free(i);
	return NULL;
}

void identity_free(struct identity *i)
{
	if (!i)
		return;
	X509_free(i->certificate);
	EVP_PKEY_free(i->key);
	EVP_PKEY_free(i->own);
	pthread_mutex_destroy(&i->mutex);
	free(i);
}

int identity_show(SSL *session, void *identity)
{
	struct identity *i = identity;
	int good;

	pthread_mutex_lock(&i->mutex);
	identity_follow(i);
	good = SSL_use_certificate(session, i->certificate) == 1 && SSL_use_PrivateKey(session, i->key) == 1;
	pthread_mutex_unlock(&i->mutex);
	ERR_clear_error();
	return good;
}
