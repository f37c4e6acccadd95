/* Shares that come one by one until there are enough: of unsealing, rekeying, generating a root token. */
#ifndef ADYTON_SERVER_SEAL_GATHER_H
#define ADYTON_SERVER_SEAL_GATHER_H

#include "server/seal/shamir.h"

#define GATHER_KEY_MIN 16

struct gathering {
	char nonce[37]; /* of the operation; "": none runs */
	size_t count;
	struct share shares[SHARES_MAX];
};

void gathering_start(struct gathering *g); /* a new nonce, nothing gathered */
void gathering_drop(struct gathering *g);  /* the shares; wipes */
void gathering_end(struct gathering *g);   /* all of it */
/* -EEXIST: it is there already; -ENOSPC */
must_check int gathering_add(struct gathering *g, const struct share *s);
/* What `shares` shares with this threshold make; drops them. -EINVAL: they do not fit together. */
must_check int gathering_combine(struct gathering *g, unsigned int threshold, struct secret_key *key);

/* Hex, or else base64, as Vault takes a share. -EINVAL: neither; -ERANGE: a length that no share has. */
must_check int share_read(const char *text, struct share *s);

#endif
