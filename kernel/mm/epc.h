/*
 * Pages of the enclave, as mm needs them: the sequences of ENCLU leaves and host calls that SDM 3D chapter 40 asks for.
 * Permissions are SGX_SECINFO_R, W, X, which have the values of PROT_READ, WRITE, EXEC. What the host must do for us is
 * checked by EACCEPT; a host that says it did and did not, or that reports an error, ends the process.
 */
#ifndef ADYTON_KERNEL_MM_EPC_H
#define ADYTON_KERNEL_MM_EPC_H

#include "abi/types.h"

/* Add zeroed pages, R and W. Returns how many were added: fewer than count when there is no more memory. */
uint64_t epc_add(uint64_t addr, uint64_t count) must_check;
/* Add one page, a copy of the readable page at source, with the permissions rwx. 0 or -ENOMEM. */
int epc_add_copy(uint64_t addr, uint64_t source, uint32_t rwx) must_check;
/* Add permissions; no exit. */
void epc_extend(uint64_t addr, uint64_t count, uint32_t rwx);
/* Reduce pages that all have the permissions `from` to `to`, a part of them. 0. */
int epc_restrict(uint64_t addr, uint64_t count, uint32_t from, uint32_t to) must_check;
/* Take pages out of the enclave. 0. */
int epc_remove(uint64_t addr, uint64_t count) must_check;

/*
 * These pages are about to be touched, and no others follow. A leaf that changes nothing says so: the software
 * processor then makes them true at once, where otherwise it would wait for more, and the first touch would be a fault.
 */
void epc_settle(void);

/* Contents of pages whose permissions allow it. */
void epc_zero(uint64_t addr, uint64_t count);
void epc_read(void *to, uint64_t addr, uint64_t size);
void epc_write(uint64_t addr, const void *from, uint64_t size);

#endif
