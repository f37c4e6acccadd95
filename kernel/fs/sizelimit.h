/* RLIMIT_FSIZE: how large a regular file may be made, of whatever file system. What goes beyond raises SIGXFSZ. */
#ifndef ADYTON_KERNEL_FS_SIZELIMIT_H
#define ADYTON_KERNEL_FS_SIZELIMIT_H

#include "abi/linux/resource.h"
#include "kernel/fs/file.h"
#include "kernel/task/process.h"

static inline bool sizelimit_set(void)
{
	return init_process.limits[RLIMIT_FSIZE].rlim_cur != RLIM_INFINITY;
}

/* How much of *size may be written at pos (NULL: where write(2) would): 0 and *size as it may be, or -EFBIG. */
int sizelimit_write(struct file *f, const int64_t *pos, uint64_t *size) must_check;
/* May the file get this size? 0 or -EFBIG. */
int sizelimit_resize(struct file *f, int64_t size) must_check;
int sizelimit_resize_inode(struct inode *i, int64_t size) must_check;

#endif
