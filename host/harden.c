#include "host/harden.h"

#include "abi/linux/errno.h"
#include "abi/linux/memfd.h"
#include "abi/linux/mman.h"
#include "abi/linux/prctl.h"
#include "abi/linux/resource.h"
#include "abi/linux/syscall_nr.h"
#include "base/mem.h"
#include "cpu/linux/sys.h"

#define HARDEN_KERNEL_HALF 0xffff000000000000UL /* [vsyscall]: the kernel's own page, nobody can write it */

struct harden_step {
	uint64_t start, end;
	struct harden_fault *fault;
};

static bool harden_failed(const struct harden_step *s, const char *step, long error)
{
	*s->fault = (struct harden_fault){ .step = step, .address = s->start, .error = error < 0 ? -error : error };
	return false;
}

long harden_secret(uint64_t size)
{
	long fd = sys_memfd_secret(LINUX_O_CLOEXEC), at;

	if (sys_is_error(fd))
		return fd;
	at = sys_ftruncate((int)fd, PAGE_UP(size));
	if (!sys_is_error(at))
		at = sys_mmap(0, PAGE_UP(size), PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
	(void)sys_close((int)fd);
	return at;
}

static bool harden_zero(const uint64_t *page)
{
	uint64_t any = 0;

	for (uint32_t i = 0; i < PAGE_SIZE / 8; i++)
		any |= page[i];
	return !any;
}

static bool harden_equal(const uint64_t *a, const uint64_t *b, uint64_t size)
{
	for (uint64_t i = 0; i < size / 8; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* Put what was made at `from` in the place of the range: at once, so that even the text that runs can be replaced. */
static bool harden_replace(const struct harden_step *s, long from)
{
	long size = (long)(s->end - s->start);
	long at = sys_raw6(__NR_mremap, from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, (long)s->start, 0);

	return sys_is_error(at) ? harden_failed(s, "moving a copy into place", at) : true;
}

/* Nothing may write to the range between the copy and the move: locals only. Zero pages need not be touched. */
static bool harden_to_secret(const struct harden_step *s)
{
	long copy = harden_secret(s->end - s->start);

	if (sys_is_error(copy))
		return harden_failed(s, "locking memory", copy);
	for (uint64_t at = s->start; at < s->end; at += PAGE_SIZE)
		if (!harden_zero((const uint64_t *)at))
			memcpy((void *)((uint64_t)copy + at - s->start), (const void *)at, PAGE_SIZE);
	return harden_replace(s, copy);
}

/* A memfd with the content of the range, which nobody can change any more; or a negative errno. */
static long harden_memfd(const struct harden_step *s, bool exec)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	long fd = sys_memfd_create("adyton", flags | (exec ? MFD_EXEC : MFD_NOEXEC_SEAL)), n;

	if (fd == -EINVAL) /* before Linux 6.3 */
		fd = sys_memfd_create("adyton", flags);
	if (sys_is_error(fd))
		return fd;
	n = sys_write((int)fd, (const void *)s->start, s->end - s->start);
	if (n == (long)(s->end - s->start))
		n = sys_fcntl((int)fd, LINUX_F_ADD_SEALS, seals);
	else if (n >= 0)
		n = -EIO;
	if (!sys_is_error(n))
		return fd;
	(void)sys_close((int)fd);
	return n;
}

static bool harden_to_sealed(const struct harden_step *s, bool exec)
{
	uint64_t size = s->end - s->start;
	long fd = harden_memfd(s, exec), copy;

	if (sys_is_error(fd))
		return harden_failed(s, "sealing text and constants", fd);
	copy = sys_mmap(0, size, exec ? PROT_READ | PROT_EXEC : PROT_READ, MAP_SHARED, (int)fd, 0);
	(void)sys_close((int)fd);
	if (sys_is_error(copy))
		return harden_failed(s, "mapping sealed text", copy);
	/* Until it was sealed the file could be written. */
	if (!harden_equal((const uint64_t *)s->start, (const uint64_t *)(uint64_t)copy, size))
		return harden_failed(s, "comparing sealed text with what it was made from", EIO);
	return harden_replace(s, copy);
}

static bool harden_away(const struct harden_step *s)
{
	long error = sys_munmap(s->start, s->end - s->start);

	return sys_is_error(error) ? harden_failed(s, "unmapping what the process began with", error) : true;
}

static bool harden_map_one(const struct harden_map *m, uint64_t start, uint64_t end, struct harden_fault *fault)
{
	struct harden_step s = { .start = m->start, .end = m->end, .fault = fault };

	if (m->shared || m->start >= HARDEN_KERNEL_HALF)
		return true;
	if (m->start < start || m->end > end)
		return harden_away(&s);
	return m->write ? harden_to_secret(&s) : harden_to_sealed(&s, m->exec);
}

static bool harden_is(const struct harden_map *m, const char *name)
{
	return strncmp(m->name, name, strlen(name)) == 0;
}

/* What nobody else can write: secret memory, and shared mappings of memfds that are read-only. */
static bool harden_is_safe(const struct harden_map *m)
{
	if (m->start >= HARDEN_KERNEL_HALF)
		return true;
	return m->shared && (harden_is(m, "/secretmem") || (!m->write && harden_is(m, "/memfd:")));
}

static bool harden_check(struct harden_map *maps, struct harden_fault *fault)
{
	long count = harden_maps(maps, HARDEN_MAPS_MAX);

	if (count <= 0) {
		*fault = (struct harden_fault){ .step = "reading /proc/self/maps again", .error = -count };
		return false;
	}
	for (long i = 0; i < count; i++)
		if (!harden_is_safe(&maps[i])) {
			*fault = (struct harden_fault){ .step = "looking for what others can write",
							.address = maps[i].start };
			return false;
		}
	return true;
}

bool harden_self(uint64_t start, uint64_t end, struct harden_fault *fault)
{
	struct harden_map maps[HARDEN_MAPS_MAX];
	long count = harden_maps(maps, HARDEN_MAPS_MAX);

	if (count <= 0) {
		*fault = (struct harden_fault){ .step = "reading /proc/self/maps", .error = -count };
		return false;
	}
	for (long i = 0; i < count; i++)
		if (!harden_map_one(&maps[i], PAGE_DOWN(start), PAGE_UP(end), fault))
			return false;
	return harden_check(maps, fault);
}

_Noreturn void harden_stack(uint64_t top, void (*function)(void *), void *argument)
{
	__asm__ volatile("mov %0, %%rsp\n\txor %%ebp, %%ebp\n\tcall *%1\n\thlt"
			 : : "r"(top & ~15UL), "r"(function), "D"(argument) : "memory");
	__builtin_unreachable();
}

void harden_undumpable(void)
{
	const struct rlimit none = { 0 };

	(void)sys_raw6(__NR_prlimit64, 0, RLIMIT_CORE, (long)&none, 0, 0, 0);
	(void)sys_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
