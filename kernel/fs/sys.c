/* /sys: processors, and the limits that runtimes look for in control groups. */
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/exec/definition.h"
#include "kernel/fs/hostfs.h"
#include "kernel/fs/pseudo.h"
#include "kernel/mm/mm.h"
#include "kernel/task/process.h"

#define CPUS_MAX 1024

/* "0-3\n": how many processors the host says there are. */
static int show_processors(struct text *t, uint64_t arg)
{
	char line[64];
	long n = hostfs_slurp("/sys/devices/system/cpu/online", line, sizeof(line));

	(void)arg;
	if (n <= 0)
		text_add(t, "0\n");
	else
		text_bytes(t, line, (size_t)n);
	return 0;
}

static int64_t next_processor(uint64_t arg, int64_t from)
{
	uint8_t mask[CPUS_MAX / 8] = { 0 };
	long n = host_sched_getaffinity(mask, sizeof(mask));

	(void)arg;
	for (int64_t cpu = from; cpu < n * 8; cpu++) {
		if (mask[cpu / 8] >> (cpu % 8) & 1)
			return cpu;
	}
	return -1;
}

static int show_memory_max(struct text *t, uint64_t arg)
{
	uint64_t memory = definition()->memory;

	(void)arg;
	if (memory)
		text_add(t, "%lu\n", memory);
	else
		text_add(t, "max\n");
	return 0;
}

static int show_memory_current(struct text *t, uint64_t arg)
{
	struct mm_usage usage;

	(void)arg;
	mm_usage(&usage);
	text_add(t, "%lu\n", usage.committed_pages * PAGE_SIZE);
	return 0;
}

static int show_pids_max(struct text *t, uint64_t arg)
{
	(void)arg;
	if (init_process.thread_max)
		text_add(t, "%u\n", init_process.thread_max);
	else
		text_add(t, "max\n");
	return 0;
}

static int show_pids_current(struct text *t, uint64_t arg)
{
	(void)arg;
	text_add(t, "%u\n", init_process.thread_count);
	return 0;
}

static int show_procs(struct text *t, uint64_t arg)
{
	(void)arg;
	text_add(t, "%d\n", init_process.pid);
	return 0;
}

static const struct pseudo_entry cgroup_children[] = {
	{ .name = "cgroup.controllers", .mode = PSEUDO_FILE, .text = "cpuset cpu memory pids\n" },
	{ .name = "cgroup.procs", .mode = PSEUDO_FILE, .show = show_procs },
	{ .name = "cgroup.type", .mode = PSEUDO_FILE, .text = "domain\n" },
	{ .name = "cpu.max", .mode = PSEUDO_FILE, .text = "max 100000\n" },
	{ .name = "cpu.weight", .mode = PSEUDO_FILE, .text = "100\n" },
	{ .name = "cpuset.cpus.effective", .mode = PSEUDO_FILE, .show = show_processors },
	{ .name = "memory.current", .mode = PSEUDO_FILE, .show = show_memory_current },
	{ .name = "memory.high", .mode = PSEUDO_FILE, .text = "max\n" },
	{ .name = "memory.max", .mode = PSEUDO_FILE, .show = show_memory_max },
	{ .name = "memory.swap.current", .mode = PSEUDO_FILE, .text = "0\n" },
	{ .name = "memory.swap.max", .mode = PSEUDO_FILE, .text = "0\n" },
	{ .name = "pids.current", .mode = PSEUDO_FILE, .show = show_pids_current },
	{ .name = "pids.max", .mode = PSEUDO_FILE, .show = show_pids_max },
	{ 0 },
};

static const struct pseudo_entry cpu_topology[] = {
	{ .name = "physical_package_id", .mode = PSEUDO_FILE, .text = "0\n" },
	{ 0 },
};

static const struct pseudo_entry cpu_one[] = {
	{ .name = "online", .mode = PSEUDO_FILE, .text = "1\n" },
	{ .name = "topology", .mode = PSEUDO_DIR, .children = cpu_topology },
	{ 0 },
};

static const struct pseudo_entry cpu_dir = { .name = "cpuN", .mode = PSEUDO_DIR, .children = cpu_one };

static const struct pseudo_entry cpu_children[] = {
	{ .name = "kernel_max", .mode = PSEUDO_FILE, .text = "8191\n" },
	{ .name = "offline", .mode = PSEUDO_FILE, .text = "\n" },
	{ .name = "online", .mode = PSEUDO_FILE, .show = show_processors },
	{ .name = "possible", .mode = PSEUDO_FILE, .show = show_processors },
	{ .name = "present", .mode = PSEUDO_FILE, .show = show_processors },
	{ 0 },
};

static const struct pseudo_entry node0_children[] = {
	{ .name = "cpulist", .mode = PSEUDO_FILE, .show = show_processors },
	{ 0 },
};

static const struct pseudo_entry node_children[] = {
	{ .name = "node0", .mode = PSEUDO_DIR, .children = node0_children },
	{ .name = "online", .mode = PSEUDO_FILE, .text = "0\n" },
	{ .name = "possible", .mode = PSEUDO_FILE, .text = "0\n" },
	{ 0 },
};

static const struct pseudo_entry system_children[] = {
	{ .name = "cpu", .mode = PSEUDO_DIR, .children = cpu_children, .numbered = &cpu_dir, .number_prefix = "cpu",
	  .next_number = next_processor },
	{ .name = "node", .mode = PSEUDO_DIR, .children = node_children },
	{ 0 },
};

static const struct pseudo_entry devices_children[] = {
	{ .name = "system", .mode = PSEUDO_DIR, .children = system_children },
	{ 0 },
};

static const struct pseudo_entry cgroup_mount_point[] = {
	{ .name = "cgroup", .mode = PSEUDO_DIR },
	{ 0 },
};

static const struct pseudo_entry thp_children[] = {
	{ .name = "defrag", .mode = PSEUDO_FILE, .text = "always defer defer+madvise madvise [never]\n" },
	{ .name = "enabled", .mode = PSEUDO_FILE, .text = "always madvise [never]\n" },
	{ .name = "shmem_enabled", .mode = PSEUDO_FILE, .text = "always within_size advise [never] deny force\n" },
	{ 0 },
};

static const struct pseudo_entry kernel_mm_children[] = {
	{ .name = "transparent_hugepage", .mode = PSEUDO_DIR, .children = thp_children },
	{ 0 },
};

static const struct pseudo_entry kernel_children[] = {
	{ .name = "mm", .mode = PSEUDO_DIR, .children = kernel_mm_children },
	{ 0 },
};

static const struct pseudo_entry sys_children[] = {
	{ .name = "devices", .mode = PSEUDO_DIR, .children = devices_children },
	{ .name = "fs", .mode = PSEUDO_DIR, .children = cgroup_mount_point },
	{ .name = "kernel", .mode = PSEUDO_DIR, .children = kernel_children },
	{ 0 },
};

static const struct pseudo_entry sys_root = { .name = "/", .mode = PSEUDO_DIR, .children = sys_children };
static const struct pseudo_entry cgroup_root = { .name = "/", .mode = PSEUDO_DIR, .children = cgroup_children };
const struct pseudo_fs sys_fs = { &sys_root, SYSFS_MAGIC };
const struct pseudo_fs cgroup_fs = { &cgroup_root, 0x63677270 };
