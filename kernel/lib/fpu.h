/*
 * The crypto bracket: between fpu_begin() and fpu_end() vector registers and FS belong to the kernel. The program's are
 * put aside and come back; what the crypto left in them is gone. One level; no blocking inside.
 */
#ifndef ADYTON_KERNEL_LIB_FPU_H
#define ADYTON_KERNEL_LIB_FPU_H

void fpu_begin(void);
void fpu_end(void);

#endif
