/*
 * The anchor in NV space of a TPM 2.0: version and digest, 40 bytes, under a secret that only the unsealed store knows.
 *
 * The secret passes the TPM's bus once, when the index is defined: who listens then can later pretend to be the TPM.
 * And NV space wears: a TPM takes some 100000 writes and 10 to 50 ms for each, so this is for stores that seldom
 * change.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/hkdf.h"
#include "server/store/anchor.h"
#include "server/store/tpm.h"

#define VALUE_SIZE (8 + 32)

struct tpm_anchor {
	struct anchor anchor;
	struct tpm tpm;
	struct secret_key secret;
	char *address;
};

/* Whoever stands between us and the TPM may have gone and come back. */
static int tpm_again(struct tpm_anchor *t, int err)
{
	if (err != -EPIPE && err != -EIO && err != -EBADMSG && err != -ECONNRESET)
		return err;
	tpm_close(&t->tpm);
	return tpm_open(&t->tpm, t->address) ? err : -EAGAIN;
}

static void tpm_anchor_key(struct anchor *a, const struct secret_key *key)
{
	struct tpm_anchor *t = a->state;

	t->secret.size = SECRET_KEY_MAX;
	if (!hkdf_key(NULL, 0, key->bytes, key->size, "adyton anchor tpm", &t->secret))
		abort(); /* of that size it always can */
}

static int tpm_anchor_read(struct anchor *a, struct anchor_value *value)
{
	struct tpm_anchor *t = a->state;
	uint8_t bytes[VALUE_SIZE];
	struct bytes_reader r = { .at = bytes, .left = sizeof(bytes) };
	int err = tpm_again(t, tpm_read(&t->tpm, &t->secret, bytes, sizeof(bytes)));

	if (err == -EAGAIN)
		err = tpm_read(&t->tpm, &t->secret, bytes, sizeof(bytes));
	value->version = bytes_take_be(&r, 8);
	bytes_copy(&r, value->digest, sizeof(value->digest));
	return err;
}

static int value_write(struct tpm_anchor *t, const struct anchor_value *to)
{
	uint8_t bytes[VALUE_SIZE];
	struct bytes_writer w = { .at = bytes, .size = sizeof(bytes) };

	bytes_put_be(&w, to->version, 8);
	bytes_put(&w, to->digest, sizeof(to->digest));
	return tpm_write(&t->tpm, &t->secret, bytes, sizeof(bytes));
}

/* NV space has no compare-and-set; the store is locked to one process, and a second one on a copy is seen here. */
static int tpm_anchor_advance(struct anchor *a, const struct anchor_value *from, const struct anchor_value *to)
{
	struct tpm_anchor *t = a->state;
	struct anchor_value now;
	int err;

	if (from) {
		err = tpm_anchor_read(a, &now);
		if (err)
			return err;
		if (now.version != from->version || memcmp(now.digest, from->digest, sizeof(now.digest)) != 0)
			return -ESTALE;
		return value_write(t, to);
	}
	err = value_write(t, to);
	if (err == -ENOENT)
		err = tpm_define(&t->tpm, &t->secret, VALUE_SIZE);
	else
		return err;
	return err ? err : value_write(t, to);
}

static void tpm_anchor_close(struct anchor *a)
{
	struct tpm_anchor *t = a->state;

	tpm_close(&t->tpm);
	free(t->address);
	mem_wipe(t, sizeof(*t));
	free(t);
}

struct anchor *anchor_tpm(const char *address, char *error, size_t size)
{
	struct tpm_anchor *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		abort();
	err = tpm_open(&t->tpm, address ? address : "");
	if (err) {
		snprintf(error, size, "anchor \"tpm\": %s: %s", address ? address : "no address",
			 err == -EINVAL ? "expected an address such as device:/dev/tpmrm0#01800001" : strerror(-err));
		free(t);
		return NULL;
	}
	t->address = strdup(address);
	if (!t->address)
		abort();
	t->anchor = (struct anchor){ "tpm", t, tpm_anchor_key, tpm_anchor_read, tpm_anchor_advance, tpm_anchor_close };
	return &t->anchor;
}
