/* OCSP as data: RFC 6960. */
#ifndef ADYTON_SERVER_ENGINE_PKI_OCSP_H
#define ADYTON_SERVER_ENGINE_PKI_OCSP_H

#include "server/engine/pki/cert.h"

enum pki_ocsp_status { PKI_OCSP_GOOD, PKI_OCSP_REVOKED, PKI_OCSP_UNKNOWN };

#define PKI_OCSP_MAX 2048 /* bytes of a request */

/* The first certificate that is asked for; more are not answered (RFC 5019 section 2.1.1). */
struct pki_ocsp_request {
	struct blob id;        /* CertID, to be repeated */
	const char *digest;    /* "SHA1", "SHA256", "SHA384", "SHA512" */
	struct blob name_hash, key_hash, serial;
	struct blob nonce;     /* the extension's contents, or size 0 */
};
bool pki_ocsp_read(struct pool *pool, struct blob der, struct pki_ocsp_request *request);
bool pki_ocsp_matches(struct pool *pool, const struct pki_ocsp_request *request, const struct pki_cert *issuer);

struct pki_ocsp_answer {
	enum pki_ocsp_status status;
	int64_t now, next_update, revoked_at; /* Unix seconds; next_update 0: none */
};
bool pki_ocsp_sign(struct pool *pool, const struct pki_ocsp_request *request, const struct pki_ocsp_answer *answer,
		   const struct pki_cert *issuer, const struct pki_key *key, struct blob *out);
/* An answer without one: 1 malformed, 2 internal error, 6 unauthorized. */
struct blob pki_ocsp_error(struct pool *pool, unsigned int code);

#endif
