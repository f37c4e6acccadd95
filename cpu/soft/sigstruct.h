/* Judging a SIGSTRUCT by itself (SDM 40.3 EINIT, its first checks). Needs no enclave and no processor. */
#ifndef ADYTON_CPU_SOFT_SIGSTRUCT_H
#define ADYTON_CPU_SOFT_SIGSTRUCT_H

#include "abi/sgx.h"

#define SIGSTRUCT_PADDING 352

/* SGX_SUCCESS, SGX_INVALID_SIG_STRUCT or SGX_INVALID_SIGNATURE. */
int sigstruct_check(const struct sgx_sigstruct *s);
/* The same, and what the processor keeps: the top bytes of the decrypted signature, little-endian. */
int sigstruct_verify(const struct sgx_sigstruct *s, uint8_t padding[SIGSTRUCT_PADDING]);
void sigstruct_signer(const struct sgx_sigstruct *s, uint8_t mrsigner[32]);

#endif
