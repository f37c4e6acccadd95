/*
 * Evidence of the machine itself, a TDX or SEV-SNP guest, through configfs-tsm (Linux,
 * Documentation/ABI/testing/configfs-tsm-report).
 */
#ifndef ADYTON_QUOTING_TSM_H
#define ADYTON_QUOTING_TSM_H

#include "abi/types.h"
#include "image/fail.h"

#define TSM_BLOB_MAX (32UL << 10) /* Linux gives no more either: EFBIG */

struct tsm {
	char provider[32];           /* "tdx_guest", "sev_guest" */
	uint8_t report[TSM_BLOB_MAX];
	size_t report_size;
	uint8_t auxiliary[TSM_BLOB_MAX]; /* SNP: the certificate table, if the host gave one */
	size_t auxiliary_size;
};

/*
 * A report over these data. entry: a directory of that kind that exists already and others may use, too; NULL: one is
 * made and removed.
 */
must_check int tsm_read(struct tsm *t, const char *entry, const uint8_t data[64], struct fail *f);
/* Is it a report of its provider's kind, and over these data? */
must_check int tsm_check(const struct tsm *t, const uint8_t data[64], struct fail *f);

#endif
