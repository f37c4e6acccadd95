/* /proc/PID and /proc/PID/task/TID: small files and links, and the tables that name all of them. */
#include "base/mem.h"
#include "kernel/fs/proc.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/user.h"
#include "kernel/task/process.h"
#include "kernel/task/thread.h"

#define MEMORY_TEXT_MAX (128 * KIB * 16) /* arguments and environment: what Linux allows in one exec */

static long link_exe(char *to, size_t size, uint64_t arg)
{
	(void)arg;
	return (long)str_copy(to, size, init_process.exe);
}

static long link_cwd(char *to, size_t size, uint64_t arg)
{
	(void)arg;
	return vfs_cwd_name(to, size);
}

static long link_root(char *to, size_t size, uint64_t arg)
{
	(void)arg;
	return (long)str_copy(to, size, "/");
}

/* The program's own memory between two addresses. */
static int show_memory(struct text *t, uint64_t from, uint64_t to)
{
	size_t size = to - from;

	if (to <= from || size > MEMORY_TEXT_MAX)
		return 0;
	if (!text_reserve(t, size))
		return -ENOMEM;
	if (copy_from_user(t->data + t->length, from, size))
		return 0; /* unmapped by the program: Linux shows nothing */
	t->length += size;
	return 0;
}

/*
 * A program that wrote a title over its arguments wrote over the last NUL too, perhaps on into the environment: then it
 * is one string, of a page at most.
 */
static int show_title(struct text *t)
{
	uint64_t start = init_process.arg_start, end = init_process.arg_end;
	size_t from = t->length, length;
	int error;

	if (init_process.env_start == end)
		end = init_process.env_end;
	error = show_memory(t, start, end - start < PAGE_SIZE ? end : start + PAGE_SIZE);
	length = strnlen(t->data + from, t->length - from);
	if (length < t->length - from)
		t->length = from + length + 1;
	return error;
}

static int show_cmdline(struct text *t, uint64_t arg)
{
	uint64_t start = init_process.arg_start, end = init_process.arg_end;
	char last = 0;

	(void)arg;
	if (end > start && !copy_from_user(&last, end - 1, 1) && last)
		return show_title(t);
	return show_memory(t, start, end);
}

static int show_environ(struct text *t, uint64_t arg)
{
	(void)arg;
	return show_memory(t, init_process.env_start, init_process.env_end);
}

static int show_auxv(struct text *t, uint64_t arg)
{
	(void)arg;
	return show_memory(t, init_process.auxv_start, init_process.auxv_end);
}

static int show_comm(struct text *t, uint64_t tid)
{
	struct proc_thread_state s;
	int error = proc_thread_state((int32_t)tid, &s);

	if (!error)
		text_add(t, "%s\n", s.comm);
	return error;
}

static int store_comm(const char *text, size_t size, uint64_t tid)
{
	char name[16] = { 0 };

	if (size && text[size - 1] == '\n')
		size--;
	memcpy(name, text, size < sizeof(name) - 1 ? size : sizeof(name) - 1);
	LOCKED(&init_process.lock);
	list_for_each(at, &init_process.threads) {
		struct thread *th = container_of(at, struct thread, process_link);

		if (th->tid == (int32_t)tid) {
			memcpy(th->comm, name, sizeof(name));
			return 0;
		}
	}
	return -ESRCH;
}

static int32_t oom_score_adj; /* atomic; kept for whoever asks, the host's kernel never hears of it */

static int show_oom_score_adj(struct text *t, uint64_t arg)
{
	(void)arg;
	text_add(t, "%d\n", __atomic_load_n(&oom_score_adj, __ATOMIC_RELAXED));
	return 0;
}

static int store_oom_score_adj(const char *text, size_t size, uint64_t arg)
{
	bool negative = *text == '-';
	int32_t value = 0;

	(void)arg;
	for (size_t i = negative; i < size && text[i] != '\n'; i++) {
		if (text[i] < '0' || text[i] > '9' || value > 1000)
			return -EINVAL;
		value = value * 10 + (text[i] - '0');
	}
	if (value > 1000)
		return -EINVAL;
	__atomic_store_n(&oom_score_adj, negative ? -value : value, __ATOMIC_RELAXED);
	return 0;
}

static int show_personality(struct text *t, uint64_t arg)
{
	(void)arg;
	text_add(t, "%08x\n", init_process.personality);
	return 0;
}

static int64_t next_thread(uint64_t arg, int64_t from)
{
	int64_t best = -1;

	(void)arg;
	LOCKED(&init_process.lock);
	list_for_each(at, &init_process.threads) {
		int64_t tid = container_of(at, struct thread, process_link)->tid;

		if (tid >= from && (best < 0 || tid < best))
			best = tid;
	}
	return best;
}

static int64_t next_fd(uint64_t arg, int64_t from)
{
	(void)arg;
	return fd_next((int)from);
}

static const struct pseudo_entry fd_link = { .name = "fd", .mode = S_IFLNK | 0700, .link = proc_fd_link,
					     .follow = proc_fd_follow };
static const struct pseudo_entry fd_info = { .name = "fdinfo", .mode = PSEUDO_FILE, .show = proc_fd_info };
static const struct pseudo_entry thread_dir = { .name = "tid", .mode = PSEUDO_DIR, .children = proc_thread };

/* What a thread's directory and the process' have both. */
#define PROC_COMMON \
	{ .name = "auxv", .mode = S_IFREG | 0400, .show = show_auxv }, \
		{ .name = "cgroup", .mode = PSEUDO_FILE, .text = "0::/\n" }, \
		{ .name = "cmdline", .mode = PSEUDO_FILE, .show = show_cmdline }, \
		{ .name = "comm", .mode = PSEUDO_WRITABLE, .show = show_comm, .store = store_comm }, \
		{ .name = "cwd", .mode = PSEUDO_LINK, .link = link_cwd }, \
		{ .name = "environ", .mode = S_IFREG | 0400, .show = show_environ }, \
		{ .name = "exe", .mode = PSEUDO_LINK, .link = link_exe }, \
		{ .name = "fd", .mode = S_IFDIR | 0500, .numbered = &fd_link, .next_number = next_fd }, \
		{ .name = "fdinfo", .mode = PSEUDO_DIR, .numbered = &fd_info, .next_number = next_fd }, \
		{ .name = "limits", .mode = PSEUDO_FILE, .show = proc_limits }, \
		{ .name = "loginuid", .mode = PSEUDO_FILE, .text = "4294967295" }, \
		{ .name = "maps", .mode = PSEUDO_FILE, .show = proc_maps }, \
		{ .name = "mountinfo", .mode = PSEUDO_FILE, .show = proc_mountinfo }, \
		{ .name = "mounts", .mode = PSEUDO_FILE, .show = proc_mounts }, \
		{ .name = "oom_score", .mode = PSEUDO_FILE, .text = "0\n" }, \
		{ .name = "oom_score_adj", \
		  .mode = PSEUDO_WRITABLE, \
		  .show = show_oom_score_adj, \
		  .store = store_oom_score_adj }, \
		{ .name = "personality", .mode = S_IFREG | 0400, .show = show_personality }, \
		{ .name = "root", .mode = PSEUDO_LINK, .link = link_root }, \
		{ .name = "schedstat", .mode = PSEUDO_FILE, .text = "0 0 0\n" }, \
		{ .name = "sessionid", .mode = PSEUDO_FILE, .text = "4294967295" }, \
		{ .name = "smaps", .mode = PSEUDO_FILE, .show = proc_smaps }, \
		{ .name = "smaps_rollup", .mode = PSEUDO_FILE, .show = proc_smaps_rollup }, \
		{ .name = "stat", .mode = PSEUDO_FILE, .show = proc_stat }, \
		{ .name = "statm", .mode = PSEUDO_FILE, .show = proc_statm }, \
		{ .name = "status", .mode = PSEUDO_FILE, .show = proc_status }, \
	{ \
		.name = "wchan", .mode = PSEUDO_FILE, .text = "0" \
	}

const struct pseudo_entry proc_thread[] = { PROC_COMMON, { 0 } };

static const struct pseudo_entry proc_ns[] = { { 0 } };

const struct pseudo_entry proc_process[] = {
	PROC_COMMON,
	{ .name = "coredump_filter", .mode = PSEUDO_FILE, .text = "00000033\n" },
	{ .name = "gid_map", .mode = PSEUDO_FILE, .text = "         0          0 4294967295\n" },
	{ .name = "net", .mode = PSEUDO_DIR, .children = proc_ns }, /* the host's is mounted here in quick mode */
	{ .name = "setgroups", .mode = PSEUDO_FILE, .text = "allow\n" },
	{ .name = "task", .mode = PSEUDO_DIR, .numbered = &thread_dir, .next_number = next_thread },
	{ .name = "timerslack_ns", .mode = PSEUDO_FILE, .text = "50000\n" },
	{ .name = "uid_map", .mode = PSEUDO_FILE, .text = "         0          0 4294967295\n" },
	{ 0 },
};
