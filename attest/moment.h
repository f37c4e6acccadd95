/* Moments as documents write them. moment_make() and attest_moment_text() are in internal.h. */
#ifndef ADYTON_ATTEST_MOMENT_H
#define ADYTON_ATTEST_MOMENT_H

#include "attest/internal.h"

/* "2026-05-01T12:00:00Z" and nothing else. */
bool moment_read(struct attest_bytes text, int64_t *at);
/* The next element is a UTCTime or GeneralizedTime. */
bool moment_take(struct der *d, int64_t *at);

#endif
