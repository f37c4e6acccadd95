#include "image/cleanup.h"
#include "image/io.h"
#include "platform/ca.h"
#include "platform/ec.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

static int ca_ask(struct passphrase *self, const char *what, char *buffer, int size)
{
	struct ca_passphrase *p = (struct ca_passphrase *)self;

	if (p->size < 0 && p->inner)
		p->size = p->inner->ask(p->inner, what, p->text, sizeof(p->text));
	if (p->size < 0 || p->size > size)
		return -1;
	memcpy(buffer, p->text, (size_t)p->size);
	return p->size;
}

static int ca_read_certificate(X509 **x, const char *path, struct fail *f)
{
	_cleanup_free_ uint8_t *pem = NULL;
	size_t size;
	BIO *bio;

	*x = NULL;
	if (io_read_file(path, 64 * KIB, &pem, &size, f))
		return -1;
	bio = BIO_new_mem_buf(pem, (int)size);
	*x = X509_new_ex(keys_context(), NULL);
	if (bio && *x && !PEM_read_bio_X509(bio, x, NULL, NULL)) {
		X509_free(*x);
		*x = NULL;
	}
	BIO_free(bio);
	return *x ? 0 : fail(f, "%s: expected a certificate in PEM", path);
}

static int ca_read_signer(struct ca *ca, struct ca_signer *s, const char *name, struct fail *f)
{
	char path[PATHS_MAX + 32];

	(void)snprintf(path, sizeof(path), "%s/%s.pem", ca->dir, name);
	if (ca_read_certificate(&s->certificate, path, f))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/%s.key", ca->dir, name);
	if (ec_read(&s->key, path, &ca->passphrase.asked, f))
		return -1;
	if (X509_check_private_key(s->certificate, s->key) == 1)
		return 0;
	return fail(f, "%s: this key is not that of the certificate beside it", path);
}

static int ca_lock(struct ca *ca, struct fail *f)
{
	struct stat st;

	ca->lock = open(ca->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ca->lock < 0 || fstat(ca->lock, &st))
		return fail(f, "cannot open the CA %s: %s", ca->dir, strerror(errno));
	if (st.st_mode & 077)
		return fail(f, "CA %s: expected a folder that only its owner can enter (mode 0700), found %04o",
			    ca->dir, st.st_mode & 07777U);
	if (flock(ca->lock, LOCK_EX))
		return fail(f, "CA %s: cannot lock it: %s", ca->dir, strerror(errno));
	return 0;
}

int ca_open(struct ca *ca, const char *dir, struct passphrase *passphrase, struct fail *f)
{
	char pck[32], tcb[32];

	memset(ca, 0, sizeof(*ca));
	ca->lock = -1;
	ca->passphrase = (struct ca_passphrase){ .asked = { .ask = ca_ask }, .inner = passphrase, .size = -1 };
	if ((size_t)snprintf(ca->dir, sizeof(ca->dir), "%s", dir) >= sizeof(ca->dir))
		return fail(f, "cannot open the CA: the path is too long");
	if (ca_lock(ca, f) || state_read(&ca->s, ca->dir, f))
		return -1;
	(void)snprintf(pck, sizeof(pck), "ca-%u", ca->s->ca);
	(void)snprintf(tcb, sizeof(tcb), "tcb-%u", ca->s->tcb);
	return ca_read_signer(ca, &ca->root, "root", f) || ca_read_signer(ca, &ca->pck, pck, f) ||
			       ca_read_signer(ca, &ca->tcb, tcb, f) ?
		       -1 :
		       0;
}

void ca_close(struct ca *ca)
{
	struct ca_signer *const signers[] = { &ca->root, &ca->pck, &ca->tcb };

	for (size_t i = 0; i < sizeof(signers) / sizeof(signers[0]); i++) {
		EVP_PKEY_free(signers[i]->key);
		X509_free(signers[i]->certificate);
		*signers[i] = (struct ca_signer){ 0 };
	}
	OPENSSL_cleanse(&ca->passphrase, sizeof(ca->passphrase));
	free(ca->s);
	ca->s = NULL;
	if (ca->lock >= 0)
		close(ca->lock);
	ca->lock = -1;
}
