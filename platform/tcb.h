/* TCB levels, and the documents about them in Intel's formats: TCB info (v3, and v2 of SGX) and QE identity (v2). */
#ifndef ADYTON_PLATFORM_TCB_H
#define ADYTON_PLATFORM_TCB_H

#include "image/fail.h"
#include "platform/stamp.h"

#define TCB_LEVELS_MAX 32
#define TCB_ADVISORIES_MAX 16
#define TCB_ADVISORY_SIZE 32
#define TCB_MODULES_MAX 4
#define TCB_TEXT_MAX (256 << 10)

/* One rung. Of a QE identity or a TDX module only svn counts of the version numbers. */
struct tcb_level {
	uint8_t components[16], tdx_components[16];
	uint16_t svn; /* PCESVN, or ISVSVN of a quoting enclave or module */
	int64_t date;
	const char *status; /* a name of attest/status.def */
	uint32_t advisory_count;
	char advisories[TCB_ADVISORIES_MAX][TCB_ADVISORY_SIZE];
};

struct tcb_levels {
	uint32_t count;
	struct tcb_level at[TCB_LEVELS_MAX]; /* the newest first */
};

struct tcb_module {
	char id[16]; /* "TDX_03"; tdxModule has none */
	uint8_t mrsigner[48], attributes[8], attributes_mask[8];
	struct tcb_levels levels;
};

struct tcb_info {
	bool tdx;
	uint32_t version, evaluation, type;
	int64_t issued, next;
	uint8_t fmspc[6], pce_id[2];
	const struct tcb_levels *levels;
	const struct tcb_module *module; /* TDX */
	const struct tcb_module *modules;
	uint32_t module_count;
};

struct tcb_qe {
	uint8_t mrsigner[32], attributes[16], attributes_mask[16], misc_select[4], misc_select_mask[4];
	uint16_t isv_prod_id;
	struct tcb_levels levels;
};

struct tcb_qe_identity {
	const char *id; /* "QE", "TD_QE" */
	uint32_t version, evaluation;
	int64_t issued, next;
	const struct tcb_qe *qe;
};

/* The status's name as the table has it, or NULL. A level may have all but NotSupported and those of relaunch. */
const char *tcb_status(const char *text, size_t size);
bool tcb_advisory_add(struct tcb_level *l, const char *id); /* false: too long, too many, or not printable */

/*
 * Put a level where it belongs: before all that it is at least as new as. One with the same numbers is replaced.
 */
must_check int tcb_level_put(struct tcb_levels *levels, const struct tcb_level *level, struct fail *f);
bool tcb_level_remove(struct tcb_levels *levels, const struct tcb_level *like);
/* What a TCB recovery does to the levels below: what was up to date is no longer, for these reasons. */
void tcb_level_outdate(struct tcb_level *level, const struct tcb_level *reasons);

/* The text to sign, without white space: its length, or -ERANGE. */
must_check long tcb_info_text(const struct tcb_info *t, char *buffer, size_t size);
must_check long tcb_qe_identity_text(const struct tcb_qe_identity *q, char *buffer, size_t size);

#endif
