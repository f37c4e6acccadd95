/* The host half from its first instruction to the first entry into the enclave. */
#include "abi/linux/elf.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/memfd.h"
#include "abi/linux/mman.h"
#include "abi/linux/prctl.h"
#include "abi/linux/syscall_nr.h"
#include "base/mem.h"
#include "cpu/linux/sys.h"
#include "host/guard.h"
#include "host/harden.h"
#include "host/host.h"

struct host host;

/* A static PIE relocates itself: only R_X86_64_RELATIVE, before any pointer in data is used. */
static void main_relocate(const uint64_t *auxv)
{
	extern const Elf64_Dyn _DYNAMIC[] __attribute__((visibility("hidden")));
	extern const char __ehdr_start[] __attribute__((visibility("hidden")));
	uint64_t base = (uint64_t)__ehdr_start, rela = 0, size = 0;

	(void)auxv;
	for (const Elf64_Dyn *d = _DYNAMIC; d->d_tag; d++) {
		if (d->d_tag == DT_RELA)
			rela = base + d->d_val;
		else if (d->d_tag == DT_RELASZ)
			size = d->d_val;
	}
	for (const Elf64_Rela *r = (const Elf64_Rela *)rela; (uint64_t)r < rela + size; r++)
		if ((r->r_info & 0xffffffff) == R_X86_64_RELATIVE)
			*(uint64_t *)(base + r->r_offset) = base + (uint64_t)r->r_addend;
}

static const char *main_program(const uint64_t *auxv)
{
	for (; auxv[0] != AT_NULL; auxv += 2)
		if (auxv[0] == AT_EXECFN)
			return (const char *)auxv[1];
	return "adyton-host";
}

static int main_number(const char *s)
{
	int n = 0;

	for (; s && *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (*s - '0');
	return n;
}

/* The launch memfd, mapped so that nobody can change it later. */
static void main_map_launch(int fd)
{
	struct launch head;
	long at;

	if (sys_raw6(__NR_pread64, fd, (long)&head, sizeof(head), 0, 0, 0) != sizeof(head) ||
	    memcmp(head.magic, LAUNCH_MAGIC, 8) || head.version != LAUNCH_VERSION || head.size < sizeof(head))
		host_die("this program is started by adyton run: descriptor %d holds no launch block", fd);
	if (!(sys_fcntl(fd, F_GET_SEALS, 0) & F_SEAL_WRITE))
		host_die("the launch block is not sealed: this program is started by adyton run");
	at = sys_mmap(0, PAGE_UP(head.size), LINUX_PROT_READ, LINUX_MAP_SHARED, fd, 0);
	if (sys_is_error(at))
		host_die("the launch block cannot be mapped: error %ld", -at);
	(void)sys_close(fd);
	host.launch = (const struct launch *)at;
	host.traced = host.launch->trace & LAUNCH_TRACE_HOSTCALL;
	host.watched = host.traced || host.launch->stats_fd >= 0;
	host.image_fd = head.image_fd;
}

void *secret_memory(uint64_t size, uint64_t align)
{
	bool secret = host.launch->memory == LAUNCH_MEMORY_SECRET;
	uint64_t room = PAGE_UP(size) + (align > PAGE_SIZE ? align : 0);
	long fd = secret ? sys_memfd_secret(LINUX_O_CLOEXEC) : -1, at;

	if (secret && sys_is_error(fd))
		return NULL;
	if (secret && sys_is_error(sys_ftruncate((int)fd, room)))
		return NULL;
	at = sys_mmap(0, room, LINUX_PROT_READ | LINUX_PROT_WRITE,
		      secret ? LINUX_MAP_SHARED : LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS, (int)fd, 0);
	if (secret)
		(void)sys_close((int)fd);
	if (sys_is_error(at))
		return NULL;
	return (void *)(((uint64_t)at + align - 1) & ~(align - 1));
}

static const struct cpu_ops *main_processor(void)
{
	return host.launch->processor == LAUNCH_PROCESSOR_HW ? &cpu_hw : &cpu_soft;
}

/* What `ps` shows: the arguments are not where Linux looks for them. */
static void main_show_name(void)
{
	const struct launch *l = host.launch;
	uint32_t path = l->program ? l->program : l->image_path;
	const char *name = (const char *)l + path, *slash = strrchr(name, '/');

	if (path)
		(void)sys_prctl(PR_SET_NAME, (uint64_t)(slash ? slash + 1 : name), 0, 0, 0);
}

static _Noreturn void main_load(void *guard)
{
	extern const char __ehdr_start[] __attribute__((visibility("hidden")));
	extern const char _end[] __attribute__((visibility("hidden")));
	struct harden_fault fault;

	if (guard) {
		struct guard kept = *(struct guard *)guard; /* its first stack goes away now */

		if (!harden_self((uint64_t)__ehdr_start, (uint64_t)_end, &fault))
			host_die("this process cannot be protected: %s (at %lx, error %ld); --memory=ordinary goes "
				 "without", fault.step, fault.address, fault.error);
		load_image(); /* no secret yet, and the guard gets ready meanwhile */
		guard_link(kept);
	} else {
		load_image();
	}
	host.cpu = serve_processor(host.cpu);
	thread_run_first();
}

/* Before the first secret: a stack that nobody can read, a guard, and nothing left that root's tools could write. */
static _Noreturn void main_protect(void)
{
	const char *path = host.launch->guard ? (const char *)host.launch + host.launch->guard : NULL;
	struct guard guard;
	uint8_t *at;

	guard = guard_start(path);
	at = secret_memory(HARDEN_STACK_SIZE, PAGE_SIZE);
	if (!at)
		host_die("no secret memory for a stack");
	harden_stack((uint64_t)at + HARDEN_STACK_SIZE, main_load, &guard);
}

_Noreturn void host_main(uint64_t *stack)
{
	uint64_t argc = stack[0];
	char **argv = (char **)(stack + 1), **envp = argv + argc + 1;
	uint64_t *auxv;

	while (*envp)
		envp++;
	auxv = (uint64_t *)(envp + 1);
	main_relocate(auxv);
	if (argc != 2)
		host_die("this program is started by adyton run");
	main_map_launch(main_number(argv[1]));
	host.cpu = main_processor();
	if (host.launch->memory == LAUNCH_MEMORY_SECRET && host.cpu == &cpu_soft)
		lock_check(main_program(auxv));
	host.start = secret_memory(sizeof(*host.start), PAGE_SIZE);
	if (!host.start)
		host_die("no memory for the start block");
	process_describe(host.start, auxv);
	main_show_name();
	/* Silicon protects the enclave without the host's help, and its way in is the vDSO's, which would go away. */
	if (host.launch->memory == LAUNCH_MEMORY_SECRET && host.cpu == &cpu_soft)
		main_protect();
	main_load(NULL);
}
