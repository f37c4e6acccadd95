/*
 * The names that Debian's static libnettle.a leaves undefined for the algorithms of this folder, besides
 * memcpy, memset, memcmp, strchr and strlen (base/mem.c). The list was read off the linker and a test holds it.
 */
#include "crypto/nettle_freestanding.h"

#include "crypto/sha256.h"

/* Names that belong to a libc, so no header of ours declares them. */
_Noreturn void __assert_fail(const char *expression, const char *file, unsigned line, const char *function);
_Noreturn void __stack_chk_fail(void);
char *getenv(const char *name);
char *secure_getenv(const char *name);
int __fprintf_chk(void *stream, int flag, const char *format, ...);
size_t fwrite(const void *from, size_t size, size_t count, void *stream);
void _nettle_cpuid(uint32_t leaf, uint32_t regs[4]);
extern void *stderr;

void *stderr;

static crypto_cpuid_fn *cpuid_source;

void __assert_fail(const char *expression, const char *file, unsigned line, const char *function)
{
	(void)expression, (void)file, (void)line, (void)function;
	__builtin_trap();
}

void __stack_chk_fail(void)
{
	__builtin_trap();
}

/* No environment: NETTLE_FAT_VERBOSE and NETTLE_FAT_OVERRIDE do not reach a measured program. */
char *getenv(const char *name)
{
	(void)name;
	return NULL;
}

char *secure_getenv(const char *name)
{
	return getenv(name);
}

/* Reached only when NETTLE_FAT_VERBOSE is set, so never. */
int __fprintf_chk(void *stream, int flag, const char *format, ...)
{
	(void)stream, (void)flag, (void)format;
	__builtin_trap();
}

size_t fwrite(const void *from, size_t size, size_t count, void *stream)
{
	(void)from, (void)size, (void)count, (void)stream;
	__builtin_trap();
}

/* Stands before the archive's cpuid.o, which is therefore not linked: CPUID faults in an enclave. */
void _nettle_cpuid(uint32_t leaf, uint32_t regs[4])
{
	if (cpuid_source) {
		cpuid_source(leaf, regs);
		return;
	}
	__asm__ volatile("cpuid" : "=a"(regs[0]), "=b"(regs[1]), "=c"(regs[2]), "=d"(regs[3]) : "a"(leaf), "c"(0));
}

/*
 * Nettle sets its function pointers in a constructor (.init_array), or else when the first of them is called. The
 * second way needs nothing of the linker script, so take it: one hash sets them all.
 */
void crypto_start(crypto_cpuid_fn *cpuid)
{
	uint8_t digest[SHA256_SIZE];

	cpuid_source = cpuid;
	sha256(NULL, 0, digest);
}
