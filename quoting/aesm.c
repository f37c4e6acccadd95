#include "quoting/aesm.h"
#include "abi/evidence.h"
#include "quoting/protobuf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define AESM_INIT_QUOTE_EX 15U
#define AESM_GET_QUOTE_EX 17U
#define AESM_MESSAGE_MAX 16384U
#define AESM_SECONDS 60
#define AESM_PUBLIC_KEY_ID 32U

/* sgx_ql_att_key_id_t: which attestation key is meant, by who signed its quoting enclave. */
struct aesm_key_id {
	uint16_t id, version, mrsigner_length;
	uint8_t mrsigner[48];
	uint32_t prod_id;
	uint8_t extended_prod_id[16], config_id[64], family_id[16];
	uint32_t algorithm;
	uint8_t room[98];
} __attribute__((packed));
_Static_assert(sizeof(struct aesm_key_id) == 256, "sgx_att_key_id_t");

/* Intel's production quoting enclave for ECDSA quotes with P-256. */
static const struct aesm_key_id aesm_intel = {
	.mrsigner_length = 32,
	.mrsigner = { 0x8c, 0x4f, 0x57, 0x75, 0xd7, 0x96, 0x50, 0x3e, 0x96, 0x13, 0x7f, 0x77, 0xc6, 0x8a, 0x82, 0x9a,
		      0x00, 0x56, 0xac, 0x8d, 0xed, 0x70, 0x14, 0x0b, 0x08, 0x1b, 0x09, 0x44, 0x90, 0xc5, 0x7b, 0xff },
	.prod_id = 1,
	.algorithm = QUOTE_KEY_P256,
};

static int aesm_connect(const char *path)
{
	const struct timeval limit = { .tv_sec = AESM_SECONDS };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return -errno;
	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >= sizeof(address.sun_path)) {
		close(fd);
		return -ENAMETOOLONG;
	}
	if (!connect(fd, (const struct sockaddr *)&address, sizeof(address)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return fd;
	error = -errno;
	close(fd);
	return error;
}

static int aesm_receive(int fd, void *to, size_t size)
{
	ssize_t n = recv(fd, to, size, MSG_WAITALL);

	return n < 0 ? -errno : (size_t)n == size ? 0 : -EPIPE;
}

/* One request on a connection of its own, as AESM wants it; the answer's length, or -errno. */
static long aesm_exchange(const char *path, const struct bytes_writer *request, uint8_t answer[AESM_MESSAGE_MAX])
{
	const uint32_t size = (uint32_t)request->used;
	uint32_t answered = 0;
	int fd = aesm_connect(path), error = 0;

	if (fd < 0)
		return fd;
	if (send(fd, &size, sizeof(size), MSG_NOSIGNAL) != sizeof(size) ||
	    send(fd, request->at, size, MSG_NOSIGNAL) != (ssize_t)size)
		error = -EPIPE;
	if (!error)
		error = aesm_receive(fd, &answered, sizeof(answered));
	if (!error)
		error = answered > AESM_MESSAGE_MAX ? -EMSGSIZE : aesm_receive(fd, answer, answered);
	close(fd);
	return error ? error : (long)answered;
}

/* Request and response have the same number; in the response, 1 is the error code and 2 what was asked for. */
static int aesm_ask(const char *path, uint32_t kind, const struct bytes_writer *inner, uint8_t answer[AESM_MESSAGE_MAX],
		    struct protobuf_field *result, struct fail *f)
{
	uint8_t message[2048];
	struct bytes_writer w = { .at = message, .size = sizeof(message) };
	struct protobuf_field response, code;
	long n;

	protobuf_put_bytes(&w, kind, inner->at, inner->used);
	n = w.failed || inner->failed ? -EMSGSIZE : aesm_exchange(path, &w, answer);
	if (n < 0) {
		(void)fail(f, "quote: no answer from AESM at %s: %s (is aesmd running?)", path, strerror((int)-n));
		return n == -ENOENT || n == -ECONNREFUSED ? -ENODEV : (int)n;
	}
	if (!protobuf_find(answer, (size_t)n, kind, true, &response) ||
	    !protobuf_find(response.at, response.size, 1, false, &code)) {
		(void)fail(f, "quote: AESM at %s answered something else than was asked", path);
		return -EPROTO;
	}
	if (code.value) {
		(void)fail(f, "quote: AESM refused with error %lu (aesm_error.h); DCAP's quoting library and provider "
			   "must be installed, and the platform registered", code.value);
		return -EIO;
	}
	if (protobuf_find(response.at, response.size, 2, true, result))
		return 0;
	(void)fail(f, "quote: AESM said that all is well, and left out what was asked for");
	return -EPROTO;
}

int aesm_target(const char *path, struct sgx_targetinfo *target, struct fail *f)
{
	uint8_t request[512], answer[AESM_MESSAGE_MAX];
	struct bytes_writer w = { .at = request, .size = sizeof(request) };
	struct protobuf_field result;
	int error;

	protobuf_put_bytes(&w, 1, &aesm_intel, sizeof(aesm_intel));
	protobuf_put_number(&w, 2, 0); /* certification key type: the platform's own */
	protobuf_put_number(&w, 3, 0); /* keep the attestation key */
	protobuf_put_number(&w, 4, 1); /* its id, too: without that the key is not made */
	protobuf_put_number(&w, 5, AESM_PUBLIC_KEY_ID);
	error = aesm_ask(path, AESM_INIT_QUOTE_EX, &w, answer, &result, f);
	if (!error && result.size != sizeof(*target)) {
		(void)fail(f, "quote: expected a TARGETINFO of 512 bytes from AESM, found %zu", result.size);
		error = -EPROTO;
	}
	if (!error)
		memcpy(target, result.at, sizeof(*target));
	return error;
}

/* AESM answers with as many bytes as there is room for: how long the quote is, it says itself. */
static uint32_t aesm_quote_size(const struct protobuf_field *result)
{
	const size_t head = sizeof(struct quote_header) + sizeof(struct sgx_report_body);
	uint32_t signature;

	if (result->size < head + sizeof(signature))
		return 0;
	memcpy(&signature, result->at + head, sizeof(signature));
	return signature > result->size - head - sizeof(signature) ? 0
								   : (uint32_t)(head + sizeof(signature)) + signature;
}

int aesm_quote(const char *path, const uint8_t report[SGX_REPORT_BYTES], uint8_t quote[AESM_QUOTE_MAX], uint32_t *size,
	       struct fail *f)
{
	uint8_t request[1024], answer[AESM_MESSAGE_MAX];
	struct bytes_writer w = { .at = request, .size = sizeof(request) };
	struct protobuf_field result;
	int error;

	protobuf_put_bytes(&w, 1, report, SGX_REPORT_BYTES);
	protobuf_put_bytes(&w, 2, &aesm_intel, sizeof(aesm_intel));
	protobuf_put_number(&w, 4, AESM_QUOTE_MAX);
	error = aesm_ask(path, AESM_GET_QUOTE_EX, &w, answer, &result, f);
	if (error)
		return error;
	*size = aesm_quote_size(&result);
	if (!*size || *size > AESM_QUOTE_MAX) {
		(void)fail(f, "quote: AESM's answer of %zu bytes is no whole quote", result.size);
		return -EPROTO;
	}
	memcpy(quote, result.at, *size);
	return 0;
}
