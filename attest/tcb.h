/* Which level a platform is at, and what follows for its status. */
#ifndef ADYTON_ATTEST_TCB_H
#define ADYTON_ATTEST_TCB_H

#include "attest/collateral.h"

/* The platform's own levels and those of the QE and the TDX module; NULL: none matches. */
struct tcb_match {
	const struct tcb_level *sgx;      /* by the components of the processor alone */
	const struct tcb_level *platform; /* and for TDX by those of the TD as well */
	const struct isv_level *qe, *module;
	const struct tdx_module *tdx_module; /* NULL: not TDX */
};

void tcb_match_platform(const struct tcb_info *info, const struct attest_platform *p, const struct attest_tdx *td,
			struct tcb_match *m);
const struct isv_level *isv_levels_match(const struct isv_levels *levels, uint16_t isv_svn);
const struct tdx_module *tdx_module_find(const struct tcb_info *info, uint8_t version);
/* Statuses, dates and advisories into the verdict; with NotSupported also the reason. `td` is NULL for SGX. */
void tcb_conclude(const struct intel_collateral *c, const struct tcb_match *m, const struct attest_tdx *td,
		  struct attest_verdict *v);

#endif
