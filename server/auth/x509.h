/*
 * Certificates of clients and of those who vouch for them, read by libcrypto in a library context of its own: neither
 * environment nor configuration files change what is believed.
 */
#ifndef ADYTON_SERVER_AUTH_X509_H
#define ADYTON_SERVER_AUTH_X509_H

#include <openssl/x509.h>

#include "server/core/pool.h"

OSSL_LIB_CTX *auth_libctx(void); /* lives as long as the process */

struct certificates {
	STACK_OF(X509) *stack;
};
void certificates_free(struct certificates *c);
#define _cleanup_certificates_ __attribute__((cleanup(certificates_free)))

/* All certificates of a PEM text; anything else that says BEGIN makes it wrong. False: none, or not right. */
must_check bool certificates_of_pem(struct certificates *c, const char *text);
must_check bool certificates_of_der(struct certificates *c, const struct blob *der, size_t count);

bool certificate_is_ca(X509 *x);
/* Whether it may identify a client: an extended key usage, where there is one, allows that. */
bool certificate_for_clients(X509 *x);
bool certificate_in_time(X509 *x, int64_t now);
/* `leaf` leads to one of `anchors` now, through any of `others`, and may identify a client. */
bool certificate_leads_to(X509 *leaf, STACK_OF(X509) *others, STACK_OF(X509) *anchors, int64_t now,
			  struct certificates *chain);

/* Texts with a NUL inside are left out: nothing may match their first half. */
struct names certificate_subject(struct pool *p, X509 *x, int nid); /* NID_commonName, ... */
struct names certificate_alternative(struct pool *p, X509 *x, int type); /* GEN_DNS, GEN_EMAIL, GEN_URI */
/* The text of an extension that holds an ASN.1 string, by OID; NULL: it is not there; "": not a string. */
const char *x509_extension(struct pool *p, X509 *x, const char *oid);
const char *x509_extension_hex(struct pool *p, X509 *x, const char *oid); /* of the whole value */
const char *certificate_serial(struct pool *p, const ASN1_INTEGER *serial); /* decimal */
const char *hex_colons(struct pool *p, const uint8_t *bytes, size_t size);

/* '*' stands for any characters. */
bool glob_matches(const char *pattern, const char *text);

#endif
