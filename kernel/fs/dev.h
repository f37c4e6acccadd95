/* Character devices: null, zero, full, random, urandom; terminals are the host's. */
#ifndef ADYTON_KERNEL_FS_DEV_H
#define ADYTON_KERNEL_FS_DEV_H

#include "kernel/fs/vfs.h"

/* Open the device of a node. -ENXIO: there is none of that number. */
int dev_open(struct inode *i, uint64_t device, uint32_t flags, struct file **out) must_check;
/* The tree of /dev, as a tmpfs. */
int dev_mount(struct inode **root) must_check;

#endif
