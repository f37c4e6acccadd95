#include "platform/ec.h"
#include "quoting/service.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

/* Should two processes make the first key at once, the last one stays; quotes by the other are as good. */
int key_keep(const struct service *s, const uint8_t *before, size_t before_size, const uint8_t *answer, uint32_t size,
	     struct key_answer *to, struct fail *f)
{
	const uint8_t *sealed = answer + sizeof(uint32_t);
	uint32_t sealed_size;

	if (size < sizeof(sealed_size))
		return -EIO;
	memcpy(&sealed_size, answer, sizeof(sealed_size));
	if (sealed_size > size - sizeof(sealed_size))
		return -EIO;
	*to = (struct key_answer){ sealed + sealed_size, size - (uint32_t)sizeof(sealed_size) - sealed_size };
	if (sealed_size == before_size && memcmp(sealed, before, sealed_size) == 0)
		return 0;
	return folder_write(s, "attestation-key.sealed", 0600, sealed, sealed_size, f) ? -EIO : 0;
}

bool key_of_chain(const uint8_t *pem, size_t size, unsigned int index, uint8_t point[64])
{
	BIO *bio = BIO_new_mem_buf(pem, (int)size);
	X509 *certificate = NULL;
	struct fail ignored;
	bool good;

	for (unsigned int i = 0; bio && i <= index; i++) {
		X509_free(certificate);
		certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	}
	good = certificate && ec_point(X509_get0_pubkey(certificate), point, &ignored) == 0;
	X509_free(certificate);
	BIO_free(bio);
	return good;
}
