/*
 * Entering on silicon: through the vDSO, and signals that arrive meanwhile. C and assembler; hw.c asserts the offsets.
 */
#ifndef ADYTON_CPU_HW_ENTER_H
#define ADYTON_CPU_HW_ENTER_H

#define HW_THREAD_RSP 0
#define HW_THREAD_RUN 8
#define HW_RUN_REGS 32
#define HW_RUN_INTERRUPT 80
#define HW_BLOCK_MASK 0xffff

#ifndef __ASSEMBLER__
#include "cpu/encls.h"

/* struct sgx_enclave_run of Linux. */
struct hw_vdso_run {
	uint64_t tcs;
	uint32_t function; /* out: EEXIT, or the leaf that an exception ended */
	uint16_t exception_vector;
	uint16_t exception_error_code;
	uint64_t exception_addr;
	uint64_t user_handler, user_data;
	uint8_t reserved[216];
};
SGX_ASSERT(sizeof(struct hw_vdso_run) == 256);

/* At the base of each host thread's 64 KiB block. */
struct hw_thread {
	uint64_t host_rsp; /* while in hw_asm_enter, else 0 */
	struct cpu_run *run;
	struct hw_thread *self;
};

typedef int hw_vdso_enter_fn(void); /* its real arguments are put in registers by hw_asm_enter */

/* 0, or what the vDSO returned. Registers come from and go to run->regs. */
long hw_asm_enter(struct hw_thread *thread, struct cpu_run *run, struct hw_vdso_run *vdso_run,
		  hw_vdso_enter_fn *vdso_enter);
#endif

#endif
