/* The program's vDSO: its image, and the page of numbers that it reads. */
#ifndef ADYTON_KERNEL_TIME_VDSO_H
#define ADYTON_KERNEL_TIME_VDSO_H

#include "kernel/time/vdso/data.h"

extern struct vdso_data clock_vdso; /* owned by clock.c */

/* A shared ELF object of whole pages, position independent without relocations: map a copy readable and executable. */
extern const uint8_t vdso_image[];
extern const size_t vdso_image_size;

#endif
