/* Named pipes whose inode lives in the enclave: one pipe per inode while anybody has it open. */
#ifndef ADYTON_KERNEL_IPC_FIFO_H
#define ADYTON_KERNEL_IPC_FIFO_H

#include "kernel/ipc/pipe.h"

struct pipe *pipe_new(void);
void pipe_free(struct pipe *p);

/* Drop a reference; true when it was the last and the caller shall free the pipe. */
bool fifo_unref(struct pipe *p) must_check;
/* A FIFO's reader sees POLLHUP only when a writer has come since it opened. The pipe's lock is held. */
bool fifo_had_writer(const struct pipe *p, const struct file *f) must_check;

#endif
