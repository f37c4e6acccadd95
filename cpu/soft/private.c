/*
 * Memory of the processor itself: EPCM, TCS contents, the staging buffer. Secret where the enclave's memory is, so that
 * nobody who can read or write ordinary mappings can read or change it. It is never given back.
 */
#include "cpu/soft/soft.h"

static struct {
	enum cpu_memory memory;
	uint8_t *at, *end;
} private;

void private_init(enum cpu_memory memory)
{
	private.memory = memory;
	private.at = private.end = NULL;
}

long private_map_at(uint64_t address, uint64_t length, int prot)
{
	int flags = address ? LINUX_MAP_FIXED : 0;
	long fd, at;

	if (private.memory == CPU_MEMORY_ORDINARY)
		return sys_mmap(address, length, prot,
				flags | LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS | LINUX_MAP_NORESERVE, -1, 0);
	/* FD_CLOEXEC is the only flag that it knows: O_CLOEXEC. */
	fd = sys_memfd_secret(LINUX_O_CLOEXEC);
	if (sys_is_error(fd))
		return fd;
	at = sys_ftruncate((int)fd, length);
	if (!sys_is_error(at))
		at = sys_mmap(address, length, prot, flags | LINUX_MAP_SHARED, (int)fd, 0);
	(void)sys_close((int)fd);
	return at;
}

void *private_map(uint64_t length)
{
	long at = private_map_at(0, length, LINUX_PROT_READ | LINUX_PROT_WRITE);

	return sys_is_error(at) ? NULL : (void *)at;
}

void *private_alloc(size_t size)
{
	void *at;

	size = (size + 63) & ~63UL;
	if ((size_t)(private.end - private.at) < size) {
		private.at = private_map(MIB);
		private.end = private.at ? private.at + MIB : NULL;
		if (!private.at)
			return NULL;
	}
	at = private.at;
	private.at += size;
	return at;
}
