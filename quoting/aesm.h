/*
 * On silicon: Intel's quoting enclave, through AESM (aesmd), which listens on a UNIX socket. Messages of its
 * messages.proto (linux-sgx, psw/ae/aesm_service/source/core/ipc), each behind its length in 32 bits.
 */
#ifndef ADYTON_QUOTING_AESM_H
#define ADYTON_QUOTING_AESM_H

#include "abi/sgx.h"
#include "image/fail.h"

#define AESM_SOCKET "/var/run/aesmd/aesm.socket"
#define AESM_QUOTE_MAX 8192U

/* 0, or an error of Linux, negative, with f set. */
must_check int aesm_target(const char *path, struct sgx_targetinfo *target, struct fail *f);
must_check int aesm_quote(const char *path, const uint8_t report[SGX_REPORT_BYTES], uint8_t quote[AESM_QUOTE_MAX],
			  uint32_t *size, struct fail *f);

#endif
