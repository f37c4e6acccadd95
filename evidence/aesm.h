/*
 * Quotes of SGX hardware: AESM, the service that runs Intel's quoting enclave. Never run against the real service.
 */
#ifndef ADYTON_EVIDENCE_AESM_H
#define ADYTON_EVIDENCE_AESM_H

#include "abi/sgx.h"
#include "image/fail.h"

#define AESM_SOCKET "/var/run/aesmd/aesm.socket"
#define AESM_KEY_ID_SIZE 256
#define AESM_QUOTE_MAX (64U << 10)

/* The quoting enclave, and the key that it will sign with. */
struct aesm_target {
	uint8_t key_id[AESM_KEY_ID_SIZE];
	struct sgx_targetinfo info;
};

/* 0, or -1 with the sentence set. */
int aesm_target_get(const char *socket, struct aesm_target *to, struct fail *f) must_check;
/* The quote of a report that was made for that target. The answer is checked to be about this report. */
int aesm_quote_get(const char *socket, const struct aesm_target *target, const uint8_t report[SGX_REPORT_BYTES],
		   uint8_t *quote, size_t room, size_t *size, struct fail *f) must_check;

#endif
