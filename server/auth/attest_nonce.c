/*
 * A nonce carries its time, and a MAC over time and role under a key of this mount's: giving one keeps nothing, so
 * that whoever asks for many takes nothing from others. What is kept are those with which somebody was let in, for as
 * long as they live.
 *
 * u64 Unix nanoseconds, big endian ‖ 8 random bytes ‖ first 16 bytes of HMAC-SHA256(key, the 16 before ‖ role)
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "crypto/hmac_sha256.h"
#include "crypto/random.h"
#include "server/auth/attest.h"

/* A set by two of a nonce's random bytes, which nobody chooses: at 250 logins a second 1 in 5,000 finds a full set. */
#define SETS 8192
#define WAYS 8
#define NONCE_LIFE (60 * 1000000000LL)
#define ROLE_MAX 128
#define HEAD 16

struct spent {
	int64_t until; /* 0: free */
	uint8_t nonce[ATTEST_NONCE_SIZE];
};

struct nonces {
	uint8_t key[32];
	pthread_mutex_t lock; /* guards the rest */
	struct spent spent[SETS][WAYS];
};

struct nonces *nonces_make(void)
{
	struct nonces *n = calloc(1, sizeof(*n));

	if (!n)
		abort();
	random_bytes(n->key, sizeof(n->key));
	pthread_mutex_init(&n->lock, NULL);
	return n;
}

void nonces_free(struct nonces *n)
{
	if (!n)
		return;
	pthread_mutex_destroy(&n->lock);
	mem_wipe(n->key, sizeof(n->key));
	free(n);
}

static void nonce_mac(const struct nonces *n, const uint8_t head[HEAD], const char *role, uint8_t mac[SHA256_SIZE])
{
	uint8_t text[HEAD + ROLE_MAX];
	size_t size = strlen(role);

	memcpy(text, head, HEAD);
	memcpy(text + HEAD, role, size);
	hmac_sha256(n->key, sizeof(n->key), text, HEAD + size, mac);
}

bool nonce_give(const struct nonces *n, int64_t now, const char *role, uint8_t nonce[ATTEST_NONCE_SIZE])
{
	struct bytes_writer w = { .at = nonce, .size = ATTEST_NONCE_SIZE };
	uint8_t mac[SHA256_SIZE];

	if (strlen(role) > ROLE_MAX)
		return false;
	bytes_put_be(&w, (uint64_t)now, 8);
	random_bytes(bytes_room(&w, 8), 8);
	nonce_mac(n, nonce, role, mac);
	bytes_put(&w, mac, ATTEST_NONCE_SIZE - HEAD);
	return true;
}

bool nonce_fresh(const struct nonces *n, int64_t now, const char *role, const uint8_t nonce[ATTEST_NONCE_SIZE])
{
	struct bytes_reader r = { nonce, ATTEST_NONCE_SIZE, false };
	int64_t given = (int64_t)bytes_take_be(&r, 8);
	uint8_t mac[SHA256_SIZE];

	if (strlen(role) > ROLE_MAX)
		return false;
	nonce_mac(n, nonce, role, mac);
	return !CRYPTO_memcmp(mac, nonce + HEAD, ATTEST_NONCE_SIZE - HEAD) && given <= now && now - given < NONCE_LIFE;
}

bool nonce_spend(struct nonces *n, int64_t now, const uint8_t nonce[ATTEST_NONCE_SIZE])
{
	struct spent *set = n->spent[(nonce[8] << 8 | nonce[9]) % SETS], *free = NULL;
	bool spent = false;

	pthread_mutex_lock(&n->lock);
	for (struct spent *s = set; s < set + WAYS; s++) {
		if (s->until <= now)
			free = s;
		else
			spent |= !memcmp(s->nonce, nonce, ATTEST_NONCE_SIZE);
	}
	if (free && !spent) {
		free->until = now + NONCE_LIFE;
		memcpy(free->nonce, nonce, ATTEST_NONCE_SIZE);
	}
	pthread_mutex_unlock(&n->lock);
	return free && !spent;
}
