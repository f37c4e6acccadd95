#ifndef ADYTON_ATTEST_EVIDENCE_TEXT_H
#define ADYTON_ATTEST_EVIDENCE_TEXT_H

#include "attest/internal.h"

/* Printable ASCII and white space only, and not empty. */
bool evidence_is_text(struct attest_bytes bytes);
/*
 * Bytes written, -EINVAL (no such text) or -ERANGE (they do not fit). *text becomes what is left behind a PEM block;
 * *certificate: it was one of a certificate.
 */
must_check long evidence_text_decode(struct attest_bytes *text, uint8_t *to, size_t size, bool *certificate);

#endif
