#include "server/auth/x509.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static OSSL_LIB_CTX *libctx;
static pthread_once_t libctx_once = PTHREAD_ONCE_INIT;

static void libctx_make(void)
{
	libctx = OSSL_LIB_CTX_new();
	if (!libctx || !OSSL_PROVIDER_load(libctx, "default"))
		abort(); /* no memory: docs/decisions/0040 */
}

OSSL_LIB_CTX *auth_libctx(void)
{
	pthread_once(&libctx_once, libctx_make);
	return libctx;
}

void certificates_free(struct certificates *c)
{
	sk_X509_pop_free(c->stack, X509_free);
	c->stack = NULL;
}

static bool certificate_add(struct certificates *c, const uint8_t *der, long size)
{
	X509 *x = X509_new_ex(auth_libctx(), NULL);
	const uint8_t *at = der;

	if (x && d2i_X509(&x, &at, size) && at == der + size && sk_X509_push(c->stack, x) > 0)
		return true;
	X509_free(x);
	return false;
}

bool certificates_of_pem(struct certificates *c, const char *text)
{
	BIO *bio = BIO_new_mem_buf(text, (int)strnlen(text, 1 << 20));
	char *name = NULL, *header = NULL;
	uint8_t *der = NULL;
	bool right = true;
	long size;

	c->stack = sk_X509_new_null();
	ERR_set_mark();
	while (right && bio && c->stack && PEM_read_bio(bio, &name, &header, &der, &size)) {
		right = !strcmp(name, "CERTIFICATE") && certificate_add(c, der, size);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	/* The end is where nothing more begins; what begins and cannot be read is wrong. */
	right = right && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_pop_to_mark();
	BIO_free(bio);
	return right && sk_X509_num(c->stack) > 0;
}

bool certificates_of_der(struct certificates *c, const struct blob *der, size_t count)
{
	bool right = true;

	c->stack = sk_X509_new_null();
	ERR_set_mark();
	for (size_t i = 0; right && c->stack && i < count; i++)
		right = der[i].size < 1 << 20 && certificate_add(c, der[i].at, (long)der[i].size);
	ERR_pop_to_mark();
	return right && sk_X509_num(c->stack) > 0;
}

bool certificate_is_ca(X509 *x)
{
	return X509_check_ca(x) == 1;
}

bool certificate_for_clients(X509 *x)
{
	uint32_t usage = X509_get_extended_key_usage(x);

	return usage == UINT32_MAX || usage & (XKU_SSL_CLIENT | XKU_ANYEKU);
}

bool certificate_in_time(X509 *x, int64_t now)
{
	time_t at = now;

	return X509_cmp_time(X509_get0_notBefore(x), &at) < 0 && X509_cmp_time(X509_get0_notAfter(x), &at) > 0;
}

/* An anchor need not be a root: an operator may trust one CA of a larger tree. */
bool certificate_leads_to(X509 *leaf, STACK_OF(X509) *others, STACK_OF(X509) *anchors, int64_t now,
			  struct certificates *chain)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new_ex(auth_libctx(), NULL);
	bool good = store && ctx;

	ERR_set_mark();
	for (int i = 0; good && i < sk_X509_num(anchors); i++)
		good = X509_STORE_add_cert(store, sk_X509_value(anchors, i)) == 1;
	good = good && X509_STORE_CTX_init(ctx, store, leaf, others) == 1;
	if (good) {
		X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

		X509_VERIFY_PARAM_set_time(param, now);
		(void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
		X509_VERIFY_PARAM_set_depth(param, 8);
		X509_VERIFY_PARAM_set_auth_level(param, 1);
		good = X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT) == 1 &&
		       X509_verify_cert(ctx) == 1;
	}
	chain->stack = good ? X509_STORE_CTX_get1_chain(ctx) : NULL;
	ERR_pop_to_mark();
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return good && chain->stack;
}

static void text_add(struct pool *p, struct names *names, const ASN1_STRING *s)
{
	unsigned char *utf8 = NULL;
	int size = ASN1_STRING_to_UTF8(&utf8, s);

	if (size > 0 && !memchr(utf8, 0, (size_t)size))
		names_add(p, names, pool_copy(p, (const char *)utf8, (size_t)size));
	OPENSSL_free(utf8);
}

struct names certificate_subject(struct pool *p, X509 *x, int nid)
{
	const X509_NAME *subject = X509_get_subject_name(x);
	struct names names = { NULL, 0 };

	for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, nid, i)) >= 0;)
		text_add(p, &names, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));
	return names;
}

struct names certificate_alternative(struct pool *p, X509 *x, int type)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	struct names names = { NULL, 0 };

	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);

		if (name->type == type)
			text_add(p, &names, name->d.ia5);
	}
	GENERAL_NAMES_free(all);
	return names;
}

static const ASN1_OCTET_STRING *extension_find(X509 *x, const char *oid)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	int i = object ? X509_get_ext_by_OBJ(x, object, -1) : -1;

	ASN1_OBJECT_free(object);
	return i < 0 ? NULL : X509_EXTENSION_get_data(X509_get_ext(x, i));
}

const char *x509_extension(struct pool *p, X509 *x, const char *oid)
{
	const ASN1_OCTET_STRING *data = extension_find(x, oid);
	const uint8_t *at = data ? ASN1_STRING_get0_data(data) : NULL;
	struct names texts = { NULL, 0 };
	ASN1_STRING *s;

	if (!data)
		return NULL;
	ERR_set_mark();
	s = d2i_ASN1_PRINTABLE(NULL, &at, ASN1_STRING_length(data));
	if (s)
		text_add(p, &texts, s);
	ERR_pop_to_mark();
	ASN1_STRING_free(s);
	return texts.count ? texts.at[0] : "";
}

const char *x509_extension_hex(struct pool *p, X509 *x, const char *oid)
{
	const ASN1_OCTET_STRING *data = extension_find(x, oid);

	return data ? pool_hex(p, ASN1_STRING_get0_data(data), (size_t)ASN1_STRING_length(data)) : NULL;
}

const char *certificate_serial(struct pool *p, const ASN1_INTEGER *serial)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
	char *decimal = number ? BN_bn2dec(number) : NULL;
	const char *text = decimal ? pool_text(p, decimal) : "";

	OPENSSL_free(decimal);
	BN_free(number);
	return text;
}

const char *hex_colons(struct pool *p, const uint8_t *bytes, size_t size)
{
	const char *hex = pool_hex(p, bytes, size);
	char *text = pool_take(p, 3 * size + 1);

	for (size_t i = 0; i < size; i++) {
		memcpy(text + 3 * i, hex + 2 * i, 2);
		text[3 * i + 2] = i + 1 < size ? ':' : '\0';
	}
	return text;
}

/* Going back to the last '*' alone is enough: what an earlier one could take, a later one can. */
bool glob_matches(const char *pattern, const char *text)
{
	const char *star = NULL, *again = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			again = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}
