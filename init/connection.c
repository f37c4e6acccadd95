/* One TLS 1.3 connection to the server, and HTTP/1.1 on it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/mem.h"
#include "init/init.h"

#define HEAD_MAX 16384
#define EXPORTER "EXPORTER-Channel-Binding" /* RFC 9266 */

static char answer_text[HEAD_MAX + INIT_ANSWER_MAX];
static struct json answer_values[65536];

static bool spki_hash(EVP_PKEY *key, uint8_t hash[32])
{
	uint8_t *spki = NULL;
	int size = i2d_PUBKEY(key, &spki);
	bool good = size > 0 && EVP_Q_digest(NULL, "SHA256", NULL, spki, (size_t)size, hash, NULL);

	OPENSSL_free(spki);
	return good;
}

/* The handshake shows the server's key; whether it is the pinned one is all that counts. */
static int server_check(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

static void server_pin(const struct connection *c)
{
	X509 *certificate = SSL_get1_peer_certificate(c->ssl);
	EVP_PKEY *key = certificate ? X509_get0_pubkey(certificate) : NULL;
	uint8_t hash[32];

	if (!key || !spki_hash(key, hash))
		init_fail("%s shows no key", c->options->server);
	if (CRYPTO_memcmp(hash, c->options->cluster_key, sizeof(hash)) != 0)
		init_fail("%s is not the server of this definition: its key has another SHA-256 than cluster_key",
			  c->options->server);
	X509_free(certificate);
}

/* A certificate that says nothing but the key: TLS carries keys in certificates. */
static X509 *own_certificate(EVP_PKEY *key)
{
	X509 *x = X509_new();

	if (!x || !X509_set_version(x, X509_VERSION_3) || !ASN1_INTEGER_set(X509_get_serialNumber(x), 1) ||
	    !X509_gmtime_adj(X509_getm_notBefore(x), -3600) || !X509_gmtime_adj(X509_getm_notAfter(x), 86400) ||
	    !X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
					(const unsigned char *)"adyton-init", -1, -1, 0) ||
	    !X509_set_issuer_name(x, X509_get_subject_name(x)) || !X509_set_pubkey(x, key) ||
	    !X509_sign(x, key, EVP_sha256()))
		init_fail("cannot make a certificate");
	return x;
}

static void context_make(struct connection *c)
{
	X509 *own;

	c->key = EVP_EC_gen("P-256");
	c->context = SSL_CTX_new(TLS_client_method());
	if (!c->key || !c->context || !spki_hash(c->key, c->key_hash))
		init_fail("cannot make a key");
	own = own_certificate(c->key);
	SSL_CTX_set_min_proto_version(c->context, TLS1_3_VERSION);
	SSL_CTX_set_verify(c->context, SSL_VERIFY_PEER, server_check);
	if (SSL_CTX_use_certificate(c->context, own) != 1 || SSL_CTX_use_PrivateKey(c->context, c->key) != 1)
		init_fail("cannot use the key that was made");
	X509_free(own);
}

/* The server may start at the same time as its clients. */
static BIO *connect_patiently(const struct init_options *o)
{
	time_t until = time(NULL) + o->patience;
	BIO *bio;

	for (;;) {
		bio = BIO_new_connect(o->server);
		if (bio && BIO_do_connect(bio) == 1)
			return bio;
		BIO_free_all(bio);
		if (time(NULL) >= until)
			init_fail("cannot connect to %s", o->server);
		usleep(100000);
	}
}

void connection_open(struct connection *c, const struct init_options *o)
{
	BIO *bio;

	*c = (struct connection){ .options = o };
	context_make(c);
	bio = connect_patiently(o);
	c->ssl = SSL_new(c->context);
	if (!c->ssl)
		init_fail("no memory for a connection");
	SSL_set_bio(c->ssl, bio, bio);
	if (SSL_connect(c->ssl) != 1)
		init_fail("TLS with %s: %s", o->server, ERR_reason_error_string(ERR_peek_last_error()));
	server_pin(c);
	if (SSL_export_keying_material(c->ssl, c->exporter, sizeof(c->exporter), EXPORTER, strlen(EXPORTER), NULL, 0,
				       1) != 1)
		init_fail("TLS with %s: no exporter", o->server);
}

void connection_identity(const struct connection *c, char text[INIT_VALUE_MAX])
{
	BIO *bio = BIO_new(BIO_s_secmem());
	int size = -1;

	if (bio && PEM_write_bio_PKCS8PrivateKey(bio, c->key, NULL, NULL, 0, NULL, NULL) &&
	    PEM_write_bio_X509(bio, SSL_CTX_get0_certificate(c->context)))
		size = BIO_read(bio, text, INIT_VALUE_MAX - 1);
	if (size <= 0)
		init_fail("the key of this connection cannot be written");
	text[size] = '\0';
	BIO_free(bio);
}

void answer_wipe(void)
{
	mem_wipe(answer_text, sizeof(answer_text));
	mem_wipe(answer_values, sizeof(answer_values));
}

void connection_close(struct connection *c)
{
	SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	SSL_CTX_free(c->context);
	EVP_PKEY_free(c->key);
	mem_wipe(c, sizeof(*c));
	answer_wipe();
}

static void send_all(struct connection *c, const char *text)
{
	size_t size = strlen(text), sent;

	if (SSL_write_ex(c->ssl, text, size, &sent) != 1 || sent != size)
		init_fail("%s closed the connection", c->options->server);
}

/* Read until the buffer holds `wanted` bytes, or, before the length is known, the end of the head. */
static size_t receive(struct connection *c, size_t have, size_t wanted)
{
	while (have < wanted) {
		size_t got;

		if (SSL_read_ex(c->ssl, answer_text + have, wanted - have, &got) != 1)
			init_fail("%s closed the connection in the middle of an answer", c->options->server);
		have += got;
		if (wanted == HEAD_MAX && memmem(answer_text, have, "\r\n\r\n", 4))
			break;
	}
	return have;
}

/* Content-Length, which this server always gives. */
static size_t body_length(const struct connection *c, const char *head)
{
	const char *at = strcasestr(head, "\r\ncontent-length:");
	char *end;
	unsigned long length;

	if (!at)
		init_fail("%s answers without Content-Length", c->options->server);
	at += strlen("\r\ncontent-length:");
	at += strspn(at, " ");
	length = strtoul(at, &end, 10);
	if (end == at || strncmp(end, "\r\n", 2) != 0 || length > INIT_ANSWER_MAX)
		init_fail("%s answers with a Content-Length that is none, or above 1 MiB", c->options->server);
	return length;
}

static struct answer answer_read(struct connection *c)
{
	struct json_reader reader = { .values = answer_values,
				      .capacity = sizeof(answer_values) / sizeof(answer_values[0]) };
	size_t have = receive(c, 0, HEAD_MAX), head, length;
	struct text_error error;
	struct answer a = { 0 };
	char *end = memmem(answer_text, have, "\r\n\r\n", 4);

	if (!end || sscanf(answer_text, "HTTP/1.1 %3d", &a.status) != 1)
		init_fail("%s does not speak HTTP/1.1", c->options->server);
	head = (size_t)(end + 4 - answer_text);
	end[2] = '\0';
	length = a.status == 204 ? 0 : body_length(c, answer_text);
	receive(c, have, head + length);
	if (length && json_read(&reader, answer_text + head, length, &error))
		init_fail("%s answers with what is no JSON: %s", c->options->server, error.message);
	if (length && reader.values[0].kind == JSON_OBJECT)
		a.root = reader.values;
	return a;
}

struct answer connection_ask(struct connection *c, const char *method, const char *path, const char *body)
{
	char head[2048];
	int size = snprintf(
		head, sizeof(head),
		"%s /v1/%s HTTP/1.1\r\nHost: %s\r\nContent-Length: %zu\r\n%s%s%sUser-Agent: adyton-init\r\n\r\n",
		method, path, c->options->server, strlen(body), *c->token ? "X-Vault-Token: " : "", c->token,
		*c->token ? "\r\n" : "");

	if (size < 0 || (size_t)size >= sizeof(head))
		init_fail("the path \"%s\" is too long", path);
	answer_wipe();
	send_all(c, head);
	if (*body)
		send_all(c, body);
	mem_wipe(head, sizeof(head));
	return answer_read(c);
}

const char *answer_error(const struct answer *a)
{
	static char text[512];
	const struct json *first = json_at(json_member_of(a->root, "errors", JSON_ARRAY), 0);
	long size = first && first->kind == JSON_STRING ? json_decode(json_inside(first), text, sizeof(text) - 1) : -1;

	text[size > 0 ? size : 0] = '\0';
	return size > 0 ? text : "no reason given";
}
