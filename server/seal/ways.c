/* Seals that need nobody: a static key from the configuration, and a key that only this enclave can have. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/hkdf.h"
#include "server/seal/seal_state.h"

#define ENCLAVE_KEYS "/dev/attestation/keys/"

/* At most `max` bytes of a small file; -EFBIG: it has more. */
static long file_read(const char *path, void *to, size_t max)
{
	FILE *f = fopen(path, "rbe");
	size_t got;
	long result;

	if (!f)
		return -errno;
	got = fread(to, 1, max, f);
	result = ferror(f) ? -EIO : fgetc(f) != EOF ? -EFBIG : (long)got;
	fclose(f);
	return result;
}

/* 32 bytes as they are, in hex or in base64, an end of line behind. */
static bool static_decode(const char *text, size_t size, struct secret_key *key)
{
	_cleanup_pool_ struct pool pool = { NULL };
	struct blob bytes;

	pool_init(&pool);
	key->size = SECRET_KEY_MAX;
	if (size == SECRET_KEY_MAX) {
		memcpy(key->bytes, text, size);
		return true;
	}
	while (size && (text[size - 1] == '\n' || text[size - 1] == '\r' || text[size - 1] == ' '))
		size--;
	if (hex_decode(text, size, key->bytes, SECRET_KEY_MAX))
		return true;
	if (!pool_base64_read(&pool, pool_copy(&pool, text, size), &bytes) || bytes.size != SECRET_KEY_MAX)
		return false;
	memcpy(key->bytes, bytes.at, SECRET_KEY_MAX);
	return true;
}

static int static_key(const struct config *config, struct secret_key *key, char *error, size_t size)
{
	char text[256];
	long got;
	bool good;

	if (!config->seal_key == !config->seal_key_file) {
		snprintf(error, size, "seal \"static\": expected one of current_key and a file of it");
		return -EINVAL;
	}
	if (config->seal_key) {
		good = static_decode(config->seal_key, strlen(config->seal_key), key);
	} else {
		got = file_read(config->seal_key_file, text, sizeof(text));
		if (got < 0) {
			snprintf(error, size, "seal \"static\": reading %s: %s", config->seal_key_file,
				 strerror((int)-got));
			return (int)got;
		}
		good = static_decode(text, (size_t)got, key);
		mem_wipe(text, sizeof(text));
	}
	if (!good) {
		snprintf(error, size, "seal \"static\": expected a key of 32 bytes, raw, in hex or in base64");
		return -EINVAL;
	}
	return 0;
}

const struct seal_way seal_static = { "static", static_key };

/*
 * By default the signer's key: another build of the same signer with at least this version opens the store too. With
 * key = "mrenclave" only this very enclave does, and every update needs the recovery shares.
 */
static int enclave_key(const struct config *config, struct secret_key *key, char *error, size_t size)
{
	const char *whose = config->seal_key ? config->seal_key : "mrsigner", *path;
	uint8_t bytes[16];
	long got;

	if (!strcmp(whose, "mrsigner")) {
		path = ENCLAVE_KEYS "_sgx_mrsigner";
	} else if (!strcmp(whose, "mrenclave")) {
		path = ENCLAVE_KEYS "_sgx_mrenclave";
	} else {
		snprintf(error, size, "seal \"enclave\": expected the key mrsigner or mrenclave, found \"%s\"", whose);
		return -EINVAL;
	}
	got = file_read(path, bytes, sizeof(bytes));
	if (got != sizeof(bytes)) {
		snprintf(error, size, "seal \"enclave\": %s: expected 16 bytes, found %s (is this an enclave?)", path,
			 got < 0 ? strerror((int)-got) : "fewer");
		return got < 0 ? (int)got : -EINVAL;
	}
	key->size = SECRET_KEY_MAX;
	if (!hkdf_key(NULL, 0, bytes, sizeof(bytes), "adyton server seal", key))
		return -EINVAL;
	mem_wipe(bytes, sizeof(bytes));
	return 0;
}

const struct seal_way seal_enclave = { "enclave", enclave_key };
