#include "ratls/evidence.h"
#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CBOR_BYTES 2
#define CBOR_TEXT 3
#define CBOR_ARRAY 4
#define CBOR_MAP 5
#define CBOR_TAG 6
#define TAG_QUOTE 60000
#define HASH_SHA256 1 /* IANA, named information hash algorithms */
#define REPORT_DATA 64

int ratls_fail(char why[RATLS_WHY_ROOM], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, RATLS_WHY_ROOM, format, args);
	va_end(args);
	return -1;
}

/* A data item's head (RFC 8949, 3), in its shortest form. */
static void cbor_head(struct bytes_writer *w, unsigned int major, uint64_t value)
{
	size_t size = value < 24 ? 0 : value < 1U << 8 ? 1 : value < 1U << 16 ? 2 : 4;
	unsigned int more = size == 0 ? (unsigned int)value : size == 1 ? 24 : size == 2 ? 25 : 26;

	bytes_put_le(w, major << 5 | more, 1);
	bytes_put_be(w, value, size);
}

static void cbor_string(struct bytes_writer *w, unsigned int major, const void *at, size_t size)
{
	cbor_head(w, major, size);
	bytes_put(w, at, size);
}

size_t ratls_claims(const struct ratls_request *r, const uint8_t key_sha256[32], uint8_t to[RATLS_CLAIMS_MAX])
{
	static const char key_name[] = "pubkey-hash", nonce_name[] = "nonce";
	uint8_t hash[40];
	struct bytes_writer h = { .at = hash, .size = sizeof(hash) }, w = { .at = to, .size = RATLS_CLAIMS_MAX };

	cbor_head(&h, CBOR_ARRAY, 2);
	cbor_head(&h, 0, HASH_SHA256);
	cbor_string(&h, CBOR_BYTES, key_sha256, 32);
	cbor_head(&w, CBOR_MAP, r->nonce_size ? 2 : 1);
	cbor_string(&w, CBOR_TEXT, key_name, sizeof(key_name) - 1);
	cbor_string(&w, CBOR_BYTES, hash, h.used);
	if (r->nonce_size) {
		cbor_string(&w, CBOR_TEXT, nonce_name, sizeof(nonce_name) - 1);
		cbor_string(&w, CBOR_BYTES, r->nonce, r->nonce_size);
	}
	return w.failed || r->nonce_size > RATLS_NONCE_MAX ? 0 : w.used;
}

static int device_open(const struct ratls_request *r, const char *name, int flags, char why[RATLS_WHY_ROOM])
{
	const char *folder = r->devices ? r->devices : RATLS_DEVICES;
	char path[PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd >= 0 ? fd :
			 ratls_fail(why, "cannot open %s: %s%s", path, strerror(errno),
				    errno == ENOENT ? " (is this inside an enclave?)" : "");
}

static int device_write_report_data(const struct ratls_request *r, const uint8_t *data, char why[RATLS_WHY_ROOM])
{
	int fd = device_open(r, "user_report_data", O_WRONLY, why);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, data, REPORT_DATA);
	if (n != REPORT_DATA)
		(void)ratls_fail(why, "cannot write the report data: %s", n < 0 ? strerror(errno) : "it was cut");
	close(fd);
	return n == REPORT_DATA ? 0 : -1;
}

/* The quote's size, or -1. */
static ssize_t device_read_quote(const struct ratls_request *r, uint8_t *to, char why[RATLS_WHY_ROOM])
{
	int fd = device_open(r, "quote", O_RDONLY, why);
	size_t used = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -1;
	while (n > 0 && used < RATLS_QUOTE_MAX) {
		n = read(fd, to + used, RATLS_QUOTE_MAX - used);
		if (n > 0)
			used += (size_t)n;
	}
	if (n < 0)
		(void)ratls_fail(why, "cannot read a quote: %s", strerror(errno));
	close(fd);
	return n < 0 ? -1 : (ssize_t)used;
}

int ratls_evidence_get(const struct ratls_request *r, const uint8_t *claims, size_t size, struct ratls_evidence *to,
		       char why[RATLS_WHY_ROOM])
{
	uint8_t report_data[REPORT_DATA] = { 0 };
	static const size_t before = 16; /* room for the heads; the quote is read in place behind it */
	struct bytes_writer w = { .at = to->bytes, .size = sizeof(to->bytes) };
	ssize_t quote;

	(void)SHA256(claims, size, report_data);
	if (device_write_report_data(r, report_data, why))
		return -1;
	quote = device_read_quote(r, to->bytes + before, why);
	if (quote <= 0)
		return quote < 0 ? -1 : ratls_fail(why, "the quote is empty");
	cbor_head(&w, CBOR_TAG, TAG_QUOTE);
	cbor_head(&w, CBOR_ARRAY, 2);
	cbor_head(&w, CBOR_BYTES, (uint64_t)quote);
	memmove(to->bytes + w.used, to->bytes + before, (size_t)quote);
	w.used += (size_t)quote;
	cbor_string(&w, CBOR_BYTES, claims, size);
	to->size = w.used;
	return w.failed ? ratls_fail(why, "the evidence is larger than any of its kind") : 0;
}
