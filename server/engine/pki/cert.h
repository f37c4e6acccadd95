/* Certificates, requests and names as DER: what is written into them, and what is read from those of others. */
#ifndef ADYTON_SERVER_ENGINE_PKI_CERT_H
#define ADYTON_SERVER_ENGINE_PKI_CERT_H

#include <openssl/x509v3.h>

#include "server/engine/pki/key.h"

struct asn;

/* Authority information access, issuing_certificates and so on: config/urls, or an issuer's own. */
struct pki_urls {
	struct names issuing_certificates, crl_distribution_points, delta_crl_distribution_points, ocsp_servers;
	bool templating;
};

/* Distinguished names, in the order that Vault writes them. Each may be NULL or empty. */
struct pki_subject {
	const struct names *country, *organization, *ou, *locality, *province, *street_address, *postal_code;
	const char *common_name, *serial_number;
	const struct names *user_ids;
};
struct blob pki_name(struct pool *pool, const struct pki_subject *subject);
/* "\x30\x00": nobody. */
static inline bool pki_name_empty(struct blob name)
{
	return name.size <= 2;
}

/* Alternative names, checked already. IP addresses: 4 or 16 bytes. Others: "<oid>;UTF8:<text>". */
struct pki_sans {
	struct names dns, emails, uris, others;
	struct blob ips[64];
	size_t ip_count;
};
/* GeneralNames; size 0: there are none. False: an "other" is malformed. */
bool pki_sans_encode(struct pool *pool, const struct pki_sans *sans, struct blob *out);

enum { /* RFC 5280 section 4.2.1.3: bit 0 is the first of the BIT STRING */
	PKI_DIGITAL_SIGNATURE = 1 << 0, PKI_CERT_SIGN = 1 << 5, PKI_CRL_SIGN = 1 << 6,
};
unsigned int pki_key_usages(const struct names *names);
/* OIDs of the named extended usages and those given as such. False: one is no OID, *bad. */
bool pki_ext_key_usages(struct pool *pool, const struct names *names, const struct names *oids, struct names *out,
			const char **bad);

/* What a certificate shall say. */
struct pki_wish {
	uint8_t serial[20];
	struct blob subject, spki, skid, san;
	int64_t not_before, not_after; /* Unix seconds */
	unsigned int key_usage;
	struct names ext_key_usage;    /* OIDs */
	struct names policies;         /* OIDs, or JSON objects {oid, cps, notice} */
	bool constraints, ca;
	int64_t path_length;           /* -1: without limit */
	struct names permitted_dns;
	const struct pki_urls *urls;
	struct blob extra;             /* Extensions of a request, to be copied: they count before the above */
};
void pki_serial_make(uint8_t serial[20], int64_t now); /* now: Unix nanoseconds */
/* "aa:bb"; leading zeros are kept, as given. */
const char *pki_serial_text(struct pool *pool, const uint8_t *bytes, size_t size, char separator);

/* issuer: its Name; akid: its key identifier, or size 0. */
bool pki_certificate(struct pool *pool, const struct pki_wish *wish, struct blob issuer, struct blob akid,
		     const struct pki_key *key, const struct pki_algorithm *algorithm, struct blob *out);
bool pki_request(struct pool *pool, const struct pki_wish *wish, const struct pki_key *key,
		 const struct pki_algorithm *algorithm, struct blob *out);
void pki_put_extension(struct asn *a, const char *oid, bool critical, struct blob contents);
void pki_put_extensions(struct asn *a, const struct pki_wish *wish, struct blob akid);
void pki_put_akid(struct asn *a, struct blob akid);
void pki_put_points(struct asn *a, const char *oid, const struct names *urls);

/* -- reading -- */

struct pki_cert {
	X509 *x509;                    /* its owner's */
	struct blob der, subject, issuer, spki, skid, akid, serial;
	const char *serial_text;       /* "aa:bb" */
	const char *common_name;       /* may be NULL */
	int64_t not_before, not_after;
	bool ca, self_issued, has_usage;
	uint32_t key_usage;            /* as X509_get_key_usage() */
	int64_t path_length;
	const char *key_type;          /* NULL: none that is known */
	unsigned int key_bits;
};
/* False: not a certificate, or with something behind it. */
bool pki_cert_read(struct pool *pool, struct blob der, struct pki_cert *c);
void pki_cert_close(struct pki_cert *c);
/* Whether `issuer` signed it: names, key identifiers, signature. */
bool pki_cert_signed_by(const struct pki_cert *c, const struct pki_cert *issuer);

struct pki_csr {
	X509_REQ *req;
	struct blob subject, spki;
	const char *common_name, *serial_number; /* NULL: none */
	struct names user_ids;
	struct pki_sans sans;
	struct blob san;               /* as the request has it */
	struct blob extensions;        /* Extension after Extension, without basic constraints */
	bool has_constraints;
	const char *key_type;
	unsigned int key_bits;
};
/* NULL, or why not. */
const char *pki_csr_read(struct pool *pool, struct blob der, struct pki_csr *csr);
bool pki_csr_verify(const struct pki_csr *csr);
void pki_csr_close(struct pki_csr *csr);
/* SHA-1 of a SubjectPublicKeyInfo's key. */
bool pki_key_identifier(struct blob spki, uint8_t out[20]);
/* A string of a certificate as UTF-8 without NUL inside; NULL where it is not one. */
const char *pki_asn1_text(struct pool *pool, const ASN1_STRING *s);

#endif
