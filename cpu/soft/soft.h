/* The software SGX processor's own state. One enclave per process. */
#ifndef ADYTON_CPU_SOFT_SOFT_H
#define ADYTON_CPU_SOFT_SOFT_H

#include "cpu/encls.h"
#include "cpu/soft/asm.h"
#include "cpu/soft/lock.h"
#include "crypto/sha256.h"

#define SOFT_PADDING 352

/* What the processor knows of the enclave beyond SECS's architectural part (SDM 38.7). */
struct soft {
	struct lock lock; /* EPCM, memory, TCS table, counters.pages_* */
	struct cpu_options options;
	struct sgx_secs secs;
	uint8_t isv_ext_prod_id[16];
	uint8_t isv_family_id[16];
	uint8_t padding[SOFT_PADDING];
	struct sha256 measurement; /* running MRENCLAVE, until EINIT */
	uint32_t xsave_bytes;      /* of an SSA frame, below GPRSGX and EXINFO */
	uint64_t xsave_mask;       /* components that fit there */
	struct cpu_counters counters;
};
extern struct soft soft;

/* The content of a TCS page (SDM 38.8), which nobody but the processor can touch. Offsets: asm.h. */
struct soft_tcs {
	uint64_t address; /* 0: free */
	uint32_t busy;    /* 1 while a thread is inside; taken with compare-and-swap */
	uint32_t cssa, nssa;
	uint32_t reserved;
	uint64_t flags, ossa, oentry, ofs_base, ogs_base;
	struct soft_tcs *next;
};
_Static_assert(offsetof(struct soft_tcs, busy) == TCS_BUSY, "asm.h");
_Static_assert(offsetof(struct soft_tcs, oentry) == TCS_OENTRY, "asm.h");
_Static_assert(offsetof(struct soft_tcs, ofs_base) == TCS_OFS, "asm.h");
_Static_assert(offsetof(struct soft_tcs, ogs_base) == TCS_OGS, "asm.h");
_Static_assert(offsetof(struct soft_tcs, cssa) == TCS_CSSA, "asm.h");

/* At the base of each host thread's 64 KiB block; found from any host stack pointer by masking. */
struct soft_thread {
	uint32_t inside; /* between the commit of EENTER/ERESUME and that of EEXIT/AEX */
	uint32_t window_fault; /* vector of a fault while entering, e.g. XRSTOR of a broken SSA frame */
	uint64_t host_rsp, host_fs, host_gs;
	struct cpu_run *run;
	struct soft_tcs *tcs;
	/* Of the last EENTER: its SSA frame's EPCM word (NULL where a frame has several pages) and GPRSGX. */
	const uint32_t *frame_word;
	struct sgx_gpr *frame_gpr;
	uint32_t exited; /* the entry that enter() made has ended by EEXIT; what failed since then is a later one */
	struct soft_thread *self; /* set by thread_init: proves that a block is one */
	/* The last page fault that was none: against looping for ever on one that stays. */
	uint64_t spurious_rip, spurious_address;
	uint32_t spurious;
};
_Static_assert(offsetof(struct soft_thread, inside) == THREAD_INSIDE, "asm.h");
_Static_assert(offsetof(struct soft_thread, host_rsp) == THREAD_RSP, "asm.h");
_Static_assert(offsetof(struct soft_thread, host_fs) == THREAD_FS, "asm.h");
_Static_assert(offsetof(struct soft_thread, host_gs) == THREAD_GS, "asm.h");
_Static_assert(offsetof(struct soft_thread, run) == THREAD_RUN, "asm.h");
_Static_assert(offsetof(struct soft_thread, tcs) == THREAD_TCS, "asm.h");
_Static_assert(offsetof(struct soft_thread, frame_word) == THREAD_FRAME, "asm.h");
_Static_assert(offsetof(struct soft_thread, frame_gpr) == THREAD_GPR, "asm.h");
_Static_assert(offsetof(struct soft_thread, exited) == THREAD_EXITED, "asm.h");
_Static_assert(offsetof(struct cpu_run, exit) == RUN_EXIT, "asm.h");
_Static_assert(offsetof(struct cpu_run, interrupt) == RUN_INTERRUPT, "asm.h");
_Static_assert(offsetof(struct cpu_run, served) == RUN_SERVED, "asm.h");
_Static_assert(CPU_EXIT_EEXIT == EXIT_EEXIT && CPU_EXIT_SERVED == EXIT_SERVED, "asm.h");
_Static_assert(offsetof(struct cpu_run, regs) == RUN_REGS, "asm.h");

/* An ENCLU leaf being executed: lies on the enclave's stack, where the leaf's caller pointed RSP. Offsets: asm.h. */
struct soft_leaf {
	uint64_t magic;
	uint64_t pending; /* signals that arrived meanwhile, bit n-1 for signal n */
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rflags;
	/* The fault that the instruction raises instead of completing. */
	uint32_t vector, error_code;
	uint64_t fault_address;
};
_Static_assert(sizeof(struct soft_leaf) == LEAF_SIZE, "asm.h");
_Static_assert(offsetof(struct soft_leaf, rax) == LEAF_RAX, "asm.h");
_Static_assert(offsetof(struct soft_leaf, rflags) == LEAF_RFLAGS, "asm.h");

#define SOFT_FAULT 1 /* what leaf functions return beside 0: leaf->vector is set */

/* Faults of leaf functions; they return SOFT_FAULT. */
static inline int leaf_gp(struct soft_leaf *leaf)
{
	leaf->vector = X86_GP;
	leaf->error_code = 0;
	leaf->fault_address = 0;
	return SOFT_FAULT;
}

static inline int leaf_pf(struct soft_leaf *leaf, uint64_t address)
{
	leaf->vector = X86_PF;
	leaf->error_code = 0x8000 | 0x4 | 0x1; /* SGX, user, present (an EPCM attribute failed) */
	leaf->fault_address = address;
	return SOFT_FAULT;
}

/* ENCLU leaf functions: RBX, RCX, RDX are operands, RAX the result. Called with soft.lock held. */
/* keys.c: cpu_ops.keys */
int must_check keys_connect(int fd);
int must_check ereport(struct soft_leaf *leaf);
int must_check egetkey(struct soft_leaf *leaf);
int must_check eaccept(struct soft_leaf *leaf);
int must_check eacceptcopy(struct soft_leaf *leaf);
int must_check emodpe(struct soft_leaf *leaf);
int soft_leaf_dispatch(struct soft_leaf *leaf);
/* Copy an operand in: aligned, inside ELRANGE, on readable REG pages, else the leaf's fault. Not across pages. */
int must_check leaf_operand(struct soft_leaf *leaf, void *to, uint64_t from, uint64_t size, uint64_t align);

/* ENCLS leaf functions. 0, SGX_ code or negative errno (#GP: -EINVAL, #PF: -EFAULT). */
int must_check ecreate(const struct sgx_secs *secs);
int must_check eadd(uint64_t address, const void *content, uint64_t secinfo_flags, bool measure);
void eextend(uint64_t address, const void *content);
int must_check einit(const struct sgx_sigstruct *sigstruct);
int must_check eaug(uint64_t address);
int must_check emodpr(uint64_t address, uint64_t length, uint64_t rwx);
int must_check emodt(uint64_t address, uint64_t length, uint64_t page_type);
int must_check eremove(uint64_t address, uint64_t length);
int must_check soft_enter(struct cpu_run *run);

/* TCS contents (tcs.c), under soft.lock. */
bool tcs_content_ok(const struct sgx_tcs *content);
int must_check tcs_add(uint64_t address, const struct sgx_tcs *content);
void tcs_remove(uint64_t address);
struct soft_tcs *tcs_find(uint64_t address);

/* Processor-private memory (private.c). */
void private_init(enum cpu_memory memory);
void *private_map(uint64_t length);
void *private_alloc(size_t size);
long private_map_at(uint64_t address, uint64_t length, int prot);

static inline bool soft_in_elrange(uint64_t address, uint64_t size)
{
	return address < soft.secs.size && size <= soft.secs.size - address;
}

/* The ENCLU stub page (stub.c): where it is, and what executes there. */
#define STUB_BYTES 17U
extern uint64_t stub_address;
void stub_init(uint64_t address);
bool stub_content_ok(const uint8_t *content);
void stub_content(uint8_t *content);

/* Altstack and dispatch of a thread; the handlers, once (signal.c). */
int must_check signal_thread_init(void *thread_stack_base);
int must_check signal_init(void);

/* A state that the processor cannot go on from: says so and ends the process. */
_Noreturn void soft_die(const char *why);

/* enter.S */
long soft_asm_eenter(struct soft_thread *thread, struct cpu_run *run, struct soft_tcs *tcs, uint64_t cssa,
		     struct sgx_gpr *gpr);
long soft_asm_eresume(struct soft_thread *thread, struct cpu_run *run, void *xsave, struct sgx_gpr *gpr,
		      uint64_t xsave_mask);

#endif
