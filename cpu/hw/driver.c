#include "cpu/hw/driver.h"

#include "base/mem.h"
#include "cpu/linux/sys.h"

#define HW_RUNS_MAX 64U
#define HW_LOWEST 0x10000UL /* vm.mmap_min_addr */
#define HW_DEVICE "/dev/sgx_enclave"
#define HW_PROVISION_DEVICE "/dev/sgx_provision"
#define LINUX_O_RDWR 2
#define PROT_ALL (LINUX_PROT_READ | LINUX_PROT_WRITE | LINUX_PROT_EXEC)

/* Pages added at build time, in neighbouring runs of one protection: the driver refuses to map them with more. */
struct hw_run {
	uint64_t start, end;
	int prot;
};

static struct {
	int fd;
	struct sgx_secs secs;
	struct hw_run runs[HW_RUNS_MAX]; /* by address */
	uint32_t run_count;
	struct cpu_counters counters;
} hw = { .fd = -1 };

struct cpu_options hw_options;

static long linux_open(const char *path)
{
	return sys_raw3(SYS_OPEN, (long)path, LINUX_O_RDWR | LINUX_O_CLOEXEC, 0);
}

struct hw_linux hw_linux = { linux_open, sys_ioctl, sys_mmap };

void hw_forget(void)
{
	memset(&hw, 0, sizeof(hw));
	hw.fd = -1;
}

int hw_create(const struct cpu_options *options, const struct sgx_secs *secs)
{
	/* The driver wants the whole page, aligned. */
	static _Alignas(PAGE_SIZE) struct sgx_secs page;
	struct sgx_ioc_create create = { .src = (uintptr_t)&page };
	long ret;

	if (hw.fd >= 0)
		return -LINUX_EBUSY;
	ret = hw_linux.open(HW_DEVICE);
	if (ret < 0)
		return (int)ret;
	hw_options = *options;
	page = *secs;
	hw.secs = *secs;
	hw.fd = (int)ret;
	ret = hw_linux.ioctl(hw.fd, SGX_IOC_CREATE, &create);
	return (int)ret;
}

static int prot_of(uint64_t secinfo_flags)
{
	if (SGX_SECINFO_TYPE(secinfo_flags) == SGX_PT_TCS)
		return LINUX_PROT_READ | LINUX_PROT_WRITE;
	return (int)(secinfo_flags & SGX_SECINFO_RWX);
}

/* Note a page. Images add pages in ascending order within few segments, but nothing here relies on it. */
static int run_add(uint64_t address, int prot)
{
	uint32_t at = 0;

	while (at < hw.run_count && hw.runs[at].end < address)
		at++;
	if (at < hw.run_count && hw.runs[at].end == address && hw.runs[at].prot == prot) {
		hw.runs[at].end += PAGE_SIZE;
		return 0;
	}
	if (at < hw.run_count && hw.runs[at].end == address)
		at++;
	if (hw.run_count == HW_RUNS_MAX)
		return -LINUX_ENOMEM;
	memmove(&hw.runs[at + 1], &hw.runs[at], (hw.run_count - at) * sizeof(hw.runs[0]));
	hw.runs[at] = (struct hw_run){ address, address + PAGE_SIZE, prot };
	hw.run_count++;
	return 0;
}

int hw_add(uint64_t address, const void *content, uint64_t secinfo_flags, bool measure)
{
	static _Alignas(PAGE_SIZE) uint8_t page[PAGE_SIZE];
	struct sgx_secinfo secinfo = { .flags = secinfo_flags };
	struct sgx_ioc_add_pages add = {
		.src = (uintptr_t)page,
		.offset = address - hw.secs.base,
		.length = PAGE_SIZE,
		.secinfo = (uintptr_t)&secinfo,
		.flags = measure ? SGX_IOC_PAGE_MEASURE : 0,
	};
	long ret;

	memcpy(page, content, PAGE_SIZE);
	do {
		ret = hw_linux.ioctl(hw.fd, SGX_IOC_ADD_PAGES, &add);
	} while (ret == -LINUX_EINTR || ret == -LINUX_EAGAIN);
	if (ret)
		return (int)ret;
	if (add.count != PAGE_SIZE)
		return -LINUX_EIO;
	hw.counters.pages_added++;
	return run_add(address, prot_of(secinfo_flags));
}

static int map_range(uint64_t start, uint64_t end, int prot)
{
	const int flags = LINUX_MAP_SHARED | LINUX_MAP_FIXED;
	long ret;

	start = start < HW_LOWEST ? HW_LOWEST : start;
	if (start >= end)
		return 0;
	ret = hw_linux.mmap(start, end - start, prot, flags, hw.fd, start - hw.secs.base);
	return ret < 0 && ret >= -4095 ? (int)ret : 0;
}

/* Built pages with their own protection; all else with every one, because for pages added later the EPCM decides. */
static int map_all(void)
{
	uint64_t at = hw.secs.base;
	int ret = 0;

	for (uint32_t i = 0; !ret && i < hw.run_count; i++) {
		ret = map_range(at, hw.runs[i].start, PROT_ALL);
		if (!ret)
			ret = map_range(hw.runs[i].start, hw.runs[i].end, hw.runs[i].prot);
		at = hw.runs[i].end;
	}
	return ret ? ret : map_range(at, hw.secs.base + hw.secs.size, PROT_ALL);
}

/* The provisioning key needs a descriptor of its own device: who may open that may have it. */
static long allow_provision(void)
{
	struct sgx_ioc_provision provision;
	long fd = hw_linux.open(HW_PROVISION_DEVICE);

	if (fd < 0)
		return fd;
	provision.fd = (uint64_t)fd;
	fd = hw_linux.ioctl(hw.fd, SGX_IOC_PROVISION, &provision);
	(void)sys_close((int)provision.fd);
	return fd;
}

int hw_init(const struct sgx_sigstruct *sigstruct)
{
	struct sgx_ioc_init init = { .sigstruct = (uintptr_t)sigstruct };
	long ret = 0;

	if (hw.secs.attributes.flags & SGX_ATTR_PROVISIONKEY)
		ret = allow_provision();
	while (!ret) {
		ret = hw_linux.ioctl(hw.fd, SGX_IOC_INIT, &init); /* a positive value is EINIT's own code */
		if (ret != -LINUX_EINTR)
			break;
		ret = 0;
	}
	return ret ? (int)ret : map_all();
}

/*
 * The three ioctls on ranges stop early (-EAGAIN, -EINTR, or a short count) and say how far they came. `done` is the
 * last field of each structure; offset and length are the first two.
 */
static int range_ioctl(unsigned long request, void *argument, const uint64_t *result, const uint64_t *done)
{
	uint64_t *offset = argument, *length = offset + 1;

	while (*length) {
		long ret = hw_linux.ioctl(hw.fd, request, argument);

		if (result && *result)
			return (int)*result;
		if (ret < 0 && ret != -LINUX_EINTR && ret != -LINUX_EAGAIN)
			return (int)ret;
		if (*done > *length || *done & PAGE_MASK || (!ret && !*done))
			return -LINUX_EIO;
		*offset += *done;
		*length -= *done;
	}
	return 0;
}

int hw_restrict_permissions(uint64_t address, uint64_t length, uint64_t rwx)
{
	struct sgx_ioc_restrict r = { .offset = address - hw.secs.base, .length = length, .permissions = rwx };

	return range_ioctl(SGX_IOC_RESTRICT, &r, &r.result, &r.count);
}

int hw_modify_type(uint64_t address, uint64_t length, uint64_t page_type)
{
	struct sgx_ioc_modify_types r = { .offset = address - hw.secs.base, .length = length, .page_type = page_type };

	return range_ioctl(SGX_IOC_MODIFY_TYPES, &r, &r.result, &r.count);
}

int hw_remove(uint64_t address, uint64_t length)
{
	struct sgx_ioc_remove r = { .offset = address - hw.secs.base, .length = length };
	int ret = range_ioctl(SGX_IOC_REMOVE, &r, NULL, &r.count);

	if (!ret)
		hw.counters.pages_removed += length >> PAGE_SHIFT;
	return ret;
}

/* Pages that the driver adds on faults are its own affair: pages_live counts what the loader added. */
void hw_counters(struct cpu_counters *out)
{
	*out = hw.counters;
	out->pages_live = out->pages_added > out->pages_removed ? out->pages_added - out->pages_removed : 0;
}
