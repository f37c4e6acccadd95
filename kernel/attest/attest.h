/*
 * Attestation: reports and keys of the processor, and the files of /dev/attestation that give them to programs as
 * Gramine's do.
 */
#ifndef ADYTON_KERNEL_ATTEST_ATTEST_H
#define ADYTON_KERNEL_ATTEST_ATTEST_H

#include "abi/sgx.h"

/*
 * Report data that begins so belongs to protocols of Adyton's own; a program that could have it attested would be an
 * oracle for them (it might offer quotes to whoever asks).
 */
#define ATTEST_RESERVED_PREFIX "ADY"
/* A login to a secrets server: what the measured adyton-init may have attested before it becomes the program. */
#define ATTEST_LOGIN_PREFIX "ADYLOGN1"

/* EREPORT for an enclave, NULL: for ourselves. -ENODEV, -EIO: the host derives no keys. */
int attest_report(const struct sgx_targetinfo *target, const uint8_t data[64], struct sgx_report *out) must_check;
/* Was this report made for this enclave, on this machine? -EBADMSG if not. */
int attest_check(const struct sgx_report *report) must_check;
/* The TARGETINFO that makes others' reports ours to check. */
int attest_target(struct sgx_targetinfo *out) must_check;

/* Sealing: the enclave's or its signer's key of the current versions. SGX_KEYPOLICY_MRENCLAVE, _MRSIGNER. */
int attest_seal_key(uint16_t policy, uint8_t key[16]) must_check;
/* The provisioning key; versions zero instead of the current ones if not `current`. -EACCES without PROVISIONKEY. */
int attest_provision_key(bool current, uint8_t key[16]) must_check;

/* Another program comes: it finds nothing that the one before it had attested, nor the right to attest a login. */
void attest_exec(void);

/* "dcap", or "none" where nobody makes quotes. */
const char *attest_type(void);
/* A quote for report data: its length, and heap memory in *out. */
long attest_quote(const uint8_t data[64], uint8_t **out) must_check;

#endif
