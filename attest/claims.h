/* Reading off claims what several places ask: policy and the two forms of a verdict. */
#ifndef ADYTON_ATTEST_CLAIMS_H
#define ADYTON_ATTEST_CLAIMS_H

#include "attest/attest.h"

#define SGX_DEBUG 0x2ull
#define TDX_DEBUG 0x1ull
#define TDX_SEPT_VE_DISABLE (1ull << 28)
#define SNP_POLICY_DEBUG (1ull << 19)
#define SNP_AUTHOR_KEY_EN 0x1ull

static inline bool claims_debug(enum attest_tee tee, const struct attest_claims *c)
{
	switch (tee) {
	case ATTEST_SGX:
		return c->sgx.attributes & SGX_DEBUG;
	case ATTEST_TDX:
		return c->tdx.td_attributes & TDX_DEBUG;
	case ATTEST_SNP:
		return c->snp.policy & SNP_POLICY_DEBUG;
	case ATTEST_TEE_NONE:
		break;
	}
	return false;
}

/* MRENCLAVE, MRTD or SNP's measurement. */
static inline struct attest_bytes claims_measurement(enum attest_tee tee, const struct attest_claims *c)
{
	switch (tee) {
	case ATTEST_SGX:
		return (struct attest_bytes){ c->sgx.mrenclave, sizeof(c->sgx.mrenclave) };
	case ATTEST_TDX:
		return (struct attest_bytes){ c->tdx.mrtd, sizeof(c->tdx.mrtd) };
	case ATTEST_SNP:
		return (struct attest_bytes){ c->snp.measurement, sizeof(c->snp.measurement) };
	case ATTEST_TEE_NONE:
		break;
	}
	return (struct attest_bytes){ 0 };
}

#endif
