/* A processor made of an array, and the few parts of the kernel that kernel/mm calls. */
#ifndef ADYTON_TESTS_UNIT_KERNEL_MM_FAKE_H
#define ADYTON_TESTS_UNIT_KERNEL_MM_FAKE_H

#include "kernel/fs/file.h"
#include "kernel/mm/space.h"

/* Pages of the fake enclave: present, permissions, and one number for all of the content. */
struct fake_page {
	uint64_t addr; /* 0: free slot */
	uint32_t rwx;
	uint64_t content;
};

struct fake_page *fake_page(uint64_t addr);
uint64_t fake_pages(void);
extern uint64_t fake_memory;     /* pages that the processor has: beyond, epc_add fails */
extern uint64_t fake_host_calls; /* exits for page changes */
extern uint64_t fake_heap_live;  /* blocks of heap_alloc and heap_pages in use */
void fake_reset(void);

/* A regular file of so many bytes; page i has the content FAKE_FILE(i) until it is written. */
#define FAKE_FILE(i) (0xf11e0000UL + (i))
#define FAKE_FILE_PAGES 64U
struct fake_file {
	struct file file;
	uint64_t number; /* st_ino */
	uint64_t size;
	uint64_t page[FAKE_FILE_PAGES];
	uint64_t broken; /* this page fails verification; UINT64_MAX: none */
	uint32_t reads;
	void (*meanwhile)(void); /* what another thread does while the first page is read */
};
void fake_file_init(struct fake_file *f, uint64_t size, uint32_t flags);

#endif
