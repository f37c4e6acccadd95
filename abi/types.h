/* Fixed-width names used on both sides of every border. Nothing here depends on a libc. */
#ifndef ADYTON_ABI_TYPES_H
#define ADYTON_ABI_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096UL
#define PAGE_MASK (PAGE_SIZE - 1)
#define PAGE_DOWN(x) ((x) & ~PAGE_MASK)
#define PAGE_UP(x) (((x) + PAGE_MASK) & ~PAGE_MASK)

#define KIB (1UL << 10)
#define MIB (1UL << 20)
#define GIB (1UL << 30)
#define TIB (1UL << 40)

#define must_check __attribute__((warn_unused_result))

#endif
