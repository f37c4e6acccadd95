/*
 * The kernel's side of the processor: the ENCLU leaf functions that trusted code may execute (SDM 40.4).
 *
 * Every ENCLU instruction of the kernel stands on one page, enclu_page (kernel/entry/enclu.S):
 *
 *     enclu_page:  enclu            0f 01 d7
 *                  ret              c3          rest of the page: cc
 *
 * On silicon those bytes run as they are. The software processor measures them, checks that they are exactly these,
 * and executes the image with a page of its own in their place.
 *
 * EEXIT is only executed by kernel/entry. EACCEPT on a page that is not there yet makes the page: on silicon the
 * #PF lets the driver EAUG it and the instruction restarts; the software processor does the same in place.
 */
#ifndef ADYTON_CPU_ENCLU_H
#define ADYTON_CPU_ENCLU_H

#include "abi/sgx.h"

extern const char enclu_page[];

/* What enclu() returns when the processor raised #GP at EREPORT or EGETKEY: in software, when it has no keys. */
#define ENCLU_REFUSED UINT64_MAX

/* One leaf through the stub page. Returns RAX. RBX, RCX, RDX are operands; the leaf may use 2 KiB of the stack. */
static inline uint64_t enclu(uint32_t leaf, uint64_t rbx, uint64_t rcx, uint64_t rdx)
{
	uint64_t rax = leaf;

	__asm__ volatile("call enclu_page"
			 : "+a"(rax), "+b"(rbx), "+c"(rcx), "+d"(rdx)
			 :
			 : "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
	return rax;
}

/* Accept the page at addr as secinfo describes it; an SGX_ error code, 0 when it now is so. */
static inline uint64_t enclu_eaccept(const struct sgx_secinfo *secinfo, uint64_t addr)
{
	return enclu(ENCLU_EACCEPT, (uint64_t)secinfo, addr, 0);
}

/* Make the page at target with secinfo's permissions and a copy of the page at source (EAUG, EACCEPTCOPY). */
static inline uint64_t enclu_eacceptcopy(const struct sgx_secinfo *secinfo, uint64_t target, uint64_t source)
{
	return enclu(ENCLU_EACCEPTCOPY, (uint64_t)secinfo, target, source);
}

/* Add permissions to the page at addr. Cannot fail on a valid page of ours; it faults otherwise. */
static inline void enclu_emodpe(const struct sgx_secinfo *secinfo, uint64_t addr)
{
	(void)enclu(ENCLU_EMODPE, (uint64_t)secinfo, addr, 0);
}

static inline uint64_t enclu_ereport(const struct sgx_targetinfo *target, const uint8_t report_data[64],
				     struct sgx_report *report)
{
	return enclu(ENCLU_EREPORT, (uint64_t)target, (uint64_t)report_data, (uint64_t)report);
}

static inline uint64_t enclu_egetkey(const struct sgx_keyrequest *request, uint8_t key[16])
{
	return enclu(ENCLU_EGETKEY, (uint64_t)request, (uint64_t)key, 0);
}

#endif
