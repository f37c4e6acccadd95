/* The measured root: EROFS over blocks that match the root hash of the definition. */
#ifndef ADYTON_KERNEL_FS_ROOTFS_H
#define ADYTON_KERNEL_FS_ROOTFS_H

#include "kernel/fs/vfs.h"

struct definition_verity;

int rootfs_mount(const struct definition_verity *verity, struct inode **root) must_check;

#endif
