/* What a program without a libc owes Nettle before its first use. */
#ifndef ADYTON_CRYPTO_NETTLE_FREESTANDING_H
#define ADYTON_CRYPTO_NETTLE_FREESTANDING_H

#include "abi/types.h"

/* Fill regs with EAX, EBX, ECX, EDX of CPUID for this leaf (subleaf 0). Asked for leaves 0, 1 and 7. */
typedef void crypto_cpuid_fn(uint32_t leaf, uint32_t regs[4]);

/*
 * Choose Nettle's implementations for this processor. Call it once, after self-relocation, while there is one thread,
 * and with the stack protector's canary readable at fs:0x28. NULL: execute CPUID (an enclave cannot: #UD).
 * A wrong answer costs speed or an invalid-opcode fault, never a wrong result.
 */
void crypto_start(crypto_cpuid_fn *cpuid);

#endif
