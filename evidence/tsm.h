/*
 * Evidence of the machine that we run in, a TDX or SEV-SNP guest: Linux's configfs-tsm (Documentation/ABI/testing/
 * configfs-tsm-report). TDX gives a quote; SNP a report, with its certificate table behind it where the host gave one.
 */
#ifndef ADYTON_EVIDENCE_TSM_H
#define ADYTON_EVIDENCE_TSM_H

#include "image/fail.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TSM_REPORTS "/sys/kernel/config/tsm/report"
#define TSM_REPORT_DATA 64
#define TSM_BLOB_MAX (32U << 10) /* of each blob; Linux answers EFBIG beyond */
#define TSM_EVIDENCE_MAX (2 * TSM_BLOB_MAX)
#define TSM_PRIVLEVEL_DEFAULT (-1)

/* Where reports are made. The calls make and remove one's folder; tests give others, which fill it as Linux does. */
struct tsm_system {
	const char *reports;
	int (*make)(const char *path, mode_t mode);
	int (*remove)(const char *path);
};
extern const struct tsm_system tsm_linux;

struct tsm_evidence {
	char provider[32]; /* "tdx_guest", "sev_guest" */
	size_t size;
	uint8_t bytes[TSM_EVIDENCE_MAX];
};

/* privlevel: the VMPL that asks, or TSM_PRIVLEVEL_DEFAULT. 0, or -1 with the sentence set. */
int tsm_evidence_get(const struct tsm_system *system, const uint8_t report_data[TSM_REPORT_DATA], int privlevel,
		     struct tsm_evidence *to, struct fail *f) __attribute__((warn_unused_result));

#endif
