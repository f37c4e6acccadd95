/*
 * Quotes of SGX hardware from Intel's quoting library, which runs Intel's quoting enclave in this process. It is no
 * part of Debian: loaded when it is there, by its path. Never run against the real library.
 */
#ifndef ADYTON_QUOTING_DCAP_H
#define ADYTON_QUOTING_DCAP_H

#include "quoting/silicon.h"

/* As aesm_target() and aesm_quote(). */
int dcap_target(const char *library, struct sgx_targetinfo *to, struct fail *f) must_check;
int dcap_quote(const char *library, const uint8_t report[SGX_REPORT_BYTES], uint8_t quote[SILICON_QUOTE_MAX],
	       uint32_t *size, struct fail *f) must_check;

#endif
