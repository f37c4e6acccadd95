/* Offsets and sizes that enter.S and the C structures share; soft.h asserts them. */
#ifndef ADYTON_CPU_SOFT_ASM_H
#define ADYTON_CPU_SOFT_ASM_H

#define THREAD_BLOCK_MASK 0xffff /* a host thread's block is 64 KiB, aligned to its size */
#define THREAD_INSIDE 0
#define THREAD_RSP 8
#define THREAD_FS 16
#define THREAD_GS 24
#define THREAD_RUN 32
#define THREAD_TCS 40
#define THREAD_FRAME 48
#define THREAD_GPR 56
#define THREAD_EXITED 64
/* The EPCM word of a page that an SSA frame can lie on, as epcm.h has it: regular, readable, writable, and there. */
#define FRAME_MASK 0xfdb
#define FRAME_READY 0xd43

#define TCS_BUSY 8
#define TCS_CSSA 12
#define TCS_OENTRY 40
#define TCS_OFS 48
#define TCS_OGS 56

#define RUN_REGS 32
#define RUN_EXIT 12
#define RUN_INTERRUPT 80
#define RUN_SERVED 88
#define EXIT_EEXIT 0
#define EXIT_SERVED 3

#define LEAF_SIZE 160
#define LEAF_MAGIC 0
#define LEAF_PENDING 8
#define LEAF_RAX 16
#define LEAF_RFLAGS 136
#define LEAF_MAGIC_LOW 0x1eaf0dd5
#define LEAF_MAGIC_HIGH 0x5d0fae1b

#define GPR_RAX 0
#define GPR_RCX 8
#define GPR_RDX 16
#define GPR_RBX 24
#define GPR_RSP 32
#define GPR_RBP 40
#define GPR_RSI 48
#define GPR_RDI 56
#define GPR_R8 64
#define GPR_RFLAGS 128
#define GPR_RIP 136
#define GPR_URSP 144
#define GPR_URBP 152
#define GPR_FS 168
#define GPR_GS 176

#endif
