/* Certificates that clients send: every reader of their parts, and nobody unknown leads to a trusted one. */
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "server/auth/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_names(const struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		if (!*names->at[i])
			abort();
}

static void read_all(struct pool *p, X509 *x)
{
	struct names names[] = { certificate_subject(p, x, NID_commonName), certificate_alternative(p, x, GEN_DNS),
				 certificate_alternative(p, x, GEN_EMAIL), certificate_alternative(p, x, GEN_URI) };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		read_names(names + i);
	(void)x509_extension(p, x, "2.5.29.14");
	(void)x509_extension(p, x, "1.2.3");
	(void)x509_extension_hex(p, x, "2.5.29.19");
	(void)certificate_serial(p, X509_get0_serialNumber(x));
	(void)certificate_for_clients(x);
	(void)certificate_in_time(x, 1790000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct certificates sent _cleanup_certificates_ = { NULL }, chain _cleanup_certificates_ = { NULL };
	struct blob der = { data, size };
	STACK_OF(X509) *nobody = sk_X509_new_null();
	struct pool p;
	char *text;

	pool_init(&p);
	text = pool_copy(&p, (const char *)data, size);
	if (certificates_of_der(&sent, &der, 1)) {
		read_all(&p, sk_X509_value(sent.stack, 0));
		(void)certificate_is_ca(sk_X509_value(sent.stack, 0));
		if (certificate_leads_to(sk_X509_value(sent.stack, 0), sent.stack, nobody, 1790000000, &chain))
			abort();
	}
	certificates_free(&sent);
	if (certificates_of_pem(&sent, text))
		read_all(&p, sk_X509_value(sent.stack, 0));
	sk_X509_free(nobody);
	pool_close(&p);
	return 0;
}
