/*
 * What rests in the clear about a seal: how many hold shares, and the root key under what opens it. It is public: the
 * wrapped keys are authentic by themselves, and whoever changes the numbers only makes the shares not fit.
 */
#ifndef ADYTON_SERVER_SEAL_RECORD_H
#define ADYTON_SERVER_SEAL_RECORD_H

#include "crypto/aes_gcm.h"
#include "crypto/key.h"
#include "server/core/pool.h"

#define WRAPPED_SIZE (AES_GCM_NONCE_SIZE + SECRET_KEY_MAX + AES_GCM_TAG_SIZE)

struct wrapped_key {
	bool present;
	uint8_t bytes[WRAPPED_SIZE];
};

struct seal_record {
	char type[16];          /* of the seal that made it */
	unsigned int shares, threshold; /* 0: nobody holds any */
	struct wrapped_key by_shares; /* the root key under the key that the shares make */
	struct wrapped_key by_seal;   /* under the seal's own key */
};

/* label: what the wrapping is for, bound to it. */
void key_wrap(const struct secret_key *key, const struct secret_key *by, const char *label, struct wrapped_key *out);
must_check bool key_unwrap(const struct wrapped_key *w, const struct secret_key *by, const char *label,
			   struct secret_key *key);

struct blob record_write(const struct seal_record *record, struct pool *pool);
/* -EBADMSG */
must_check int record_read(struct seal_record *record, struct blob text);

#endif
