/*
 * What remembers, outside of the store and out of reach of who owns the store, which of its versions is the newest.
 * Without one, an old copy of the whole store cannot be told from the newest.
 */
#ifndef ADYTON_SERVER_STORE_ANCHOR_H
#define ADYTON_SERVER_STORE_ANCHOR_H

#include "crypto/key.h"

struct anchor_value {
	uint64_t version;
	uint8_t digest[32]; /* of that version's row of the root's log */
};

struct anchor {
	const char *type; /* "tpm", "memory" */
	void *state;
	/* Before all others: a key that only the unsealed store knows; NULL where none is needed. */
	void (*key)(struct anchor *a, const struct secret_key *key);
	int (*read)(struct anchor *a, struct anchor_value *value);
	/*
	 * Durable when it returns 0. -ESTALE: it is not at `from`. from: NULL where a loss was accepted or it is new.
	 */
	int (*advance)(struct anchor *a, const struct anchor_value *from, const struct anchor_value *to);
	void (*close)(struct anchor *a);
};

/* For tests and for measuring: as good as the process. */
struct anchor *anchor_memory(void);
/*
 * NV space of a TPM 2.0. address: a TCTI as tpm2-tools take it ("device:/dev/tpmrm0"), then "#" and the index in hex.
 */
struct anchor *anchor_tpm(const char *address, char *error, size_t size);

#endif
