/*
 * Getting a document from another server (keys of an issuer, a CRL), or sending it a form. Only http and https, no
 * redirects, bounded in size and time; TLS is verified against the certificates given, or else the system's.
 */
#ifndef ADYTON_SERVER_AUTH_FETCH_H
#define ADYTON_SERVER_AUTH_FETCH_H

#include "server/core/pool.h"

struct fetch {
	const char *url;
	const char *ca_pem;        /* NULL or "": the system's */
	const char *form;          /* POST this, urlencoded; NULL: GET */
	const char *authorization; /* the header's value, or NULL */
	size_t size_max;
};

/* NULL, and the body of a 200; else why not, in p. */
const char *fetch(struct pool *p, const struct fetch *f, struct blob *body);
/* Percent-encoding of RFC 3986 for forms and queries. */
const char *url_encoded(struct pool *p, const char *text);

#endif
