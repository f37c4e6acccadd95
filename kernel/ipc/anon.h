/* Files without a name in any file system: pipes, sockets, event descriptors. */
#ifndef ADYTON_KERNEL_IPC_ANON_H
#define ADYTON_KERNEL_IPC_ANON_H

#include "kernel/fs/file.h"

struct stat;

/* A number of its own for each, as in "pipe:[7]". Never 0. */
uint64_t anon_ino(void);
/* `name` is a format with one %lu for ino, or none. On failure the caller still owns data. */
struct file *anon_file(const struct file_ops *ops, uint32_t flags, void *data, const char *name,
		       uint64_t ino) must_check;
void anon_stat(struct stat *st, uint32_t mode, uint64_t ino);
/* The getattr operation of what has no type and no number. */
int anon_getattr(struct file *f, struct stat *st) must_check;
/* Install and give the descriptor, or drop the file: takes over the reference either way. */
int anon_install(struct file *f, bool close_on_exec) must_check;
/* Two descriptors to a program's int[2]; takes over both references either way. */
int anon_install_pair(struct file *first, struct file *second, bool close_on_exec, uint64_t to) must_check;

#endif
