/*
 * The border between kernel and host: what lies in host memory while a call is out, and the structures of calls that
 * Linux has no single form for. The kernel believes nothing that it reads here.
 */
#ifndef ADYTON_ABI_HOSTCALL_H
#define ADYTON_ABI_HOSTCALL_H

#include "abi/linux/resource.h"
#include "abi/linux/time.h"
#include "abi/types.h"

/* EEXIT: RDI says why. EENTER with CSSA 0: RDI is one of these, RSI goes with it. */
#define EXIT_HOSTCALL 1 /* serve border->nr, then EENTER with ENTER_RETURN */
#define EXIT_RESUME 2   /* the exception was handled: ERESUME */
/* first entry of the process: RSI is the thread's border, RDX its size, R8 a struct host_start, R9 its size */
#define ENTER_PROCESS 1
#define ENTER_THREAD 2  /* first entry of a further thread: RSI border, RDX size */
#define ENTER_RETURN 3  /* the host call is done, its result is in border->result */
/* EENTER with CSSA 1: RDI is a signal that arrived for the process, or 0; a fault is read from the SSA frame. */

/* One thread's window in host memory, page aligned. Its buffer is used afresh by every call. */
struct border {
	uint64_t nr;
	uint64_t slots[6];
	int64_t result;
	/* bit n-1: signal n arrived while this thread was in the host; the host sets, the kernel takes */
	uint64_t signals;
	uint64_t slot; /* the host's name for the thread */
};
/* The buffer begins on a page of its own: Linux copies to one page faster than to two. */
#define BORDER_BUFFER 4096
_Static_assert(sizeof(struct border) <= BORDER_BUFFER, "border");

/* The window: its head, then room for one call and for those that a fault in its middle makes. */
#define BORDER_SIZE (512 * KIB)
#define BORDER_CALL_MAX (128 * KIB)

#define HOST_INHERITED_MAX 1023

/* What the process inherits from the one that started it. Informational, except where the kernel says otherwise. */
struct host_start {
	uint64_t launch; /* struct launch (abi/launch.h), in host memory */
	uint64_t launch_size;
	int32_t pid, ppid, pgid, sid;
	uint32_t uid, euid, gid, egid;
	uint32_t group_count, groups[64];
	uint32_t umask, dumpable;
	struct rlimit limits[16];
	uint64_t blocked, ignored; /* signals, bit n-1 */
	uint64_t hwcap, hwcap2, clock_tick, min_signal_stack;
	uint8_t platform[16]; /* AT_PLATFORM */
	uint8_t nodename[65], release[65], version[65], machine[65], domain[65];
	uint8_t padding[3];
	uint32_t inherited_count;
	int32_t inherited[HOST_INHERITED_MAX]; /* open descriptors, 0 to 2 among them if they are */
};

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

struct timespec_pair {
	struct timespec at[2];
};

struct loff {
	int64_t at;
};

struct host_cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/*
 * host_quote(): the buffer holds what is asked, then the answer. -ENODEV: nobody here makes quotes. -EAGAIN: not yet;
 * the thread that asked asks the same again for as long, or says that it gave up.
 */
#define HOST_QUOTE_MAX (64 * KIB)
#define HOST_QUOTE_PROBE 0  /* nothing -> nothing: are quotes made here? */
#define HOST_QUOTE_TARGET 1 /* nothing -> struct sgx_targetinfo of the quoting enclave */
#define HOST_QUOTE_REPORT 2 /* a report for it, SGX_REPORT_BYTES -> the quote */
#define HOST_QUOTE_GIVE_UP 3

/* What only the kernel counts; the host adds its own and writes --stats. */
struct host_stats { /* of the whole run */
	uint64_t traps, patched_sites, unpatchable_sites, page_faults, committed_pages, peak_pages;
};

#endif
