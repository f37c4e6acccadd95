/*
 * The host's side of the processor: make an enclave, enter it, change its pages. Two implementations, chosen when the
 * host starts: cpu/soft (a software SGX processor in this process) and cpu/hw (/dev/sgx_enclave and the vDSO).
 *
 * Return values: 0 or a positive SGX_ error code of the leaf function (abi/sgx.h), or a negative errno of Linux.
 */
#ifndef ADYTON_CPU_ENCLS_H
#define ADYTON_CPU_ENCLS_H

#include "abi/sgx.h"

/* Why cpu_enter() came back. */
enum cpu_exit {
	CPU_EXIT_EEXIT,     /* the enclave executed EEXIT; its registers are in run->regs */
	CPU_EXIT_EXCEPTION, /* asynchronous exit by a fault: vector, error_code, address are set */
	CPU_EXIT_SIGNAL,    /* asynchronous exit by a signal to this thread: signal is set */
	CPU_EXIT_SERVED,    /* EEXIT, run->served() has dealt with it: enter again */
};

/* What the host passes in at EENTER and what the enclave passes out at EEXIT, register by register. */
struct cpu_regs {
	uint64_t rdi, rsi, rdx, r8, r9, r10;
};

/* One entry and the exit that ends it. Belongs to one thread. */
struct cpu_run {
	uint64_t tcs;      /* in: linear address */
	uint32_t function; /* in: ENCLU_EENTER or ENCLU_ERESUME */
	uint32_t exit;     /* out: enum cpu_exit */
	uint16_t vector;
	uint16_t error_code;
	uint32_t signal;
	uint64_t address;
	struct cpu_regs regs; /* in for EENTER, out for EEXIT; kept for ERESUME */
	/*
	 * in: not 0 makes enter() return -EINTR without entering, nothing changed. A signal handler of the host sets
	 * it, so that no signal is lost between the host's last look and the entry; the host clears it.
	 */
	volatile uint32_t interrupt;
	/*
	 * NULL, or called at EEXIT on the stack of enter(), with exit and regs set; true: enter again (EENTER with the
	 * regs that it left) without returning. Returning from enter() and calling it anew would cost more than entry
	 * and exit themselves: the processor predicts returns by a stack of its own, which enclave and host share.
	 * It must not use FS and GS, which may still be the enclave's; others may find the TCS still in use.
	 */
	bool (*served)(struct cpu_run *run);
};

enum cpu_memory { CPU_MEMORY_SECRET, CPU_MEMORY_ORDINARY };

struct cpu_options {
	uint64_t enclu_page;    /* linear address of the kernel's ENCLU stub page */
	enum cpu_memory memory; /* soft only: memfd_secret extents, or ordinary private memory */
	bool strict;            /* soft only: ENCLU and CPUID trap and are emulated one by one */
	int key_fd;             /* soft only: socket to the process that derives keys, or -1: none yet (see keys) */
	/* A signal found this thread outside the enclave (in host code). Called in signal context. */
	void (*host_signal)(int signal, void *siginfo, void *ucontext);
};

struct cpu_counters {
	uint64_t aex, pages_added, pages_removed, pages_live;
};

struct cpu_ops {
	const char *name;
	int (*create)(const struct cpu_options *options, const struct sgx_secs *secs);
	/* EADD one page (and EEXTEND all of it where measure). content is host memory of 4096 bytes. */
	int (*add)(uint64_t address, const void *content, uint64_t secinfo_flags, bool measure);
	int (*init)(const struct sgx_sigstruct *sigstruct);
	/* EDMM, whole ranges of pages: EMODPR, EMODT, and EREMOVE of pages that are TRIM and accepted. */
	int (*restrict_permissions)(uint64_t address, uint64_t length, uint64_t rwx);
	int (*modify_type)(uint64_t address, uint64_t length, uint64_t page_type);
	int (*remove)(uint64_t address, uint64_t length);
	/* Prepare the calling host thread to enter: altstack, dispatch, signal handlers. Once per host thread. */
	int (*thread_init)(void *thread_stack_base);
	/* Enter the enclave; returns 0 with run->exit set, or an SGX/Linux error (TCS busy, not a TCS, ...). */
	int (*enter)(struct cpu_run *run);
	void (*counters)(struct cpu_counters *out);
	/*
	 * NULL for silicon. Soft: fd is a socket to a process that derives keys; from now on EREPORT and EGETKEY, which
	 * until then raise #GP, ask it. -EIO when it does not answer: it said why.
	 */
	int (*keys)(int fd);
};

extern const struct cpu_ops cpu_soft, cpu_hw;

#endif
