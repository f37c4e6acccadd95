/*
 * adyton-init: what runs first in an enclave whose definition asks for secrets. It proves to the secrets server what
 * runs here, fetches, hands the secrets on (environment, files, arguments) and becomes the program.
 *
 * The server is known by its key alone: the SHA-256 of its SubjectPublicKeyInfo stands in the measured definition. No
 * certificate authority and no name is believed. The login binds this connection, this key and this enclave to each
 * other (see server/auth/attest.h).
 *
 * Everything here is wiped before the program starts, but for what it is given.
 */
#ifndef ADYTON_INIT_INIT_H
#define ADYTON_INIT_INIT_H

#include <openssl/ssl.h>

#include "base/json.h"

#define INIT_ANSWER_MAX (1 << 20)
#define INIT_VALUE_MAX (64 << 10)
#define INIT_ITEMS_MAX 64

/* "NAME=secret/data/app#password": where it goes, where it comes from. */
struct init_item {
	char kind;           /* 'e': environment, 'f': file; files of our own: 't': token, 'i': key and certificate */
	const char *to;      /* a variable's name, or an absolute path */
	const char *path;    /* of the API, without "v1/" */
	const char *field;   /* a member of the secret's data */
	unsigned int mode;   /* of a file */
};

struct init_options {
	const char *server;  /* "host:port" */
	uint8_t cluster_key[32];
	const char *mount;   /* "attest": the method is at auth/<mount>/ */
	const char *role;
	const char *devices; /* "/dev/attestation" */
	unsigned int patience; /* seconds to wait for the server */
	struct init_item items[INIT_ITEMS_MAX];
	size_t count;
	char **program;      /* with its arguments */
};

/* Every failure: a sentence on standard error and exit status 125, as for a container that cannot start. */
_Noreturn void init_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

void options_read(struct init_options *o, int argc, char **argv);
/* "path#field" in two; fails where it is not. `text` is cut. */
void item_split(char *text, const char **path, const char **field);

/* -- connection.c: one TLS connection with a key of this enclave's -- */

struct connection {
	const struct init_options *options;
	SSL_CTX *context;
	SSL *ssl;
	EVP_PKEY *key;
	uint8_t key_hash[32]; /* SHA-256 of its SubjectPublicKeyInfo */
	uint8_t exporter[32];
	char token[256];
};

void connection_open(struct connection *c, const struct init_options *o);
void connection_close(struct connection *c);

/* An answer; its text and the values of its JSON lie in static memory until the next one, or until it is wiped. */
struct answer {
	int status;
	const struct json *root; /* an OBJECT */
};

struct answer connection_ask(struct connection *c, const char *method, const char *path, const char *body);
void answer_wipe(void);
/* The server's own words of a refusal. */
const char *answer_error(const struct answer *a);

/* The key that the token is bound to, and its certificate, in PEM: for a program that goes on by itself. */
void connection_identity(const struct connection *c, char text[INIT_VALUE_MAX]);

/* -- login.c -- */

void init_login(struct connection *c);

/* -- deliver.c -- */

/* A secret's member as text, decoded; NUL-terminated. Fails by name where there is none. */
void secret_fetch(struct connection *c, const char *path, const char *field, char value[INIT_VALUE_MAX]);
void items_deliver(struct connection *c);
/* "${secret:path#field}" in arguments. */
void arguments_fill(struct connection *c, char **arguments);

#endif
