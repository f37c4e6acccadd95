/*
 * HTTP as collateral services want it: bounded answers, bounded patience, and limits of rate that outlive the process.
 */
#ifndef ADYTON_COLLATERAL_FETCH_H
#define ADYTON_COLLATERAL_FETCH_H

#include "abi/types.h"
#include "image/fail.h"

#define FETCH_BODY_MAX (4UL << 20)
#define FETCH_CHAIN_MAX 32768

struct fetch {
	const char *state;    /* the folder in which the rate limits are kept */
	int64_t patience;     /* seconds that we are ready to wait for a source that asks for time */
	long timeout;         /* seconds for one answer */
};

struct fetch_answer {
	char *body; /* with a NUL behind it */
	size_t size;
	char chain[FETCH_CHAIN_MAX]; /* of the header ...-Issuer-Chain, decoded */
};

/* 0 with an answer of status 200 (free its body), or -1. apart: seconds that the host wants between two requests. */
must_check int fetch_get(const struct fetch *f, const char *url, int apart, struct fetch_answer *a, struct fail *why);

#endif
