/*
 * The border between kernel and host: what lies in host memory while a call is out, and the structures of calls that
 * Linux has no single form for. The kernel believes nothing that it reads here.
 */
#ifndef ADYTON_ABI_HOSTCALL_H
#define ADYTON_ABI_HOSTCALL_H

#include "abi/types.h"

/* EEXIT: RDI says why. EENTER with CSSA 0: RDI is one of these, RSI goes with it. */
#define EXIT_HOSTCALL 1 /* serve border->nr, then EENTER with ENTER_RETURN */
#define EXIT_RESUME 2   /* the exception was handled: ERESUME */
#define ENTER_PROCESS 1 /* first entry of the process: RSI is the thread's border, RDX its size, R8 the launch block, R9 its size */
#define ENTER_THREAD 2  /* first entry of a further thread: RSI border, RDX size */
#define ENTER_RETURN 3  /* the host call is done, its result is in border->result */
/* EENTER with CSSA 1: RDI is a signal that arrived for the process, or 0; a fault is read from the SSA frame. */

/* One thread's window in host memory, page aligned. Its buffer is used afresh by every call. */
struct border {
	uint64_t nr;
	uint64_t slots[6];
	int64_t result;
	uint64_t signals; /* bit n-1: signal n arrived while this thread was in the host; the host sets, the kernel takes */
	uint32_t slot;    /* the host's name for the thread */
	uint32_t reserved;
	uint8_t padding[32];
	uint8_t buffer[]; /* to the end of the window */
};
#define BORDER_BUFFER 128
_Static_assert(offsetof(struct border, buffer) <= BORDER_BUFFER, "border");

#define BORDER_SIZE (256 * KIB + 4096)

struct host_addr {
	uint32_t size; /* as the system call reported it */
	uint32_t reserved;
	uint8_t addr[128];
};

#define HOST_CONTROL_MAX 1024
struct host_msg {
	uint32_t name_size, control_size; /* in: bytes given or room; out: bytes */
	uint32_t flags;                   /* out */
	uint32_t reserved;
	uint8_t name[128];
	uint8_t control[HOST_CONTROL_MAX];
};

struct host_fds {
	int32_t fd[2];
};

struct host_cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* What only the kernel counts; the host adds its own and writes --stats. */
struct host_stats {
	uint64_t traps, patched_sites, unpatchable_sites, page_faults, committed_pages, peak_pages;
};

#endif
