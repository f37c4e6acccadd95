/* Parts of certificate.c that lists of revoked ones need as well. The rest is in internal.h. */
#ifndef ADYTON_ATTEST_CERTIFICATE_H
#define ADYTON_ATTEST_CERTIFICATE_H

#include "attest/internal.h"

/* By a whole AlgorithmIdentifier. */
enum signature_kind signature_kind_of(struct attest_bytes algorithm);
/* The next element is a BIT STRING of whole bytes. */
bool bit_string_take(struct der *d, struct attest_bytes *content);

#endif
