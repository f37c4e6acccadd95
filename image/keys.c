#include "image/keys.h"
#include "image/io.h"
#include "image/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BITS 3072
#define KEY_EXPONENT 3

OSSL_LIB_CTX *keys_context(void)
{
	static OSSL_LIB_CTX *context;

	if (!context && OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL))
		context = OSSL_LIB_CTX_new();
	return context;
}

int keys_generate(EVP_PKEY **key, struct fail *f)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(keys_context(), "RSA", NULL);
	BIGNUM *exponent = BN_new();
	bool good = ctx && exponent && BN_set_word(exponent, KEY_EXPONENT) && EVP_PKEY_keygen_init(ctx) > 0 &&
		    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, KEY_BITS) > 0 &&
		    EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, exponent) > 0;

	*key = NULL;
	good = good && EVP_PKEY_generate(ctx, key) > 0;
	BN_free(exponent);
	EVP_PKEY_CTX_free(ctx);
	return good ? 0 : fail(f, "making a key: %s", ERR_reason_error_string(ERR_get_error()));
}

static int keys_write_fd(EVP_PKEY *key, int fd, const char *passphrase)
{
	BIO *bio = BIO_new(BIO_s_mem());
	EVP_CIPHER *cipher = passphrase ? EVP_CIPHER_fetch(keys_context(), "AES-256-CBC", NULL) : NULL;
	int err = -EIO;
	char *pem;
	long size;

	if (bio && (!passphrase || cipher) &&
	    PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, passphrase, passphrase ? (int)strlen(passphrase) : 0, NULL,
					  NULL)) {
		size = BIO_get_mem_data(bio, &pem);
		err = io_write(fd, pem, (size_t)size);
		if (!err && fsync(fd))
			err = -errno;
		OPENSSL_cleanse(pem, (size_t)size);
	}
	EVP_CIPHER_free(cipher);
	BIO_free(bio);
	return err;
}

int keys_write(EVP_PKEY *key, const char *path, const char *passphrase, struct fail *f)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return fail(f, "cannot write the key %s: %s", path, strerror(errno));
	err = keys_write_fd(key, fd, passphrase);
	if (close(fd) && !err)
		err = -errno;
	if (!err)
		return 0;
	unlink(path);
	return fail(f, "cannot write the key %s: %s", path, strerror(-err));
}

struct keys_question {
	struct passphrase *passphrase;
	const char *path;
	bool asked;
};

static int keys_ask(char *buffer, int size, int writing, void *context)
{
	struct keys_question *q = context;

	(void)writing;
	q->asked = true;
	return q->passphrase ? q->passphrase->ask(q->passphrase, q->path, buffer, size) : -1;
}

static int keys_check(EVP_PKEY *key, const char *path, struct fail *f)
{
	BIGNUM *e = NULL;
	bool good = EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) == KEY_BITS &&
		    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) && BN_is_word(e, KEY_EXPONENT);

	BN_free(e);
	return good ? 0 : fail(f, "key %s: expected an RSA key of 3072 bits with exponent 3, found %s of %d bits", path,
			       EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
}

int keys_read_any(EVP_PKEY **key, const char *path, struct passphrase *passphrase, struct fail *f)
{
	struct keys_question q = { .passphrase = passphrase, .path = path };
	uint8_t *pem;
	size_t size;
	BIO *bio;

	*key = NULL;
	if (io_read_file(path, 64 * KIB, &pem, &size, f))
		return -1;
	bio = BIO_new_mem_buf(pem, (int)size);
	if (bio)
		*key = PEM_read_bio_PrivateKey_ex(bio, NULL, keys_ask, &q, keys_context(), NULL);
	BIO_free(bio);
	OPENSSL_cleanse(pem, size);
	free(pem);
	if (*key)
		return 0;
	return fail(f, q.asked ? "key %s: it is encrypted, and the passphrase is missing or wrong" :
				 "key %s: expected a private key in PEM", path);
}

int keys_read(EVP_PKEY **key, const char *path, struct passphrase *passphrase, struct fail *f)
{
	if (keys_read_any(key, path, passphrase, f))
		return -1;
	if (!keys_check(*key, path, f))
		return 0;
	EVP_PKEY_free(*key);
	*key = NULL;
	return -1;
}

/* Two first builds at once: both make a key, link() lets one win, both then use that one. */
static int keys_development_make(const char *path, struct fail *f)
{
	char fresh[PATHS_MAX + 64];
	EVP_PKEY *key;
	int err;

	(void)snprintf(fresh, sizeof(fresh), "%s.%d", path, (int)getpid());
	if (keys_generate(&key, f))
		return -1;
	unlink(fresh);
	err = keys_write(key, fresh, NULL, f);
	EVP_PKEY_free(key);
	if (err)
		return -1;
	if (link(fresh, path) && errno != EEXIST)
		err = fail(f, "development key: cannot write %s: %s", path, strerror(errno));
	unlink(fresh);
	return err;
}

int keys_development(EVP_PKEY **key, struct fail *f)
{
	char folder[PATHS_MAX], path[PATHS_MAX + 32];
	struct stat st;

	*key = NULL;
	if (paths_config(folder, f))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/development.pem", folder);
	if (stat(path, &st) && keys_development_make(path, f))
		return -1;
	if (stat(path, &st) == 0 && st.st_mode & 077)
		return fail(f, "development key %s: expected mode 0600, found %04o", path, st.st_mode & 07777);
	return keys_read(key, path, NULL, f);
}
