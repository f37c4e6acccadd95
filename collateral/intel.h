/* Intel's Provisioning Certification Service v4, or a cache of it (PCCS): the documents of a family, as one bundle. */
#ifndef ADYTON_COLLATERAL_INTEL_H
#define ADYTON_COLLATERAL_INTEL_H

#include "collateral/fetch.h"
#include "collateral/subject.h"

#define INTEL_URL "https://api.trustedservices.intel.com"
#define INTEL_ROOT_CRL_URL "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"

struct intel_source {
	const char *url;      /* NULL: Intel's */
	const char *root_crl; /* NULL: Intel's, or the cache's own */
	const char *update;   /* "early", "standard" or NULL */
};

/* *json is malloc'd. Nothing is verified yet. */
must_check int intel_get(const struct intel_source *s, const struct subject *who, const struct fetch *fetch,
			 char **json, struct fail *f);

#endif
