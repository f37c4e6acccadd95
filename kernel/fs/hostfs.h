/* Directories and files of the host. Their contents are whatever the host says. */
#ifndef ADYTON_KERNEL_FS_HOSTFS_H
#define ADYTON_KERNEL_FS_HOSTFS_H

#include "kernel/fs/vfs.h"

struct hostfs;

struct hostfs_inode {
	struct inode inode;
	int32_t fd; /* O_PATH, or that of the open directory */
};

/* The root inode of a host path (a directory or a file). -ENOENT and others as the host says. */
int hostfs_mount(const char *source, struct inode **out) must_check;
/* Host devices whose paths we serve ourselves: a stat that ends there went through a link into one of our mounts. */
void hostfs_shadow(const char *source);
/* A description for a descriptor that the host has open already. -EBADF when it has not. */
int hostfs_adopt(int host_fd, struct file **out) must_check;
/* Close a descriptor of the host, whatever its kind. */
void hostfs_close_fd(int32_t fd);
/* A host file by host path, outside all mounts, for /dev and informational parts of /proc. */
int hostfs_open_path(const char *path, uint32_t flags, struct file **out) must_check;
/* A description for a host descriptor just opened in `fs`; closes it when there is no memory. */
int hostfile_new(long host_fd, uint32_t flags, struct inode *dir, struct file **out) must_check;
/* An inode that takes over a host descriptor; closes it when there is no memory. */
int hostfs_inode_new(struct inode *dir, long fd, struct inode **out) must_check;
/* Open again what a host descriptor stands for. */
long hostfs_reopen(int32_t fd, uint32_t flags) must_check;
int hostfs_setattr(int32_t fd, bool opened, const struct inode_attr *a) must_check;
long hostfs_ioctl(struct file *f, uint32_t request, uint64_t arg);
/* Read a whole small host file; its length (cut to size) or a negative errno. */
long hostfs_slurp(const char *path, char *to, size_t size) must_check;
/* Is it a file or directory of the host? */
bool hostfs_file_is(const struct file *f);
bool hostfs_inode_is(const struct inode *i);

#endif
