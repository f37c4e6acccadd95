/* Intel's TCB info (versions 2 and 3) and QE identity (version 2), read. */
#ifndef ADYTON_ATTEST_TCB_INFO_H
#define ADYTON_ATTEST_TCB_INFO_H

#include "attest/document.h"

#define TCB_LEVELS_MAX 64
#define TDX_MODULES_MAX 16
#define ISV_LEVELS_MAX 32

struct tcb_level {
	uint8_t sgx[16], tdx[16];
	uint16_t pce_svn;
	struct tcb_verdict verdict;
};

/* Of a quoting enclave or a TDX module. */
struct isv_level {
	uint16_t isv_svn;
	struct tcb_verdict verdict;
};

struct isv_levels {
	size_t count;
	struct isv_level at[ISV_LEVELS_MAX];
};

struct tdx_module {
	uint8_t version; /* 0: the member tdxModule, which has no levels */
	uint8_t mrsigner[48], attributes[8], attributes_mask[8];
	struct isv_levels levels;
};

struct tcb_info {
	unsigned int version;
	enum attest_tee tee;
	struct document_dates dates;
	uint8_t fmspc[6], pce_id[2];
	bool pce_id_known; /* early ones of version 2 have none */
	size_t level_count, module_count;
	struct tcb_level levels[TCB_LEVELS_MAX]; /* newest first, as signed */
	struct tdx_module modules[TDX_MODULES_MAX];
};

struct qe_identity {
	enum attest_tee tee; /* NONE: of another enclave, such as the QVE */
	struct document_dates dates;
	uint32_t misc_select, misc_select_mask;
	uint8_t attributes[16], attributes_mask[16], mrsigner[32];
	uint16_t isv_prod_id;
	struct isv_levels levels;
};

bool tcb_info_read(const struct json *root, struct tcb_info *to, struct advisories *advisories,
		   struct attest_refusal *why);
bool qe_identity_read(const struct json *root, struct qe_identity *to, struct advisories *advisories,
		      struct attest_refusal *why);
/* An array tcbLevels with tcb.isvsvn. */
bool isv_levels_read(const struct document *d, const struct json *owner, struct isv_levels *to);

#endif
