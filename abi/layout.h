/*
 * Where things lie in the enclave's linear range (ELRANGE). It starts at 0, so that non-PIE programs sit at their own
 * addresses; its lowest 64 KiB stay unmapped. The kernel owns the top 16 GiB; everything below belongs to the program.
 *
 *   0x00_0000_0000  unmapped (64 KiB)
 *   0x00_0001_0000  program: ELF, brk, mmap (top-down from USER_TOP)
 *   0xfc_0000_0000  KERNEL_BASE: kernel text, rodata, data, bss (measured)
 *   0xfc_0200_0000  KERNEL_DEFINITION: the compiled definition (measured, read only)
 *   0xfc_0300_0000  KERNEL_THREAD0: TCS, SSA, thread block and stacks of the first thread (measured)
 *   0xfc_0400_0000  KERNEL_HEAP: pages added when used
 *   0x100_0000_0000 end of ELRANGE, 1 TiB
 */
#ifndef ADYTON_ABI_LAYOUT_H
#define ADYTON_ABI_LAYOUT_H

#include "abi/types.h"

#define ELRANGE_SIZE 0x10000000000UL
#define USER_BOTTOM 0x10000UL
#define USER_TOP 0xfc00000000UL
#define KERNEL_BASE 0xfc00000000UL
#define KERNEL_DEFINITION 0xfc02000000UL
#define KERNEL_THREAD0 0xfc03000000UL
#define KERNEL_HEAP 0xfc04000000UL
#define KERNEL_END 0x10000000000UL

/*
 * A thread block: one per thread, at KERNEL_THREAD0 for the first, in the kernel heap for the others. Guard pages
 * between the stacks are never added to the enclave. Offsets in bytes from the block's start, which is page aligned.
 */
#define THREAD_BLOCK_TCS 0x0000UL      /* 1 page */
#define THREAD_BLOCK_SSA 0x1000UL      /* NSSA frames of SSA_FRAME_PAGES */
#define THREAD_BLOCK_STRUCT 0x3000UL   /* 2 pages: struct thread, where GS points */
#define THREAD_BLOCK_XSTACK 0x6000UL   /* 2 pages: exception stack, grows down from 0x8000 (0x5000 is a guard) */
#define THREAD_BLOCK_STACK 0x9000UL    /* 8 pages: kernel stack, grows down from 0x11000 (0x8000 is a guard) */
#define THREAD_BLOCK_END 0x11000UL
#define THREAD_BLOCK_SIZE 0x12000UL    /* stride: the last page is a guard */
#define SSA_FRAME_PAGES 1
#define NSSA 2

#endif
