/*
 * Between the files that make up /proc. The uint64_t is the thread's id, the process' for the process' own directory.
 */
#ifndef ADYTON_KERNEL_FS_PROC_H
#define ADYTON_KERNEL_FS_PROC_H

#include "kernel/fs/pseudo.h"

/* A thread as it was for one moment. */
struct proc_thread_state {
	int32_t tid;
	char comm[16];
	uint64_t blocked, pending;
	uint64_t start_ns;
	uint32_t threads;
	bool running;
};
int proc_thread_state(int32_t tid, struct proc_thread_state *s) must_check; /* -ESRCH */

int proc_stat(struct text *t, uint64_t tid);
int proc_statm(struct text *t, uint64_t tid);
int proc_status(struct text *t, uint64_t tid);
int proc_limits(struct text *t, uint64_t tid);
int proc_maps(struct text *t, uint64_t tid);
int proc_smaps(struct text *t, uint64_t tid);
int proc_smaps_rollup(struct text *t, uint64_t tid);
int proc_mounts(struct text *t, uint64_t tid);
int proc_mountinfo(struct text *t, uint64_t tid);
/* The uint64_t is the descriptor. */
int proc_fd_info(struct text *t, uint64_t fd);
long proc_fd_link(char *to, size_t size, uint64_t fd);
int proc_fd_follow(uint64_t fd, struct file **out);

#endif
