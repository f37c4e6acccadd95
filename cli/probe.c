#include "cli/probe.h"
#include "image/paths.h"

#include <cpuid.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif
#define MEMFD_SECRET 447
#define HWCAP2_FSGSBASE_BIT 2UL
#define CAP_IPC_LOCK_BIT 14
#define SECRET_WANTED (256 * MIB)

static bool can_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool has_cpuid_sgx(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && b >> 2 & 1;
}

static bool has_launch_control(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && c >> 30 & 1;
}

static bool has_sgx2(void)
{
	unsigned int a, b, c, d;

	return has_cpuid_sgx() && __get_cpuid_count(0x12, 0, &a, &b, &c, &d) && (a & 2) && (b & 1);
}

/* CPUID.12H:EDX[15:8] is the binary logarithm of the largest 64-bit enclave. */
static bool has_elrange(void)
{
	unsigned int a, b, c, d;

	return has_cpuid_sgx() && __get_cpuid_count(0x12, 0, &a, &b, &c, &d) && (d >> 8 & 0xff) >= 40;
}

static bool has_sgx_device(void)
{
	return can_open("/dev/sgx_enclave");
}

static bool has_provision_device(void)
{
	return can_open("/dev/sgx_provision");
}

static bool has_dispatch(void)
{
	return prctl(PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0) == 0;
}

static bool has_fsgsbase(void)
{
	return getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE_BIT;
}

static bool has_memfd_secret(void)
{
	long fd = syscall(MEMFD_SECRET, 0);

	if (fd >= 0)
		close((int)fd);
	return fd >= 0;
}

static bool has_ipc_lock(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	unsigned long long effective = 0;
	char line[256];

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "CapEff: %llx", &effective) == 1)
			break;
	if (status)
		(void)fclose(status);
	return effective >> CAP_IPC_LOCK_BIT & 1;
}

/* What `make install` gives it; not to be had where the bounding set or no_new_privs says no. */
static bool host_has_ipc_lock(void)
{
	struct vfs_cap_data caps;
	char host[PATHS_MAX];

	return paths_beside(host, "host/", "adyton-host") && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 &&
	       prctl(PR_CAPBSET_READ, CAP_IPC_LOCK_BIT, 0, 0, 0) == 1 &&
	       getxattr(host, "security.capability", &caps, sizeof(caps)) >= (ssize_t)XATTR_CAPS_SZ_1 &&
	       le32toh(caps.data[0].permitted) >> CAP_IPC_LOCK_BIT & 1;
}

static bool has_locked_memory(void)
{
	struct rlimit limit;

	return has_ipc_lock() || host_has_ipc_lock() ||
	       (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur >= SECRET_WANTED);
}

static bool has_low_memory(void)
{
	unsigned long lowest = ~0UL;
	FILE *f = fopen("/proc/sys/vm/mmap_min_addr", "re");

	if (f) {
		if (fscanf(f, "%lu", &lowest) != 1)
			lowest = ~0UL;
		(void)fclose(f);
	}
	return lowest <= 65536;
}

/* Yama above 1 takes PTRACE_SEIZE of a process that asks for it away; 3 takes all. */
static bool has_ptrace(void)
{
	unsigned int scope = 0;
	FILE *f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");

	if (f) {
		if (fscanf(f, "%u", &scope) != 1)
			scope = 3;
		(void)fclose(f);
	}
	return scope <= 1;
}

static bool has_cpuid_fault(void)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[8192];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = strncmp(line, "flags", 5) == 0 && strstr(line, " cpuid_fault");
	if (f)
		(void)fclose(f);
	return found;
}

/* The device comes first: where there is none, nothing else need be asked, and CPUID is dear in a virtual machine. */
const struct probe probes[] = {
	{ "hw", "/dev/sgx_enclave", "the driver, and the right to open it", true, has_sgx_device },
	{ "hw", "SGX in CPUID", "an SGX processor, switched on in the firmware", true, has_cpuid_sgx },
	{ "hw", "flexible launch control", "starting enclaves that Intel did not sign", true, has_launch_control },
	{ "hw", "SGX2", "memory that is added when used", true, has_sgx2 },
	{ "hw", "enclaves of 1 TiB", "the image's ELRANGE", true, has_elrange },
	{ "hw", "/dev/sgx_provision", "quotes (attestation)", false, has_provision_device },
	{ "soft", "syscall user dispatch", "Linux 5.11 or newer", true, has_dispatch },
	{ "soft", "FSGSBASE", "Linux 5.9 or newer on a processor that has it", true, has_fsgsbase },
	{ "soft", "low addresses", "vm.mmap_min_addr of at most 65536", true, has_low_memory },
	{ "soft", "memfd_secret", "memory that root cannot read (boot with secretmem.enable=1); else --memory=ordinary",
	  false, has_memfd_secret },
	{ "soft", "locked memory", "CAP_IPC_LOCK or a large RLIMIT_MEMLOCK for secret memory; else --memory=ordinary",
	  false, has_locked_memory },
	{ "soft", "ptrace", "the guard (kernel.yama.ptrace_scope of at most 1)", false, has_ptrace },
	{ "soft", "CPUID faulting", "CPUID that faults with --strict, as on every SGX", false, has_cpuid_fault },
};
const size_t probe_count = sizeof(probes) / sizeof(probes[0]);

bool probe_available(const char *processor)
{
	for (size_t i = 0; i < probe_count; i++)
		if (probes[i].required && strcmp(probes[i].processor, processor) == 0 && !probes[i].test())
			return false;
	return true;
}
