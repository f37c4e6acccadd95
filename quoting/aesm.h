/*
 * Quotes of SGX hardware: AESM, the service that runs Intel's quoting enclave. Never run against the real service.
 */
#ifndef ADYTON_QUOTING_AESM_H
#define ADYTON_QUOTING_AESM_H

#include "quoting/silicon.h"

/* The quoting enclave for which a report must be made. 0, or -1 with the sentence set. */
int aesm_target(const char *socket, struct sgx_targetinfo *to, struct fail *f) must_check;
/* The quote of such a report. The answer is checked to be one, and about this report. */
int aesm_quote(const char *socket, const uint8_t report[SGX_REPORT_BYTES], uint8_t quote[SILICON_QUOTE_MAX],
	       uint32_t *size, struct fail *f) must_check;

/* aesm_connect.c: a socket on which neither direction waits for ever, or -1. */
int aesm_connect(const char *path, struct fail *f) must_check;

#endif
