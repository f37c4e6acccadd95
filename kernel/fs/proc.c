/* /proc: the root, and what is said of the whole system. What the host says of itself is passed on: informational. */
#include "abi/linux/sysinfo.h"
#include "base/mem.h"
#include "crypto/random.h"
#include "kernel/border/hostcall.h"
#include "kernel/exec/definition.h"
#include "kernel/fs/hostfs.h"
#include "kernel/fs/pseudo.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/mm.h"
#include "kernel/task/process.h"
#include "kernel/task/thread.h"

#define HOST_TEXT_MAX (1 * MIB)

/* A file of the host, as it is. */
static int show_host(struct text *t, const char *path)
{
	for (size_t room = 16 * KIB; room <= HOST_TEXT_MAX; room *= 4) {
		long n;

		if (!text_reserve(t, room))
			return -ENOMEM;
		n = hostfs_slurp(path, t->data + t->length, room);
		if (n < 0)
			return n == -ENOENT ? -ENOENT : -EIO;
		if ((size_t)n < room || room == HOST_TEXT_MAX) {
			t->length += (size_t)n;
			return 0;
		}
	}
	return -EIO;
}

#define FROM_HOST(name, path) \
	static int name(struct text *t, uint64_t arg) \
	{ \
		(void)arg; \
		return show_host(t, path); \
	}

FROM_HOST(show_cpuinfo, "/proc/cpuinfo")
FROM_HOST(show_stat, "/proc/stat")
FROM_HOST(show_loadavg, "/proc/loadavg")
FROM_HOST(show_uptime, "/proc/uptime")
FROM_HOST(show_version, "/proc/version")
FROM_HOST(show_vmstat, "/proc/vmstat")
FROM_HOST(show_diskstats, "/proc/diskstats")
FROM_HOST(show_hostname, "/proc/sys/kernel/hostname")
FROM_HOST(show_domainname, "/proc/sys/kernel/domainname")
FROM_HOST(show_osrelease, "/proc/sys/kernel/osrelease")
FROM_HOST(show_kernel_version, "/proc/sys/kernel/version")
FROM_HOST(show_boot_id, "/proc/sys/kernel/random/boot_id")

static int show_meminfo(struct text *t, uint64_t arg)
{
	uint64_t limit = definition()->memory / KIB, total, available;
	struct sysinfo info = { 0 };
	struct mm_usage usage;

	(void)arg;
	if (host_sysinfo(&info))
		return -EIO;
	mm_usage(&usage);
	total = info.totalram / KIB * info.mem_unit;
	available = (info.freeram + info.bufferram) / KIB * info.mem_unit;
	if (limit && limit < total)
		total = limit;
	if (limit && available > limit)
		available = limit;
	if (limit && usage.committed_pages * 4 < limit && available > limit - usage.committed_pages * 4)
		available = limit - usage.committed_pages * 4;
	text_add(t, "MemTotal:       %8lu kB\nMemFree:        %8lu kB\nMemAvailable:   %8lu kB\n", total, available,
		 available);
	text_add(t, "Buffers:        %8lu kB\nCached:         %8lu kB\nSwapCached:     %8lu kB\n", 0UL, 0UL, 0UL);
	text_add(t, "Active:         %8lu kB\nInactive:       %8lu kB\n", total - available, 0UL);
	text_add(t, "SwapTotal:      %8lu kB\nSwapFree:       %8lu kB\n", 0UL, 0UL);
	text_add(t, "Dirty:          %8lu kB\nWriteback:      %8lu kB\n", 0UL, 0UL);
	text_add(t, "AnonPages:      %8lu kB\nMapped:         %8lu kB\nShmem:          %8lu kB\n",
		 usage.committed_pages * 4, 0UL, 0UL);
	text_add(t, "Slab:           %8lu kB\nSReclaimable:   %8lu kB\nSUnreclaim:     %8lu kB\n", 0UL, 0UL, 0UL);
	text_add(t, "CommitLimit:    %8lu kB\nCommitted_AS:   %8lu kB\n", total, usage.committed_pages * 4);
	text_add(t, "VmallocTotal:   34359738367 kB\nVmallocUsed:    %8lu kB\n", 0UL);
	text_add(
		t,
		"HugePages_Total:       0\nHugePages_Free:        0\n"
		"HugePages_Rsvd:        0\nHugePages_Surp:        0\n"
		"Hugepagesize:       2048 kB\nHugetlb:               0 kB\n");
	return 0;
}

static int show_uuid(struct text *t, uint64_t arg)
{
	uint8_t u[16];

	(void)arg;
	random_bytes(u, sizeof(u));
	u[6] = (uint8_t)((u[6] & 0x0f) | 0x40); /* RFC 4122, version 4 */
	u[8] = (uint8_t)((u[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(u); i++)
		text_add(t, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", u[i]);
	text_add(t, "\n");
	return 0;
}

static int show_nofile(struct text *t, uint64_t arg)
{
	(void)arg;
	text_add(t, "%lu\n", init_process.limits[RLIMIT_NOFILE].rlim_max < 1048576 ?
				      init_process.limits[RLIMIT_NOFILE].rlim_max : 1048576UL);
	return 0;
}

static const struct pseudo_entry proc_sys_random[] = {
	{ .name = "boot_id", .mode = PSEUDO_FILE, .show = show_boot_id },
	{ .name = "entropy_avail", .mode = PSEUDO_FILE, .text = "256\n" },
	{ .name = "poolsize", .mode = PSEUDO_FILE, .text = "256\n" },
	{ .name = "uuid", .mode = PSEUDO_FILE, .show = show_uuid },
	{ 0 },
};

static const struct pseudo_entry proc_sys_kernel[] = {
	{ .name = "cap_last_cap", .mode = PSEUDO_FILE, .text = "40\n" },
	{ .name = "core_pattern", .mode = PSEUDO_FILE, .text = "core\n" },
	{ .name = "domainname", .mode = PSEUDO_FILE, .show = show_domainname },
	{ .name = "hostname", .mode = PSEUDO_FILE, .show = show_hostname },
	{ .name = "msgmax", .mode = PSEUDO_FILE, .text = "8192\n" },
	{ .name = "ngroups_max", .mode = PSEUDO_FILE, .text = "65536\n" },
	{ .name = "osrelease", .mode = PSEUDO_FILE, .show = show_osrelease },
	{ .name = "ostype", .mode = PSEUDO_FILE, .text = "Linux\n" },
	{ .name = "overflowuid", .mode = PSEUDO_FILE, .text = "65534\n" },
	{ .name = "overflowgid", .mode = PSEUDO_FILE, .text = "65534\n" },
	{ .name = "perf_event_paranoid", .mode = PSEUDO_FILE, .text = "3\n" },
	{ .name = "pid_max", .mode = PSEUDO_FILE, .text = "4194304\n" },
	{ .name = "random", .mode = PSEUDO_DIR, .children = proc_sys_random },
	{ .name = "randomize_va_space", .mode = PSEUDO_FILE, .text = "0\n" },
	{ .name = "shmmax", .mode = PSEUDO_FILE, .text = "18446744073692774399\n" },
	{ .name = "tainted", .mode = PSEUDO_FILE, .text = "0\n" },
	{ .name = "threads-max", .mode = PSEUDO_FILE, .text = "127626\n" },
	{ .name = "version", .mode = PSEUDO_FILE, .show = show_kernel_version },
	{ 0 },
};

static const struct pseudo_entry proc_sys_vm[] = {
	{ .name = "max_map_count", .mode = PSEUDO_FILE, .text = "65530\n" },
	{ .name = "mmap_min_addr", .mode = PSEUDO_FILE, .text = "65536\n" },
	{ .name = "overcommit_memory", .mode = PSEUDO_FILE, .text = "1\n" }, /* memory is counted when it is touched */
	{ .name = "overcommit_ratio", .mode = PSEUDO_FILE, .text = "50\n" },
	{ .name = "swappiness", .mode = PSEUDO_FILE, .text = "0\n" },
	{ 0 },
};

static const struct pseudo_entry proc_sys_fs[] = {
	{ .name = "file-max", .mode = PSEUDO_FILE, .text = "9223372036854775807\n" },
	{ .name = "nr_open", .mode = PSEUDO_FILE, .text = "1048576\n" },
	{ .name = "file-nr", .mode = PSEUDO_FILE, .show = show_nofile },
	{ .name = "pipe-max-size", .mode = PSEUDO_FILE, .text = "1048576\n" },
	{ 0 },
};

FROM_HOST(show_somaxconn, "/proc/sys/net/core/somaxconn")
FROM_HOST(show_port_range, "/proc/sys/net/ipv4/ip_local_port_range")
FROM_HOST(show_disable_ipv6, "/proc/sys/net/ipv6/conf/all/disable_ipv6")
FROM_HOST(show_bindv6only, "/proc/sys/net/ipv6/bindv6only")
FROM_HOST(show_rmem_max, "/proc/sys/net/core/rmem_max")
FROM_HOST(show_wmem_max, "/proc/sys/net/core/wmem_max")
FROM_HOST(show_tcp_rmem, "/proc/sys/net/ipv4/tcp_rmem")
FROM_HOST(show_tcp_wmem, "/proc/sys/net/ipv4/tcp_wmem")

/* The network is the host's. */
static const struct pseudo_entry proc_sys_net_core[] = {
	{ .name = "rmem_max", .mode = PSEUDO_FILE, .show = show_rmem_max },
	{ .name = "somaxconn", .mode = PSEUDO_FILE, .show = show_somaxconn },
	{ .name = "wmem_max", .mode = PSEUDO_FILE, .show = show_wmem_max },
	{ 0 },
};

static const struct pseudo_entry proc_sys_net_ipv4[] = {
	{ .name = "ip_local_port_range", .mode = PSEUDO_FILE, .show = show_port_range },
	{ .name = "tcp_rmem", .mode = PSEUDO_FILE, .show = show_tcp_rmem },
	{ .name = "tcp_wmem", .mode = PSEUDO_FILE, .show = show_tcp_wmem },
	{ 0 },
};

static const struct pseudo_entry proc_sys_net_ipv6_all[] = {
	{ .name = "disable_ipv6", .mode = PSEUDO_FILE, .show = show_disable_ipv6 },
	{ 0 },
};

static const struct pseudo_entry proc_sys_net_ipv6_conf[] = {
	{ .name = "all", .mode = PSEUDO_DIR, .children = proc_sys_net_ipv6_all },
	{ 0 },
};

static const struct pseudo_entry proc_sys_net_ipv6[] = {
	{ .name = "bindv6only", .mode = PSEUDO_FILE, .show = show_bindv6only },
	{ .name = "conf", .mode = PSEUDO_DIR, .children = proc_sys_net_ipv6_conf },
	{ 0 },
};

static const struct pseudo_entry proc_sys_net[] = {
	{ .name = "core", .mode = PSEUDO_DIR, .children = proc_sys_net_core },
	{ .name = "ipv4", .mode = PSEUDO_DIR, .children = proc_sys_net_ipv4 },
	{ .name = "ipv6", .mode = PSEUDO_DIR, .children = proc_sys_net_ipv6 },
	{ 0 },
};

const struct pseudo_entry proc_sys[] = {
	{ .name = "fs", .mode = PSEUDO_DIR, .children = proc_sys_fs },
	{ .name = "kernel", .mode = PSEUDO_DIR, .children = proc_sys_kernel },
	{ .name = "net", .mode = PSEUDO_DIR, .children = proc_sys_net },
	{ .name = "vm", .mode = PSEUDO_DIR, .children = proc_sys_vm },
	{ 0 },
};

static long link_self(char *to, size_t size, uint64_t arg)
{
	(void)arg;
	return (long)format(to, size, "%d", init_process.pid);
}

static long link_thread_self(char *to, size_t size, uint64_t arg)
{
	(void)arg;
	return (long)format(to, size, "%d/task/%d", init_process.pid, current->tid);
}

static long link_mounts(char *to, size_t size, uint64_t arg)
{
	(void)arg;
	return (long)str_copy(to, size, "self/mounts");
}

static long link_net(char *to, size_t size, uint64_t arg)
{
	(void)arg;
	return (long)str_copy(to, size, "self/net");
}

static int64_t next_process(uint64_t arg, int64_t from)
{
	(void)arg;
	return from <= init_process.pid ? init_process.pid : -1;
}

static const struct pseudo_entry proc_children[] = {
	{ .name = "cgroups", .mode = PSEUDO_FILE,
	  .text = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t0\t1\t1\ncpu\t0\t1\t1\ncpuacct\t0\t1\t1\n"
		  "memory\t0\t1\t1\npids\t0\t1\t1\n" },
	{ .name = "cmdline", .mode = PSEUDO_FILE, .text = "adyton\n" },
	{ .name = "cpuinfo", .mode = PSEUDO_FILE, .show = show_cpuinfo },
	{ .name = "devices", .mode = PSEUDO_FILE,
	  .text = "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/ptmx\n136 pts\n\nBlock devices:\n" },
	{ .name = "diskstats", .mode = PSEUDO_FILE, .show = show_diskstats },
	{ .name = "filesystems", .mode = PSEUDO_FILE,
	  .text = "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tcgroup2\nnodev\tdevpts\nnodev\t9p\n\terofs\n" },
	{ .name = "loadavg", .mode = PSEUDO_FILE, .show = show_loadavg },
	{ .name = "meminfo", .mode = PSEUDO_FILE, .show = show_meminfo },
	{ .name = "mounts", .mode = PSEUDO_LINK, .link = link_mounts },
	{ .name = "net", .mode = PSEUDO_LINK, .link = link_net },
	{ .name = "self", .mode = PSEUDO_LINK, .link = link_self },
	{ .name = "stat", .mode = PSEUDO_FILE, .show = show_stat },
	{ .name = "swaps", .mode = PSEUDO_FILE, .text = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n" },
	{ .name = "sys", .mode = PSEUDO_DIR, .children = proc_sys },
	{ .name = "thread-self", .mode = PSEUDO_LINK, .link = link_thread_self },
	{ .name = "uptime", .mode = PSEUDO_FILE, .show = show_uptime },
	{ .name = "version", .mode = PSEUDO_FILE, .show = show_version },
	{ .name = "vmstat", .mode = PSEUDO_FILE, .show = show_vmstat },
	{ 0 },
};

static const struct pseudo_entry proc_pid = { .name = "pid", .mode = PSEUDO_DIR, .children = proc_process };
static const struct pseudo_entry proc_root = { .name = "/", .mode = PSEUDO_DIR, .children = proc_children,
					       .numbered = &proc_pid, .next_number = next_process };
const struct pseudo_fs proc_fs = { &proc_root, PROC_SUPER_MAGIC };
