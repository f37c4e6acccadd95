#include "server/auth/password.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/random.h"

#define HASH_SIZE 60 /* "$2b$10$", 22 characters of salt, 31 of hash */

static const char nobody[] = "$2b$10$adytonadytonadytonadyu0000000000000000000000000000000";

int password_cost(const char *hash)
{
	static const char digits[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	if (strlen(hash) != HASH_SIZE || hash[0] != '$' || hash[1] != '2' || !strchr("aby", hash[2]) ||
	    hash[3] != '$' || hash[6] != '$' || hash[4] < '0' || hash[4] > '3' || hash[5] < '0' || hash[5] > '9' ||
	    strspn(hash + 7, digits) != HASH_SIZE - 7)
		return -1;
	return (hash[4] - '0') * 10 + hash[5] - '0';
}

/* crypt_r() needs 32 KiB, which hold the password afterwards: pool memory is wiped, and so is this, at once. */
static const char *crypt_text(struct pool *p, const char *password, const char *setting)
{
	struct crypt_data *data = pool_take(p, sizeof(*data));
	const char *made = crypt_r(password, setting, data);
	const char *text = made && *made != '*' ? pool_text(p, made) : NULL;

	mem_wipe(data, sizeof(*data));
	return text;
}

const char *password_hash(struct pool *p, const char *password)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	uint8_t salt[16];

	if (strlen(password) > PASSWORD_MAX)
		return NULL;
	random_bytes(salt, sizeof(salt));
	if (!crypt_gensalt_rn("$2b$", 10, (const char *)salt, sizeof(salt), setting, sizeof(setting)))
		abort(); /* nothing in it depends on what anybody said */
	return crypt_text(p, password, setting);
}

bool password_matches(struct pool *p, const char *password, const char *hash)
{
	const char *against = hash ? hash : nobody;
	const char *made = crypt_text(p, password, against);
	bool same = made && strlen(made) == HASH_SIZE && strlen(against) == HASH_SIZE &&
		    !CRYPTO_memcmp(made, against, HASH_SIZE);

	return same && hash && strlen(password) <= PASSWORD_MAX;
}
