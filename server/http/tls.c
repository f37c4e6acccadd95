/*
 * OpenSSL with a library context of its own: no file and no variable of the machine changes what is negotiated.
 * Sessions are not resumed: a ticket would outlive the client certificate's check, and its key this process.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/http/identity.h"
#include "server/http/tls.h"

struct tls {
	const struct listener *listener;
	OSSL_LIB_CTX *library;
	struct identity *identity; /* of a listener without files */
	pthread_mutex_t mutex; /* guards context; sessions hold references of their own */
	SSL_CTX *context;
};

/* "step: file: reason" of the last error. */
static void explain(char *error, size_t size, const char *step, const char *file)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	snprintf(error, size, "%s %s: %s", step, file, reason ? reason : "failed");
	ERR_clear_error();
}

/* Who the client is, is for the auth methods to say: here any certificate will do whose key the client holds. */
static int accept_any(X509_STORE_CTX *context, void *argument)
{
	(void)context;
	(void)argument;
	return 1;
}

static bool client_certificates(SSL_CTX *context, const struct listener *l, char *error, size_t size)
{
	int mode = SSL_VERIFY_PEER;

	if (l->tls_disable_client_certs)
		return true;
	if (l->tls_client_ca_file) {
		if (!SSL_CTX_load_verify_file(context, l->tls_client_ca_file)) {
			explain(error, size, "tls_client_ca_file", l->tls_client_ca_file);
			return false;
		}
		SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(l->tls_client_ca_file));
	}
	if (l->tls_require_and_verify_client_cert)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	else
		SSL_CTX_set_cert_verify_callback(context, accept_any, NULL);
	SSL_CTX_set_verify(context, mode, NULL);
	return true;
}

static bool context_fill(SSL_CTX *context, const struct listener *l, char *error, size_t size)
{
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
			    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_read_ahead(context, 1); /* a record's head and body with one call of the kernel */
	/* Buffers only while something is in them: 10,000 idle connections cost their state, not two records each. */
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
			 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (!SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20")) {
		explain(error, size, "cipher suites", "");
		return false;
	}
	if (l->tls_identity)
		return client_certificates(context, l, error, size);
	if (SSL_CTX_use_certificate_chain_file(context, l->tls_cert_file) != 1) {
		explain(error, size, "tls_cert_file", l->tls_cert_file);
		return false;
	}
	if (SSL_CTX_use_PrivateKey_file(context, l->tls_key_file, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(context) != 1) {
		explain(error, size, "tls_key_file", l->tls_key_file);
		return false;
	}
	return client_certificates(context, l, error, size);
}

bool tls_reload(struct tls *tls, char *error, size_t size)
{
	SSL_CTX *fresh = SSL_CTX_new_ex(tls->library, NULL, TLS_server_method()), *old;

	if (fresh && tls->identity)
		SSL_CTX_set_cert_cb(fresh, identity_show, tls->identity);
	if (!fresh || !context_fill(fresh, tls->listener, error, size)) {
		SSL_CTX_free(fresh);
		return false;
	}
	pthread_mutex_lock(&tls->mutex);
	old = tls->context;
	tls->context = fresh;
	pthread_mutex_unlock(&tls->mutex);
	SSL_CTX_free(old);
	return true;
}

struct tls *tls_make(const struct listener *listener, struct core *core, char *error, size_t size)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls)
		abort();
	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	tls->listener = listener;
	tls->library = OSSL_LIB_CTX_new();
	pthread_mutex_init(&tls->mutex, NULL);
	if (listener->tls_identity)
		tls->identity = identity_make(core, error, size);
	if ((!listener->tls_identity || tls->identity) && tls->library && tls_reload(tls, error, size))
		return tls;
	tls_free(tls);
	return NULL;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->context);
	identity_free(tls->identity);
	OSSL_LIB_CTX_free(tls->library);
	pthread_mutex_destroy(&tls->mutex);
	free(tls);
}

SSL *tls_session(struct tls *tls, int fd)
{
	SSL *session;

	pthread_mutex_lock(&tls->mutex);
	session = SSL_new(tls->context);
	pthread_mutex_unlock(&tls->mutex);
	if (session && SSL_set_fd(session, fd) != 1) {
		SSL_free(session);
		return NULL;
	}
	if (session)
		SSL_set_accept_state(session);
	return session;
}

/* RFC 9266 3: its context is the empty text; under TLS 1.2 it only binds with the extended master secret. */
bool tls_exporter(SSL *session, uint8_t out[TLS_EXPORTER_SIZE])
{
	static const char label[] = "EXPORTER-Channel-Binding";

	if (SSL_version(session) < TLS1_3_VERSION && SSL_get_extms_support(session) != 1)
		return false;
	return SSL_export_keying_material(session, out, TLS_EXPORTER_SIZE, label, sizeof(label) - 1, out, 0, 1) == 1;
}

static struct blob certificate_copy(struct pool *p, X509 *certificate)
{
	int size = i2d_X509(certificate, NULL);
	uint8_t *bytes, *end;

	if (size <= 0)
		return (struct blob){ NULL, 0 };
	bytes = end = pool_take(p, (size_t)size);
	i2d_X509(certificate, &end);
	return (struct blob){ bytes, (size_t)size };
}

void tls_certificates(SSL *session, struct request *r)
{
	X509 *leaf = SSL_get0_peer_certificate(session);
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(session); /* on this side without the leaf */
	int more = chain ? sk_X509_num(chain) : 0;
	struct blob *certificates;

	if (!leaf)
		return;
	certificates = pool_take(&r->pool, (size_t)(more + 1) * sizeof(*certificates));
	certificates[0] = certificate_copy(&r->pool, leaf);
	for (int i = 0; i < more; i++)
		certificates[i + 1] = certificate_copy(&r->pool, sk_X509_value(chain, i));
	r->origin.certificates = certificates;
	r->origin.certificate_count = (size_t)more + 1;
}
