/* What a bundle holds once its signatures are checked; dates are checked at each verification. */
#ifndef ADYTON_ATTEST_COLLATERAL_H
#define ADYTON_ATTEST_COLLATERAL_H

#include "attest/tcb_info.h"

struct intel_collateral {
	struct certificates known; /* of all chains, each once; their signatures hold */
	const struct certificate *tcb_signing, *qe_signing, *pck_ca;
	const struct certificate *root; /* all roots here have its key */
	struct crl pck_crl, root_crl;
	struct tcb_info tcb_info;
	struct qe_identity qe_identity;
	struct advisories advisories;
};

/* The same certificate, byte by byte, among the ones whose signatures hold; NULL where there is none. */
const struct certificate *collateral_knows(const struct intel_collateral *c, const struct certificate *one);

#endif
