/*
 * Pages that come from a file, for one fault. The file is read while mm->lock is not held: it may take locks of its own
 * and call the host.
 */
#ifndef ADYTON_KERNEL_MM_FILL_H
#define ADYTON_KERNEL_MM_FILL_H

#include "kernel/mm/space.h"

#define AROUND_FILE_MAX 32U /* pages that one fault reads at most */

struct fill {
	struct file *file;
	uint64_t start, count, offset;
	uint64_t wanted;  /* the page that must come */
	uint8_t *buffer;  /* of the pages that were read */
	uint64_t room;    /* pages of buffer */
	const void *source[AROUND_FILE_MAX]; /* NULL: this page could not be read, or lies beyond the end */
};

/* Read the pages. mm->lock is not held. */
void fill_read(struct fill *fill);
/* Put in what is still absent, if the area is still what it was. mm->lock is held. */
enum mm_fault_result fill_commit(struct mm *mm, const struct fill *fill, bool write);
void fill_done(struct fill *fill);

#endif
