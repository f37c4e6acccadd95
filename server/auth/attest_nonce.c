#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "crypto/random.h"
#include "server/auth/attest.h"

#define NONCES_MAX 8192
#define NONCE_LIFE (60 * 1000000000LL)
#define ROLE_MAX 128

struct nonce {
	int64_t until; /* 0: free */
	uint8_t bytes[ATTEST_NONCE_SIZE];
	char role[ROLE_MAX];
};

/* They only live in memory: after a restart clients ask again. */
struct nonces {
	pthread_mutex_t lock;
	size_t next; /* where the search for a free one begins: the oldest are there */
	struct nonce all[NONCES_MAX];
};

struct nonces *nonces_make(void)
{
	struct nonces *n = calloc(1, sizeof(*n));

	if (!n)
		abort();
	pthread_mutex_init(&n->lock, NULL);
	return n;
}

void nonces_free(struct nonces *n)
{
	if (n)
		pthread_mutex_destroy(&n->lock);
	free(n);
}

bool nonce_give(struct nonces *n, int64_t now, const char *role, uint8_t nonce[ATTEST_NONCE_SIZE])
{
	struct nonce *at;
	bool free;

	if (strlen(role) >= ROLE_MAX)
		return false;
	pthread_mutex_lock(&n->lock);
	at = &n->all[n->next];
	free = at->until <= now;
	if (free) {
		n->next = (n->next + 1) % NONCES_MAX;
		random_bytes(at->bytes, sizeof(at->bytes));
		memcpy(nonce, at->bytes, sizeof(at->bytes));
		memcpy(at->role, role, strlen(role) + 1);
		at->until = now + NONCE_LIFE;
	}
	pthread_mutex_unlock(&n->lock);
	return free;
}

/* A nonce is no secret, only its being fresh counts: it is found by comparing, and gone whatever comes of it. */
bool nonce_take(struct nonces *n, int64_t now, const char *role, const uint8_t nonce[ATTEST_NONCE_SIZE])
{
	bool good = false;

	pthread_mutex_lock(&n->lock);
	for (size_t i = 0; i < NONCES_MAX; i++) {
		struct nonce *at = &n->all[i];

		if (!at->until || CRYPTO_memcmp(at->bytes, nonce, ATTEST_NONCE_SIZE) != 0)
			continue;
		good = at->until > now && !strcmp(at->role, role);
		at->until = 0;
	}
	pthread_mutex_unlock(&n->lock);
	return good;
}
