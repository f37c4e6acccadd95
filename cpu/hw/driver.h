/*
 * /dev/sgx_enclave (Linux Documentation/arch/x86/sgx.rst): the ioctls and their structures, and the calls through which
 * everything of cpu/hw reaches the kernel, so that a test can stand in for it.
 *
 * Nothing under cpu/hw has ever met silicon: this project's machines have no SGX. What is tested is tested against a
 * fake of the driver.
 */
#ifndef ADYTON_CPU_HW_DRIVER_H
#define ADYTON_CPU_HW_DRIVER_H

#include "cpu/encls.h"

struct sgx_ioc_create {
	uint64_t src; /* SECS */
};

struct sgx_ioc_add_pages {
	uint64_t src, offset, length, secinfo, flags, count;
};
#define SGX_IOC_PAGE_MEASURE 1UL

struct sgx_ioc_init {
	uint64_t sigstruct;
};

struct sgx_ioc_provision {
	uint64_t fd;
};

struct sgx_ioc_restrict {
	uint64_t offset, length, permissions, result, count;
};

struct sgx_ioc_modify_types {
	uint64_t offset, length, page_type, result, count;
};

struct sgx_ioc_remove {
	uint64_t offset, length, count;
};

/* _IOW and _IOWR of <asm-generic/ioctl.h>, magic 0xa4 */
#define SGX_IOC(direction, number, type) \
	((unsigned long)(direction) << 30 | (unsigned long)sizeof(type) << 16 | 0xa4UL << 8 | (number))
#define SGX_IOC_CREATE SGX_IOC(1, 0, struct sgx_ioc_create)
#define SGX_IOC_ADD_PAGES SGX_IOC(3, 1, struct sgx_ioc_add_pages)
#define SGX_IOC_INIT SGX_IOC(1, 2, struct sgx_ioc_init)
#define SGX_IOC_PROVISION SGX_IOC(1, 3, struct sgx_ioc_provision)
#define SGX_IOC_RESTRICT SGX_IOC(3, 5, struct sgx_ioc_restrict)
#define SGX_IOC_MODIFY_TYPES SGX_IOC(3, 6, struct sgx_ioc_modify_types)
#define SGX_IOC_REMOVE SGX_IOC(3, 7, struct sgx_ioc_remove)

SGX_ASSERT(SGX_IOC_CREATE == 0x4008a400UL);
SGX_ASSERT(SGX_IOC_ADD_PAGES == 0xc030a401UL);
SGX_ASSERT(SGX_IOC_INIT == 0x4008a402UL);
SGX_ASSERT(SGX_IOC_PROVISION == 0x4008a403UL);
SGX_ASSERT(SGX_IOC_RESTRICT == 0xc028a405UL);
SGX_ASSERT(SGX_IOC_MODIFY_TYPES == 0xc028a406UL);
SGX_ASSERT(SGX_IOC_REMOVE == 0xc018a407UL);

/* Linux, or a test's idea of it. */
struct hw_linux {
	long (*open)(const char *path);
	long (*ioctl)(int fd, unsigned long request, void *argument);
	long (*mmap)(uint64_t address, uint64_t length, int prot, int flags, int fd, uint64_t offset);
};
extern struct hw_linux hw_linux;

int hw_create(const struct cpu_options *options, const struct sgx_secs *secs);
int hw_add(uint64_t address, const void *content, uint64_t secinfo_flags, bool measure);
int hw_init(const struct sgx_sigstruct *sigstruct);
int hw_restrict_permissions(uint64_t address, uint64_t length, uint64_t rwx);
int hw_modify_type(uint64_t address, uint64_t length, uint64_t page_type);
int hw_remove(uint64_t address, uint64_t length);
void hw_counters(struct cpu_counters *out);
void hw_forget(void); /* for tests: as before hw_create */

extern struct cpu_options hw_options;

#endif
