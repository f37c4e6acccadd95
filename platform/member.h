/* The CA's own keys and certificates: making them, and putting them on the disk. */
#ifndef ADYTON_PLATFORM_MEMBER_H
#define ADYTON_PLATFORM_MEMBER_H

#include "platform/ca.h"

struct member_order {
	enum certificate_kind kind;
	const char *dir, *file; /* makes DIR/FILE.key and DIR/FILE.pem */
	const char *name;       /* of the CA */
	const char *passphrase; /* NULL: none */
	int64_t at;
	const struct ca_signer *root; /* NULL: it signs itself */
};

/* What the issuer's name says to people: whose this is, and that it is not Intel. */
void member_organization(const char *name, char *to, size_t size);
must_check int member_make(struct ca_signer *to, const struct member_order *o, struct fail *f);

#endif
