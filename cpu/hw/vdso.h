/* Finding a function of the vDSO, without a dynamic linker. */
#ifndef ADYTON_CPU_HW_VDSO_H
#define ADYTON_CPU_HW_VDSO_H

#include "abi/types.h"

/* The address of a symbol in an ELF image that is mapped whole at `image`, or 0. Bounded by `size` throughout. */
uint64_t vdso_symbol(const uint8_t *image, size_t size, const char *name);
/* Where Linux put the vDSO of this process, by /proc/self/auxv; 0 when there is none. */
uint64_t vdso_find(void);
/* Its size by its own headers, which lie in its first page; 0 when they make no sense. */
size_t vdso_size(const uint8_t *image);

#endif
