/*
 * The quoting enclave: an ordinary program in a measured image with ATTRIBUTES.PROVISIONKEY. Quoting and provisioning
 * enclave (QE, PCE) in one. Keys:
 *
 *     PCK          P-256, from the provisioning key: of this machine, signer, product and version; never stored
 *     attestation  P-256, made at random, sealed to this very enclave; signs quotes, and the PCK key vouches for it
 *
 * It opens no file but those of /dev/attestation: what it keeps, its caller keeps for it, sealed.
 */
#ifndef ADYTON_QUOTING_ENCLAVE_H
#define ADYTON_QUOTING_ENCLAVE_H

#include "abi/evidence.h"
#include "platform/ec.h"
#include "quoting/channel.h"

/* Bytes of a reply being made; cut off when full, and `full` says so. */
struct reply {
	uint8_t bytes[QUOTING_MAX];
	uint32_t size;
	bool full;
};
void reply_add(struct reply *r, const void *bytes, size_t size);

/* device.c: /dev/attestation. Errors of Linux, negative. */
must_check int device_read(const char *name, void *to, size_t size); /* exactly so many bytes */
must_check int device_write(const char *name, const void *from, size_t size);
/* A report of this enclave with that data; it is for nobody, its body is what counts. */
must_check int device_self(const uint8_t data[64], struct sgx_report_body *out);

/* derive.c */
must_check int derive_pck(EVP_PKEY **key);
must_check int derive_from_scalar(const uint8_t scalar[32], EVP_PKEY **key);
must_check int derive_platform_id(const uint8_t ppid[16], uint8_t id[16]);

/* sealed.c: `sealed` is replaced when it is empty or does not open (another version's); *key is the key inside. */
#define SEALED_BYTES 64U
must_check int sealed_key(uint8_t sealed[SEALED_BYTES], bool present, EVP_PKEY **key);

/* quote.c */
must_check int quote_make(const struct quoting_order *order, const uint8_t *tail, struct reply *reply);
/* The sealed attestation key, made if there is none, and its public half. */
must_check int quote_key(const uint8_t *sealed, uint32_t sealed_size, struct reply *reply);

/* ask.c: what the platform asks its operator's CA for. */
must_check int ask_make(struct reply *reply);

#endif
