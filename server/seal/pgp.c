#include "server/seal/pgp.h"

const char *pgp_check(const char *key, struct pool *pool, const char **fingerprint)
{
	(void)key;
	(void)pool;
	(void)fingerprint;
	return "PGP keys are not supported";
}

struct blob pgp_encrypt(const char *key, const void *data, size_t size, struct pool *pool)
{
	(void)key;
	(void)data;
	(void)size;
	(void)pool;
	return (struct blob){ NULL, 0 };
}
