/* What fuzz targets of kernel code need: dying ends an input, not the process. */
#ifndef ADYTON_TESTS_FUZZ_KERNEL_H
#define ADYTON_TESTS_FUZZ_KERNEL_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_HEAP_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* if (!setjmp(fuzz_died)) ...; then what is left on the fake heap goes away. */
extern jmp_buf fuzz_died;
void fuzz_heap_clear(void);
void fuzz_check(bool holds, const char *what);

/* An open file with these contents. */
struct file;
struct file *fuzz_file(const uint8_t *data, size_t size);

#endif
