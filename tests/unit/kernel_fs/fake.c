#include "tests/unit/kernel_fs/fake.h"

#include <stdarg.h>

#include "abi/linux/mman.h"
#include "abi/linux/syscall_nr.h"
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/epoll/epoll.h"
#include "kernel/exec/definition.h"
#include "kernel/fs/hostfs.h"
#include "kernel/fs/pseudo.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/ipc/pipe.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/vma.h"
#include "kernel/signal/signal.h"
#include "kernel/task/process.h"
#include "kernel/task/thread.h"
#include "kernel/time/clock.h"

void *calloc(size_t count, size_t size);
void *aligned_alloc(size_t align, size_t size);
void free(void *p);
_Noreturn void abort(void);
int vprintf(const char *how, va_list list);
int printf(const char *how, ...);
long syscall(long nr, ...);
int *__errno_location(void);
void *mmap(void *at, size_t size, int prot, int flags, int fd, long offset);
void random_bytes(void *to, size_t size);

#define USER_START 0x20000000UL
#define USER_SIZE (4 * MIB)
#define ARCH_SET_GS 0x1001

struct process init_process;
uint64_t fake_host_calls, fake_live;
static uint64_t user_at = USER_START;
static struct thread fake_thread;
static struct definition fake_definition;

void *heap_alloc(size_t size)
{
	fake_live++;
	return calloc(1, size);
}

void heap_free(void *p)
{
	fake_live -= p != NULL;
	free(p);
}

void *heap_pages(size_t count)
{
	void *p = aligned_alloc(PAGE_SIZE, count * PAGE_SIZE);

	fake_live++;
	return p ? memset(p, 0, count * PAGE_SIZE) : NULL;
}

void heap_pages_free(void *p, size_t count)
{
	(void)count;
	heap_free(p);
}

int fake_signal;

void signal_own(int sig)
{
	fake_signal = sig;
}

uint32_t lock_shared; /* one thread */

/* One thread: a lock that is held already would never be released. */
void lock_acquire_slow(struct lock *l)
{
	printf("a lock is taken twice: %p\n", (void *)l);
	abort();
}

void lock_release_slow(struct lock *l)
{
	(void)l;
	abort();
}

void waitq_add(struct waitq *q, struct waiter *w)
{
	(void)q;
	(void)w;
}

void waitq_remove(struct waitq *q, struct waiter *w)
{
	(void)q;
	(void)w;
}

void waitq_wake(struct waitq *q, uint32_t events)
{
	(void)q;
	(void)events;
}

int thread_park(int64_t deadline)
{
	(void)deadline;
	return -EINTR; /* nobody else runs: a wait ends as by a signal */
}

int64_t clock_realtime_ns(void)
{
	struct timespec ts;

	syscall(__NR_clock_gettime, CLOCK_REALTIME, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

int64_t clock_monotonic_ns(void)
{
	struct timespec ts;

	syscall(__NR_clock_gettime, CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

void random_bytes(void *to, size_t size)
{
	memset(to, 0x5a, size);
}

void kernel_log(const char *how, ...)
{
	va_list list;

	va_start(list, how);
	vprintf(how, list);
	va_end(list);
	printf("\n");
}

_Noreturn void kernel_die(const char *how, ...)
{
	va_list list;

	va_start(list, how);
	vprintf(how, list);
	va_end(list);
	abort();
}

size_t str_copy(char *to, size_t size, const char *from)
{
	size_t length = strlen(from), n = length < size ? length : size - 1;

	if (size) {
		memcpy(to, from, n);
		to[n] = 0;
	}
	return length;
}

void mem_wipe(void *to, size_t size)
{
	memset(to, 0, size);
}

static bool in_user(uint64_t addr, size_t size)
{
	return addr >= USER_START && size <= USER_SIZE && addr <= USER_START + USER_SIZE - size;
}

int copy_from_user(void *to, uint64_t from, size_t size)
{
	if (!in_user(from, size))
		return -EFAULT;
	memcpy(to, (const void *)from, size);
	return 0;
}

int copy_to_user(uint64_t to, const void *from, size_t size)
{
	if (!in_user(to, size))
		return -EFAULT;
	memcpy((void *)to, from, size);
	return 0;
}

long copy_string_from_user(char *to, uint64_t from, size_t size)
{
	size_t n;

	if (!in_user(from, 1))
		return -EFAULT;
	n = strnlen((const char *)from, size);
	if (n == size)
		return -ENAMETOOLONG;
	memcpy(to, (const void *)from, n + 1);
	return (long)n;
}

int get_user_u32(uint32_t *value, uint64_t from)
{
	return copy_from_user(value, from, sizeof(*value));
}

int get_user_u64(uint64_t *value, uint64_t from)
{
	return copy_from_user(value, from, sizeof(*value));
}

int put_user_u64(uint64_t to, uint64_t value)
{
	return copy_to_user(to, &value, sizeof(value));
}

uint64_t fake_user_room(size_t size)
{
	uint64_t at = user_at;

	user_at += (size + 15) & ~15UL;
	if (user_at > USER_START + USER_SIZE)
		abort();
	return at;
}

uint64_t fake_user(const void *bytes, size_t size)
{
	return (uint64_t)memcpy((void *)fake_user_room(size), bytes, size);
}

uint64_t fake_user_string(const char *s)
{
	return fake_user(s, strlen(s) + 1);
}

void fake_user_reset(void)
{
	user_at = USER_START;
}

enum service { SYS, SYSB, OWN, OWNB, OWNI };
#define NUMBER_SYS(name) __NR_##name
#define NUMBER_SYSB(name) __NR_##name
#define NUMBER_OWN(name) -1
#define NUMBER_OWNB(name) -1
#define NUMBER_OWNI(name) -1
#define R(name, service, result, kinds) { NUMBER_##service(name), kinds },
static const struct {
	int nr;
	const char *kinds;
} rows[] = {
#include "hostcall_rows.h"
};
#undef R

long border_call(enum hostcall nr, const struct border_arg *args)
{
	long slots[6] = { 0 }, result;
	int slot = 0, number = rows[nr].nr;

	fake_host_calls++;
	if (nr == HOSTCALL_sched_getaffinity)
		return -ENOSYS;
	if (nr == HOSTCALL_fcntl_lock)
		number = __NR_fcntl;
	if (number < 0)
		return -ENOSYS;
	for (int i = 0; rows[nr].kinds[i]; i++) {
		char kind = rows[nr].kinds[i];

		if (kind == 'G' || kind == 'C') {
			const struct iov *v = (const struct iov *)args[i].value;

			slots[slot++] = (long)(v->pieces ? v->pieces[0].addr : v->one.addr);
			slots[slot++] = (long)(v->pieces ? v->pieces[0].size : v->one.size);
			continue;
		}
		slots[slot++] = (long)args[i].value;
		if (kind == 'I' || kind == 'O' || kind == 'B')
			slots[slot++] = (long)args[i].size;
	}
	result = syscall(number, slots[0], slots[1], slots[2], slots[3], slots[4], slots[5]);
	return result < 0 ? -*__errno_location() : result;
}

const struct definition *definition(void)
{
	return &fake_definition;
}

int mm_each_vma(int (*each)(void *ctx, const struct vma *v), void *ctx)
{
	static const struct vma stack = { .start = 0xfb00000000, .end = 0xfb00010000, .prot = PROT_READ | PROT_WRITE,
					  .flags = VMA_STACK };
	static const struct vma text = { .start = 0x400000, .end = 0x401000, .prot = PROT_READ | PROT_EXEC };
	int error = each(ctx, &text);

	return error ? error : each(ctx, &stack);
}

uint64_t mm_resident(uint64_t start, uint64_t end)
{
	return (end - start) / PAGE_SIZE / 2;
}

void mm_usage(struct mm_usage *out)
{
	*out = (struct mm_usage){ .virtual_pages = 100, .committed_pages = 10, .peak_pages = 11 };
}

bool shared_writable;

void shared_before(struct file *f, uint64_t offset, uint64_t length)
{
	(void)f;
	(void)offset;
	(void)length;
}

void shared_written(struct file *f, uint64_t offset, uint64_t length)
{
	(void)f;
	(void)offset;
	(void)length;
}

void mm_flush(void)
{
}

void epoll_file_released_slow(struct file *f)
{
	(void)f;
}

int pipe_open_fifo(struct inode *i, uint32_t flags, struct file **out)
{
	(void)i;
	(void)flags;
	(void)out;
	return -ENXIO;
}

long fake_call(long (*handler)(const struct regs *), uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	struct regs r = { .rdi = a, .rsi = b, .rdx = c, .r10 = d, .r8 = e };

	return handler(&r);
}

static void must(long result, const char *what)
{
	if (result >= 0)
		return;
	printf("%s: error %ld\n", what, -result);
	abort();
}

static void start_thread(void)
{
	fake_thread.self = &fake_thread;
	fake_thread.tid = 77;
	memcpy(fake_thread.comm, "tester", 7);
	must(syscall(__NR_arch_prctl, ARCH_SET_GS, &fake_thread), "GS");
	list_init(&init_process.threads);
	list_add_tail(&init_process.threads, &fake_thread.process_link);
	init_process.pid = 77;
	init_process.thread_count = 1;
	init_process.umask = 022;
	for (int i = 0; i < RLIM_NLIMITS; i++)
		init_process.limits[i] = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	init_process.limits[RLIMIT_NOFILE] = (struct rlimit){ 64, 4096 };
	memcpy(init_process.exe, "/bin/tester", 12);
}

void fake_start(const char *host_directory)
{
	struct inode *root, *proc, *host;
	void *user = mmap((void *)USER_START, USER_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	must(user == (void *)USER_START ? 0 : -ENOMEM, "program memory");
	start_thread();
	must(tmpfs_new(0755, &root), "tmpfs");
	must(mount_add("/", "tmpfs", "tmpfs", root, false), "root");
	must(vfs_set_root(root), "root");
	must(CALL(mkdir, PATH("/proc"), 0755, 0), "/proc");
	must(CALL(mkdir, PATH("/host"), 0755, 0), "/host");
	must(pseudo_mount(&proc_fs, &proc), "proc");
	must(mount_add("/proc", "proc", "proc", proc, false), "proc");
	must(hostfs_mount(host_directory, &host), "host");
	must(mount_add("/host", "9p", host_directory, host, false), "host");
	fake_user_reset();
}

const char *fake_slurp(const char *path)
{
	static char text[65536];
	long fd = CALL(open, PATH(path), O_RDONLY, 0), n = 0, have = 0;
	uint64_t buf = fake_user_room(sizeof(text));

	if (fd < 0)
		return NULL;
	while (have < (long)sizeof(text) - 1 && (n = CALL(read, fd, buf, 1000)) > 0) {
		memcpy(text + have, (const void *)buf, (size_t)n);
		have += n;
	}
	CALL(close, fd, 0, 0);
	text[have] = 0;
	return n < 0 ? NULL : text;
}
