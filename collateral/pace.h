/*
 * How fast a host may be asked: the moment before which it wants no request, kept in a file, so that the next process
 * respects it too.
 */
#ifndef ADYTON_COLLATERAL_PACE_H
#define ADYTON_COLLATERAL_PACE_H

#include "abi/types.h"
#include "image/fail.h"

/* Sleep until the host may be asked; -1 if that is longer than `patience` seconds. */
must_check int pace_wait(const char *state, const char *url, int64_t patience, struct fail *f);
void pace_note(const char *state, const char *url, int64_t moment);

#endif
