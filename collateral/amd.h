/*
 * AMD's Key Distribution Service (57230), or a mirror of it: the certificate of a chip's key, its chain, and the list
 * of what is revoked, as one bundle.
 */
#ifndef ADYTON_COLLATERAL_AMD_H
#define ADYTON_COLLATERAL_AMD_H

#include "collateral/fetch.h"
#include "collateral/subject.h"

#define AMD_URL "https://kdsintf.amd.com"
#define AMD_APART 10 /* seconds that it wants between two requests */

/* url NULL: AMD's. *json is malloc'd, and nothing is verified yet. *crl_missing: why there is no list in it, or "". */
must_check int amd_get(const char *url, const struct subject *who, const struct fetch *fetch, char **json,
		       struct fail *crl_missing, struct fail *f);

#endif
