#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "crypto/hmac_sha256.h"
#include "crypto/random.h"
#include "server/store/tpm.h"

#define MESSAGE_MAX 1024
#define NONCE 32

enum {
	TAG_PLAIN = 0x8001, TAG_SESSIONS = 0x8002,
	NV_DEFINE_SPACE = 0x12a, NV_WRITE = 0x137, NV_READ = 0x14e, NV_READ_PUBLIC = 0x169, START_AUTH_SESSION = 0x176,
	HANDLE_OWNER = 0x40000001, HANDLE_NULL = 0x40000007, HANDLE_PASSWORD = 0x40000009,
	ALGORITHM_SHA256 = 0x000b, ALGORITHM_NULL = 0x0010,
	RC_NV_UNINITIALIZED = 0x14a, RC_NV_DEFINED = 0x14c, RC_HANDLE_1 = 0x18b, RC_AUTH_FAIL_1 = 0x98e,
	RC_BAD_AUTH_1 = 0x9a2,
};
/* Read and written by its secret only, and no lockout by wrong ones. */
#define NV_ATTRIBUTES ((uint32_t)1 << 2 | (uint32_t)1 << 18 | (uint32_t)1 << 25)
#define NV_WRITTEN ((uint32_t)1 << 29)

int tpm_open(struct tpm *t, const char *address)
{
	const char *hash = strrchr(address, '#');
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	bool device = !strncmp(address, "device:", 7), local = !strncmp(address, "unix:", 5);
	const char *path = strchr(address, ':');
	char *end = NULL;

	*t = (struct tpm){ .fd = -1, .stream = local };
	if (!hash || (!device && !local) || (size_t)(hash - path) > sizeof(to.sun_path))
		return -EINVAL;
	memcpy(to.sun_path, path + 1, (size_t)(hash - path) - 1);
	t->index = (uint32_t)strtoul(hash + 1, &end, 16);
	if (*end || t->index >> 24 != 1)
		return -EINVAL;
	if (device) {
		t->fd = open(to.sun_path, O_RDWR | O_CLOEXEC);
	} else {
		t->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (t->fd >= 0 && connect(t->fd, (struct sockaddr *)&to, sizeof(to))) {
			int err = -errno;

			tpm_close(t);
			return err;
		}
	}
	return t->fd < 0 ? -errno : 0;
}

void tpm_close(struct tpm *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

static long answer_receive(struct tpm *t, uint8_t *to, size_t size)
{
	size_t got = 0, whole = 10;

	do {
		ssize_t n = read(t->fd, to + got, t->stream ? whole - got : size);

		if (n <= 0)
			return n ? -errno : -EPIPE;
		got += (size_t)n;
		if (got >= 10) {
			struct bytes_reader r = { .at = to + 2, .left = 4 };

			whole = (size_t)bytes_take_be(&r, 4);
			if (whole < 10 || whole > size)
				return -EBADMSG;
		}
	} while (got < whole);
	return got == whole ? (long)whole : -EBADMSG;
}

/* Send w (its size is put in) and leave `answer` behind the answer's head; its code, or -errno. */
static long tpm_ask(struct tpm *t, struct bytes_writer *w, uint8_t *buffer, struct bytes_reader *answer)
{
	struct bytes_writer head = { .at = w->at + 2, .size = 4 };
	ssize_t sent;
	long size;

	if (w->failed)
		return -EINVAL;
	bytes_put_be(&head, w->used, 4);
	sent = t->stream ? send(t->fd, w->at, w->used, MSG_NOSIGNAL) : write(t->fd, w->at, w->used);
	if (sent != (ssize_t)w->used)
		return -EIO;
	size = answer_receive(t, buffer, MESSAGE_MAX);
	if (size < 0)
		return size;
	*answer = (struct bytes_reader){ .at = buffer + 6, .left = (size_t)size - 6 };
	return (long)bytes_take_be(answer, 4);
}

static int code_error(long code, const char *what)
{
	switch (code) {
	case 0:
		return 0;
	case RC_HANDLE_1:
	case RC_NV_UNINITIALIZED:
		return -ENOENT;
	case RC_AUTH_FAIL_1:
	case RC_BAD_AUTH_1:
	case RC_NV_DEFINED:
		return -EACCES;
	default:
		if (code > 0)
			fprintf(stderr, "adyton-server: anchor: TPM2_%s: response code 0x%lx\n", what, code);
		return code < 0 ? (int)code : -EIO;
	}
}

static void command_begin(struct bytes_writer *w, uint8_t *buffer, uint16_t tag, uint32_t command)
{
	*w = (struct bytes_writer){ .at = buffer, .size = MESSAGE_MAX };
	bytes_put_be(w, tag, 2);
	bytes_put_be(w, 0, 4);
	bytes_put_be(w, command, 4);
}

static void put_sized(struct bytes_writer *w, const void *from, size_t size)
{
	bytes_put_be(w, size, 2);
	bytes_put(w, from, size);
}

/* Secrets lose trailing zeros in a TPM: ours has none. */
static size_t secret_text(const struct secret_key *secret, uint8_t out[SECRET_KEY_MAX])
{
	memcpy(out, secret->bytes, SECRET_KEY_MAX);
	out[SECRET_KEY_MAX - 1] |= 1;
	return SECRET_KEY_MAX;
}

static void public_put(struct bytes_writer *w, const struct tpm *t, uint32_t attributes, uint16_t size)
{
	bytes_put_be(w, t->index, 4);
	bytes_put_be(w, ALGORITHM_SHA256, 2);
	bytes_put_be(w, attributes, 4);
	bytes_put_be(w, 0, 2);
	bytes_put_be(w, size, 2);
}

int tpm_define(struct tpm *t, const struct secret_key *secret, uint16_t size)
{
	uint8_t message[MESSAGE_MAX], answer[MESSAGE_MAX], text[SECRET_KEY_MAX];
	struct bytes_reader r;
	struct bytes_writer w;
	int err;

	command_begin(&w, message, TAG_SESSIONS, NV_DEFINE_SPACE);
	bytes_put_be(&w, HANDLE_OWNER, 4);
	bytes_put_be(&w, 9, 4); /* the owner's empty password */
	bytes_put_be(&w, HANDLE_PASSWORD, 4);
	bytes_put_zero(&w, 5);
	secret_text(secret, text);
	put_sized(&w, text, sizeof(text));
	bytes_put_be(&w, 14, 2);
	public_put(&w, t, NV_ATTRIBUTES, size);
	err = code_error(tpm_ask(t, &w, answer, &r), "NV_DefineSpace");
	mem_wipe(message, sizeof(message));
	mem_wipe(text, sizeof(text));
	return err;
}

/*
 * The name of the index as we expect it to be: its attributes, whether it was written. What else the TPM has there has
 * another name, and then no HMAC fits.
 */
static int name_of(struct tpm *t, uint16_t size, uint8_t name[2 + SHA256_SIZE])
{
	uint8_t message[MESSAGE_MAX], answer[MESSAGE_MAX], public[14];
	struct bytes_writer w, p = { .at = public, .size = sizeof(public) };
	struct bytes_reader r;
	uint32_t attributes;
	int err;

	command_begin(&w, message, TAG_PLAIN, NV_READ_PUBLIC);
	bytes_put_be(&w, t->index, 4);
	err = code_error(tpm_ask(t, &w, answer, &r), "NV_ReadPublic");
	if (err)
		return err;
	bytes_take(&r, 8); /* size, index, algorithm */
	attributes = (uint32_t)bytes_take_be(&r, 4);
	if (r.failed || (attributes & ~NV_WRITTEN) != NV_ATTRIBUTES)
		return -EACCES;
	public_put(&p, t, attributes, size);
	name[0] = ALGORITHM_SHA256 >> 8;
	name[1] = ALGORITHM_SHA256 & 0xff;
	sha256(public, sizeof(public), name + 2);
	return 0;
}

struct session {
	uint32_t handle;
	uint8_t ours[NONCE], theirs[64];
	size_t theirs_size;
};

static int session_start(struct tpm *t, struct session *s)
{
	uint8_t message[MESSAGE_MAX], answer[MESSAGE_MAX];
	struct bytes_writer w;
	struct bytes_reader r;
	int err;

	random_bytes(s->ours, NONCE);
	command_begin(&w, message, TAG_PLAIN, START_AUTH_SESSION);
	bytes_put_be(&w, HANDLE_NULL, 4);
	bytes_put_be(&w, HANDLE_NULL, 4);
	put_sized(&w, s->ours, NONCE);
	bytes_put_be(&w, 0, 2); /* no salt */
	bytes_put_be(&w, 0, 1); /* an HMAC session */
	bytes_put_be(&w, ALGORITHM_NULL, 2);
	bytes_put_be(&w, ALGORITHM_SHA256, 2);
	err = code_error(tpm_ask(t, &w, answer, &r), "StartAuthSession");
	if (err)
		return err;
	s->handle = (uint32_t)bytes_take_be(&r, 4);
	s->theirs_size = (size_t)bytes_take_be(&r, 2);
	if (s->theirs_size > sizeof(s->theirs))
		return -EBADMSG;
	bytes_copy(&r, s->theirs, s->theirs_size);
	random_bytes(s->ours, NONCE);
	return r.failed ? -EBADMSG : 0;
}

/* HMAC(secret, hash ‖ newer nonce ‖ older nonce ‖ attributes): Part 1, 19.6.5. The session ends with the command. */
static void session_mac(const struct secret_key *secret, const uint8_t hash[SHA256_SIZE], const void *newer,
			size_t newer_size, const void *older, size_t older_size, uint8_t mac[HMAC_SHA256_SIZE])
{
	uint8_t text[SECRET_KEY_MAX], attributes = 0;
	struct hmac_sha256 ctx;

	hmac_sha256_init(&ctx, text, secret_text(secret, text));
	hmac_sha256_update(&ctx, hash, SHA256_SIZE);
	hmac_sha256_update(&ctx, newer, newer_size);
	hmac_sha256_update(&ctx, older, older_size);
	hmac_sha256_update(&ctx, &attributes, 1);
	hmac_sha256_final(&ctx, mac);
	mem_wipe(text, sizeof(text));
}

static void command_hash(uint32_t command, const uint8_t *name, const uint8_t *parameters, size_t size,
			 uint8_t hash[SHA256_SIZE])
{
	uint8_t code[4] = { (uint8_t)(command >> 24), (uint8_t)(command >> 16), (uint8_t)(command >> 8),
			    (uint8_t)command };
	struct sha256 ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, code, sizeof(code));
	sha256_update(&ctx, name, 2 + SHA256_SIZE); /* of the index as what authorizes */
	sha256_update(&ctx, name, 2 + SHA256_SIZE); /* and as what is used */
	sha256_update(&ctx, parameters, size);
	sha256_final(&ctx, hash);
}

/* The answer's parameters, once its HMAC was found right. */
static int answer_check(const struct secret_key *secret, uint32_t command, const struct session *s,
			struct bytes_reader *r, struct bytes_reader *parameters)
{
	uint8_t mac[HMAC_SHA256_SIZE], hash[SHA256_SIZE], head[8] = { 0 };
	const uint8_t *at, *nonce, *given;
	size_t size, nonce_size, given_size;
	struct sha256 ctx;

	size = (size_t)bytes_take_be(r, 4);
	at = bytes_take(r, size);
	nonce_size = (size_t)bytes_take_be(r, 2);
	nonce = bytes_take(r, nonce_size);
	bytes_take(r, 1);
	given_size = (size_t)bytes_take_be(r, 2);
	given = bytes_take(r, given_size);
	if (r->failed || given_size != sizeof(mac))
		return -EBADMSG;
	head[6] = (uint8_t)(command >> 8);
	head[7] = (uint8_t)command;
	sha256_init(&ctx);
	sha256_update(&ctx, head, sizeof(head)); /* success, and the command */
	sha256_update(&ctx, at, size);
	sha256_final(&ctx, hash);
	session_mac(secret, hash, nonce, nonce_size, s->ours, NONCE, mac);
	if (!mem_equal_secret(mac, given, sizeof(mac)))
		return -EBADMSG;
	*parameters = (struct bytes_reader){ .at = at, .left = size };
	return 0;
}

static int tpm_do(struct tpm *t, const struct secret_key *secret, uint32_t command, uint16_t size,
		  const uint8_t *parameters, size_t parameters_size, uint8_t *answer, struct bytes_reader *result)
{
	uint8_t message[MESSAGE_MAX], name[2 + SHA256_SIZE], hash[SHA256_SIZE], mac[HMAC_SHA256_SIZE];
	struct bytes_reader r;
	struct bytes_writer w;
	struct session s;
	int err = name_of(t, size, name);

	if (!err)
		err = session_start(t, &s);
	if (err)
		return err;
	command_hash(command, name, parameters, parameters_size, hash);
	session_mac(secret, hash, s.ours, NONCE, s.theirs, s.theirs_size, mac);
	command_begin(&w, message, TAG_SESSIONS, command);
	bytes_put_be(&w, t->index, 4);
	bytes_put_be(&w, t->index, 4);
	bytes_put_be(&w, 4 + 2 + NONCE + 1 + 2 + HMAC_SHA256_SIZE, 4);
	bytes_put_be(&w, s.handle, 4);
	put_sized(&w, s.ours, NONCE);
	bytes_put_be(&w, 0, 1);
	put_sized(&w, mac, sizeof(mac));
	bytes_put(&w, parameters, parameters_size);
	err = code_error(tpm_ask(t, &w, answer, &r), command == NV_READ ? "NV_Read" : "NV_Write");
	return err ? err : answer_check(secret, command, &s, &r, result);
}

int tpm_read(struct tpm *t, const struct secret_key *secret, void *to, uint16_t size)
{
	const uint8_t parameters[4] = { (uint8_t)(size >> 8), (uint8_t)size };
	uint8_t answer[MESSAGE_MAX];
	struct bytes_reader r;
	int err = tpm_do(t, secret, NV_READ, size, parameters, sizeof(parameters), answer, &r);

	if (err)
		return err;
	if (bytes_take_be(&r, 2) != size)
		return -EBADMSG;
	bytes_copy(&r, to, size);
	return r.failed ? -EBADMSG : 0;
}

int tpm_write(struct tpm *t, const struct secret_key *secret, const void *from, uint16_t size)
{
	uint8_t answer[MESSAGE_MAX], parameters[256];
	struct bytes_writer w = { .at = parameters, .size = sizeof(parameters) };
	struct bytes_reader r;

	put_sized(&w, from, size);
	bytes_put_be(&w, 0, 2);
	return w.failed ? -EINVAL : tpm_do(t, secret, NV_WRITE, size, parameters, w.used, answer, &r);
}
