/* A signing key for tests: RSA-3072 with exponent 3, Q1 and Q2 by libcrypto's own numbers. */
#ifndef ADYTON_TESTS_UNIT_CPU_SIGNER_H
#define ADYTON_TESTS_UNIT_CPU_SIGNER_H

#include "abi/sgx.h"

struct signer;
struct signer *signer_new(void);
void signer_free(struct signer *signer);
/* Header, key and signature for what the SIGSTRUCT says otherwise. */
void signer_sign(struct signer *signer, struct sgx_sigstruct *s);

#endif
