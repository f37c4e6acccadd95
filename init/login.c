/* The login by evidence, from the client's side; server/auth/attest.h has the construction. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "init/init.h"

#define QUOTE_MAX (128 << 10)

static void part(EVP_MD_CTX *ctx, const void *bytes, size_t size)
{
	uint8_t length[4] = { (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size };

	EVP_DigestUpdate(ctx, length, sizeof(length));
	EVP_DigestUpdate(ctx, bytes, size);
}

static void report_data(const struct connection *c, const char *accessor, const uint8_t nonce[32], uint8_t data[64])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	memset(data, 0, 64);
	memcpy(data, "ADYLOGN1", 8);
	if (!ctx || EVP_DigestInit_ex(ctx, EVP_sha384(), NULL) != 1)
		init_fail("no SHA-384");
	part(ctx, c->options->cluster_key, sizeof(c->options->cluster_key));
	part(ctx, accessor, strlen(accessor));
	part(ctx, c->options->role, strlen(c->options->role));
	part(ctx, nonce, 32);
	part(ctx, c->key_hash, sizeof(c->key_hash));
	part(ctx, c->exporter, sizeof(c->exporter));
	if (EVP_DigestFinal_ex(ctx, data + 8, NULL) != 1)
		init_fail("no SHA-384");
	EVP_MD_CTX_free(ctx);
}

static int device_open(const struct connection *c, const char *name, int flags)
{
	char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", c->options->devices, name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		init_fail("%s: %s (is this inside an enclave?)", path, strerror(errno));
	return fd;
}

static size_t quote(const struct connection *c, const uint8_t data[64], uint8_t *to)
{
	int fd = device_open(c, "user_report_data", O_WRONLY);
	size_t used = 0;
	ssize_t n;

	if (write(fd, data, 64) != 64)
		init_fail("the report data of a login are refused: %s", strerror(errno));
	close(fd);
	fd = device_open(c, "quote", O_RDONLY);
	while ((n = read(fd, to + used, QUOTE_MAX - used)) > 0)
		used += (size_t)n;
	if (n < 0 || !used || used == QUOTE_MAX)
		init_fail("no quote: %s", n < 0 ? strerror(errno) : used ? "it is too long" : "it is empty");
	close(fd);
	return used;
}

static void member_text(const struct answer *a, const struct json *object, const char *name, char *to, size_t size)
{
	const struct json *value = json_member_of(object, name, JSON_STRING);
	long n = value ? json_decode(json_inside(value), to, size - 1) : -1;

	if (n < 0 || memchr(to, 0, (size_t)n))
		init_fail("login: the answer (status %d) has no member \"%s\": %s", a->status, name, answer_error(a));
	to[n] = '\0';
}

static void nonce_ask(struct connection *c, char accessor[64], uint8_t nonce[32])
{
	char path[256], body[512], hex[80];
	const struct json *data;
	struct answer a;

	(void)snprintf(path, sizeof(path), "auth/%s/nonce", c->options->mount);
	(void)snprintf(body, sizeof(body), "{\"role\":\"%s\"}", c->options->role);
	a = connection_ask(c, "POST", path, body);
	if (a.status != 200)
		init_fail("login: the server gives no nonce (status %d): %s", a.status, answer_error(&a));
	data = json_member_of(a.root, "data", JSON_OBJECT);
	member_text(&a, data, "accessor", accessor, 64);
	member_text(&a, data, "nonce", hex, sizeof(hex));
	if (!hex_decode(hex, strlen(hex), nonce, 32))
		init_fail("login: the server's nonce is not 32 bytes in hex");
}

static void login_send(struct connection *c, const uint8_t nonce[32], const uint8_t *evidence, size_t size)
{
	static char body[QUOTE_MAX / 3 * 4 + 1024];
	char path[256], hex[65];
	struct answer a;
	size_t used;

	hex_encode(nonce, 32, hex);
	(void)snprintf(path, sizeof(path), "auth/%s/login", c->options->mount);
	used = (size_t)snprintf(body, sizeof(body), "{\"role\":\"%s\",\"nonce\":\"%s\",\"evidence\":\"",
				c->options->role, hex);
	used += (size_t)EVP_EncodeBlock((unsigned char *)body + used, evidence, (int)size);
	(void)snprintf(body + used, sizeof(body) - used, "\"}");
	a = connection_ask(c, "POST", path, body);
	if (a.status != 200)
		init_fail("login as \"%s\": %s (status %d)", c->options->role, answer_error(&a), a.status);
	member_text(&a, json_member_of(a.root, "auth", JSON_OBJECT), "client_token", c->token, sizeof(c->token));
}

void init_login(struct connection *c)
{
	static uint8_t evidence[QUOTE_MAX];
	uint8_t nonce[32], data[64];
	char accessor[64];

	for (const char *at = c->options->role; *at; at++)
		if (*at <= ' ' || *at >= 0x7f || strchr("\"\\/", *at))
			init_fail("the role \"%s\" has a character that names have not", c->options->role);
	nonce_ask(c, accessor, nonce);
	report_data(c, accessor, nonce, data);
	login_send(c, nonce, evidence, quote(c, data, evidence));
}
