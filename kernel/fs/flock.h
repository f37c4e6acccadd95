/* Advisory locks of files that live in the enclave: flock(2), POSIX record locks and those of descriptions (OFD). */
#ifndef ADYTON_KERNEL_FS_FLOCK_H
#define ADYTON_KERNEL_FS_FLOCK_H

#include "kernel/fs/file.h"

int flock_whole(struct file *f, int operation) must_check;
long flock_range(struct file *f, int cmd, uint64_t user) must_check;
/* A descriptor was closed: the process' record locks on that file go (fcntl(2)). */
void flock_close(struct file *f);
/* The description goes: its own locks go. */
void flock_release(struct file *f);

#endif
