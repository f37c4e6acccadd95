/* `adyton platform init` and `adyton platform install`. */
#include "quoting/service.h"
#include "image/cleanup.h"
#include "image/io.h"
#include "image/keys.h"
#include "platform/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INIT_FAILED 125

static int init_failed(const struct fail *f)
{
	(void)fprintf(stderr, "adyton: %s\n", f->text);
	return INIT_FAILED;
}

/* MRSIGNER of the quoting enclave is in certificates and collateral: its key is made once. */
static int init_signing_key(const struct service *s, char path[PATHS_MAX], struct fail *f)
{
	EVP_PKEY *key = NULL;
	int error;

	if (io_make_dirs(s->dir, f) || folder_path(path, s, "quoting.pem", f))
		return -1;
	if (folder_has(s, "quoting.pem"))
		return 0;
	error = keys_generate(&key, f) || keys_write(key, path, NULL, f);
	EVP_PKEY_free(key);
	return error ? -1 : 0;
}

int init_main(struct service *s, const char *out)
{
	static uint8_t request[QUOTING_MAX];
	char key[PATHS_MAX], path[PATHS_MAX];
	struct service_image image = { .name = "quoting", .program = "quoting-enclave", .key_file = key,
				       .keys = "  product_id = 1\n  security_version = 1\n  provisioning = true\n" };
	struct fail f;
	uint32_t size;
	int error;

	if (init_signing_key(s, key, &f) || image_make(s, &image, &f))
		return init_failed(&f);
	error = run_ask(s, QUOTING_REQUEST, NULL, 0, request, &size, &f);
	run_end(s);
	if (error || folder_write(s, "request.json", 0644, request, size, &f) ||
	    folder_path(path, s, "request.json", &f))
		return init_failed(&f);
	if (out) {
		struct service elsewhere = { .dir = "." };

		if (out[0] == '/')
			elsewhere.dir = "";
		if (folder_write(&elsewhere, out, 0644, request, size, &f))
			return init_failed(&f);
	}
	(void)printf("%s\n", out ? out : path);
	return fflush(stdout) ? INIT_FAILED : 0;
}

static int install_read(const char *from, const char *name, uint8_t **data, size_t *size, struct fail *f)
{
	char path[PATHS_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", from, name) >= sizeof(path))
		return fail(f, "platform: the path %s is too long", from);
	return io_read_file(path, 1UL << 20, data, size, f);
}

/* The certificate must be for this platform's key, as its last request says. */
static int install_check(const struct service *s, const uint8_t *chain, size_t chain_size, struct fail *f)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct text_error error;
	struct request r;
	uint8_t point[64];
	size_t size;

	if (!folder_read(s, "request.json", &text, &size) || request_read(&r, (const char *)text, size, &error))
		return fail(f, "platform: there is no request in %s: run `adyton platform init` first", s->dir);
	if (!key_of_chain(chain, chain_size, 0, point))
		return fail(f, "platform: pck-chain.pem does not begin with a certificate of a key on P-256");
	if (memcmp(point, r.pck_public_key, sizeof(point)))
		return fail(f, "platform: pck-chain.pem begins with a certificate for another platform's key");
	return 0;
}

int install_main(struct service *s, const char *from)
{
	_cleanup_free_ uint8_t *chain = NULL, *collateral = NULL;
	size_t chain_size, collateral_size;
	struct fail f;

	if (install_read(from, "pck-chain.pem", &chain, &chain_size, &f) || install_check(s, chain, chain_size, &f))
		return init_failed(&f);
	if (install_read(from, "collateral.json", &collateral, &collateral_size, &f) == 0 &&
	    folder_write(s, "collateral.json", 0644, collateral, collateral_size, &f))
		return init_failed(&f);
	return folder_write(s, "pck-chain.pem", 0644, chain, chain_size, &f) ? init_failed(&f) : 0;
}
