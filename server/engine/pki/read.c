/* Certificates and requests of others, read by libcrypto; what is kept of them is checked to be text. */
#include <openssl/err.h>
#include <string.h>

#include "base/escape.h"
#include "server/engine/pki/asn.h"
#include "server/engine/pki/cert.h"

#define DER_MAX (256 * 1024)

/* UTF-8 without control characters: it goes into JSON, errors and logs. */
static bool text_good(const char *at, size_t size)
{
	for (const char *end = at + size; at < end;) {
		size_t n = utf8_length(at, end);

		if (!n || (unsigned char)*at < 0x20 || *at == 0x7f)
			return false;
		at += n;
	}
	return true;
}

const char *pki_asn1_text(struct pool *pool, const ASN1_STRING *s)
{
	unsigned char *utf8 = NULL;
	const char *text = NULL;
	int size = s ? ASN1_STRING_to_UTF8(&utf8, s) : -1;

	if (size >= 0 && text_good((const char *)utf8, (size_t)size))
		text = pool_copy(pool, (const char *)utf8, (size_t)size);
	OPENSSL_free(utf8);
	return text;
}

static struct blob keep(struct pool *pool, const void *bytes, size_t size)
{
	return (struct blob){ (const uint8_t *)pool_copy(pool, bytes, size), size };
}

static struct blob name_der(struct pool *pool, const X509_NAME *name)
{
	const unsigned char *der = NULL;
	size_t size = 0;

	if (!name || X509_NAME_get0_der(name, &der, &size) != 1)
		return (struct blob){ NULL, 0 };
	return keep(pool, der, size);
}

static struct blob spki_der(struct pool *pool, const X509_PUBKEY *key)
{
	unsigned char *der = NULL;
	int size = key ? i2d_X509_PUBKEY(key, &der) : -1;
	struct blob b = { NULL, 0 };

	if (size > 0)
		b = keep(pool, der, (size_t)size);
	OPENSSL_free(der);
	return b;
}

bool pki_key_identifier(struct blob spki, uint8_t out[20])
{
	struct blob outer, part;
	unsigned int size;

	return asn_take(&spki, ASN_SEQUENCE, &outer) && asn_take(&outer, ASN_SEQUENCE, &part) &&
	       asn_take(&outer, ASN_BITS, &part) && part.size > 1 &&
	       pki_digest("SHA1", (struct blob){ part.at + 1, part.size - 1 }, out, &size);
}

static const char *key_kind(const EVP_PKEY *pkey, unsigned int *bits)
{
	if (!pkey)
		return NULL;
	*bits = (unsigned int)EVP_PKEY_get_bits(pkey);
	if (EVP_PKEY_is_a(pkey, "RSA"))
		return "rsa";
	if (EVP_PKEY_is_a(pkey, "EC"))
		return "ec";
	*bits = 0;
	return EVP_PKEY_is_a(pkey, "ED25519") ? "ed25519" : NULL;
}

static const char *name_part(struct pool *pool, const X509_NAME *name, int nid)
{
	int at = X509_NAME_get_index_by_NID(name, nid, -1);

	return at < 0 ? NULL : pki_asn1_text(pool, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

static struct blob octets(struct pool *pool, const ASN1_OCTET_STRING *s)
{
	return s && s->length > 0 ? keep(pool, s->data, (size_t)s->length) : (struct blob){ NULL, 0 };
}

static int64_t when(const ASN1_TIME *t)
{
	struct tm tm;

	return t && ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void cert_fill(struct pool *pool, struct pki_cert *c)
{
	X509 *x = c->x509;
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	BASIC_CONSTRAINTS *constraints = X509_get_ext_d2i(x, NID_basic_constraints, NULL, NULL);

	c->subject = name_der(pool, X509_get_subject_name(x));
	c->issuer = name_der(pool, X509_get_issuer_name(x));
	c->spki = spki_der(pool, X509_get_X509_PUBKEY(x));
	c->skid = octets(pool, X509_get0_subject_key_id(x));
	c->akid = octets(pool, X509_get0_authority_key_id(x));
	c->serial = keep(pool, ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
	c->serial_text = pki_serial_text(pool, c->serial.at, c->serial.size, ':');
	c->common_name = name_part(pool, X509_get_subject_name(x), NID_commonName);
	c->not_before = when(X509_get0_notBefore(x));
	c->not_after = when(X509_get0_notAfter(x));
	c->ca = constraints && constraints->ca;
	c->path_length = constraints && constraints->pathlen ? ASN1_INTEGER_get(constraints->pathlen) : -1;
	BASIC_CONSTRAINTS_free(constraints);
	c->key_usage = X509_get_key_usage(x);
	c->has_usage = c->key_usage != UINT32_MAX;
	c->self_issued = c->subject.size == c->issuer.size && !memcmp(c->subject.at, c->issuer.at, c->subject.size);
	c->key_type = key_kind(X509_get0_pubkey(x), &c->key_bits);
}

bool pki_cert_read(struct pool *pool, struct blob der, struct pki_cert *c)
{
	const unsigned char *at = der.at;
	X509 *x = NULL;

	*c = (struct pki_cert){ .path_length = -1 };
	if (!der.size || der.size > DER_MAX)
		return false;
	ERR_set_mark();
	x = X509_new_ex(pki_library(), NULL);
	if (!d2i_X509(&x, &at, (long)der.size) || at != der.at + der.size) {
		X509_free(x);
		ERR_pop_to_mark();
		return false;
	}
	c->x509 = x;
	c->der = keep(pool, der.at, der.size);
	cert_fill(pool, c);
	ERR_pop_to_mark();
	return true;
}

void pki_cert_close(struct pki_cert *c)
{
	X509_free(c->x509);
	c->x509 = NULL;
}

bool pki_cert_signed_by(const struct pki_cert *c, const struct pki_cert *issuer)
{
	bool good = c->issuer.size == issuer->subject.size &&
		    !memcmp(c->issuer.at, issuer->subject.at, c->issuer.size);

	if (good && c->akid.size && issuer->skid.size)
		good = c->akid.size == issuer->skid.size && !memcmp(c->akid.at, issuer->skid.at, c->akid.size);
	if (!good || !X509_get0_pubkey(issuer->x509))
		return false;
	ERR_set_mark();
	good = X509_verify(c->x509, X509_get0_pubkey(issuer->x509)) == 1;
	ERR_pop_to_mark();
	return good;
}

/* One name of a request; what is not known here, or no text, refuses the request. */
static bool san_take(struct pool *pool, struct pki_sans *s, const GENERAL_NAME *name)
{
	const char *text = NULL, *oid;
	char dotted[80];

	if (name->type == GEN_DNS || name->type == GEN_EMAIL || name->type == GEN_URI) {
		text = pki_asn1_text(pool, name->d.ia5);
		for (const char *at = text; text && *at; at++)
			if ((unsigned char)*at > 0x7e)
				return false;
		if (!text)
			return false;
		names_add(pool, name->type == GEN_DNS ? &s->dns : name->type == GEN_EMAIL ? &s->emails : &s->uris,
			  text);
		return true;
	}
	if (name->type == GEN_IPADD) {
		int size = name->d.ip->length;

		if ((size != 4 && size != 16) || s->ip_count == sizeof(s->ips) / sizeof(s->ips[0]))
			return false;
		s->ips[s->ip_count++] = keep(pool, name->d.ip->data, (size_t)size);
		return true;
	}
	if (name->type != GEN_OTHERNAME)
		return true; /* not copied, as Vault does */
	if (name->d.otherName->value->type != V_ASN1_UTF8STRING)
		return false;
	text = pki_asn1_text(pool, name->d.otherName->value->value.utf8string);
	oid = OBJ_obj2txt(dotted, sizeof(dotted), name->d.otherName->type_id, 1) > 0 ? dotted : NULL;
	if (!text || !oid)
		return false;
	names_add(pool, &s->others, pool_printf(pool, "%s;UTF-8:%s", oid, text));
	return true;
}

static bool csr_names(struct pool *pool, struct pki_csr *csr, const X509_EXTENSION *extension)
{
	GENERAL_NAMES *names = X509V3_EXT_d2i((X509_EXTENSION *)extension);
	ASN1_OCTET_STRING *value = X509_EXTENSION_get_data((X509_EXTENSION *)extension);
	bool good = names;

	for (int i = 0; good && i < sk_GENERAL_NAME_num(names); i++)
		good = san_take(pool, &csr->sans, sk_GENERAL_NAME_value(names, i));
	GENERAL_NAMES_free(names);
	csr->san = keep(pool, value->data, (size_t)value->length);
	return good;
}

static const char *csr_extensions(struct pool *pool, struct pki_csr *csr)
{
	STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(csr->req);
	const char *error = NULL;
	struct asn all;

	asn_init(&all, pool);
	for (int i = 0; !error && i < sk_X509_EXTENSION_num(list); i++) {
		X509_EXTENSION *e = sk_X509_EXTENSION_value(list, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(e));
		unsigned char *der = NULL;
		int size = i2d_X509_EXTENSION(e, &der);

		if (nid == NID_basic_constraints)
			csr->has_constraints = true;
		else if (size > 0)
			asn_raw(&all, der, (size_t)size);
		if (nid == NID_subject_alt_name && !csr_names(pool, csr, e))
			error = "certificate request could not be parsed: malformed subject alternative names";
		OPENSSL_free(der);
	}
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	csr->extensions = asn_blob(&all);
	return error;
}

static const char *csr_fill(struct pool *pool, struct pki_csr *csr)
{
	const X509_NAME *subject = X509_REQ_get_subject_name(csr->req);

	csr->subject = name_der(pool, subject);
	csr->spki = spki_der(pool, X509_REQ_get_X509_PUBKEY(csr->req));
	csr->key_type = key_kind(X509_REQ_get0_pubkey(csr->req), &csr->key_bits);
	if (!csr->key_type || !csr->spki.size)
		return "Refusing to sign CSR with empty PublicKey. This usually means the SubjectPublicKeyInfo field "
		       "has an OID not recognized, such as 1.2.840.113549.1.1.10 for rsaPSS.";
	for (int i = 0; i < X509_NAME_entry_count(subject); i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(subject, i);
		const char *text = pki_asn1_text(pool, X509_NAME_ENTRY_get_data(e));
		int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(e));

		if (!text)
			return "certificate request could not be parsed: a name in its subject is not text";
		if (nid == NID_commonName)
			csr->common_name = text;
		else if (nid == NID_serialNumber)
			csr->serial_number = text;
		else if (nid == NID_userId)
			names_add(pool, &csr->user_ids, text);
	}
	return csr_extensions(pool, csr);
}

const char *pki_csr_read(struct pool *pool, struct blob der, struct pki_csr *csr)
{
	const unsigned char *at = der.at;
	const char *error;
	X509_REQ *req;

	*csr = (struct pki_csr){ .req = NULL };
	if (!der.size || der.size > DER_MAX)
		return "certificate request could not be parsed: asn1: structure error";
	ERR_set_mark();
	req = X509_REQ_new_ex(pki_library(), NULL);
	if (!d2i_X509_REQ(&req, &at, (long)der.size) || at != der.at + der.size) {
		X509_REQ_free(req);
		error = "certificate request could not be parsed: asn1: structure error";
	} else {
		csr->req = req;
		error = csr_fill(pool, csr);
	}
	ERR_pop_to_mark();
	return error;
}

bool pki_csr_verify(const struct pki_csr *csr)
{
	bool good;

	ERR_set_mark();
	good = X509_REQ_verify_ex(csr->req, X509_REQ_get0_pubkey(csr->req), pki_library(), NULL) == 1;
	ERR_pop_to_mark();
	return good;
}

void pki_csr_close(struct pki_csr *csr)
{
	X509_REQ_free(csr->req);
	csr->req = NULL;
}
