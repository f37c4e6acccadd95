/* The library OS as it was linked: an ELF with fixed addresses. */
#ifndef ADYTON_IMAGE_KERNEL_H
#define ADYTON_IMAGE_KERNEL_H

#include "abi/types.h"
#include "image/fail.h"

#define KERNEL_LOADS_MAX 8

struct kernel_load {
	uint64_t address;
	uint64_t file_pages, zero_pages;
	uint64_t rwx;     /* SGX_SECINFO_R, W, X */
	uint8_t *content; /* file_pages pages */
};

struct kernel {
	uint64_t entry, enclu_page;
	struct kernel_load loads[KERNEL_LOADS_MAX];
	size_t load_count;
};

must_check int kernel_read_file(struct kernel *k, const char *path, struct fail *f);
must_check int kernel_parse(struct kernel *k, const char *name, const uint8_t *elf, size_t size, struct fail *f);
void kernel_free(struct kernel *k);

#endif
