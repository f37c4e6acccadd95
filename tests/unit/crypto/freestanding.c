/*
 * The crypto folder without a libc: no C library is linked, so the link itself proves that nettle_freestanding.c and
 * base/mem.c give everything that libnettle.a wants. Exit status 0, or the number of the check that failed. With an
 * argument, the processor is said to have no AES, carry-less multiplication or SHA instructions.
 */
#include "base/mem.h"
#include "crypto/aes_cmac.h"
#include "crypto/aes_gcm.h"
#include "crypto/hkdf.h"
#include "crypto/nettle_freestanding.h"

#define SYS_ARCH_PRCTL 158
#define SYS_EXIT_GROUP 231
#define ARCH_SET_FS 0x1002

_Noreturn void freestanding_main(long argc);

/* Where %fs will point; the canary is at 0x28. */
static uint64_t thread_block[8] = { [5] = 0x1234567800abcdef };
static unsigned cpuid_asked;

static long system_call(long number, long a, long b)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return result;
}

static void cpuid_none(uint32_t leaf, uint32_t regs[4])
{
	cpuid_asked |= 1U << leaf;
	memset(regs, 0, 4 * sizeof(*regs));
}

static int check(void)
{
	static const uint8_t abc[] = { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea };
	static const uint8_t jefe[] = { 0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e };
	static const uint8_t cmac_empty[] = { 0xbb, 0x1d, 0x69, 0x29, 0xe9, 0x59, 0x37, 0x28 };
	static const uint8_t cmac_key[16] = { 0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
					      0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c };
	static const uint8_t gcm_sealed[] = { 0xce, 0xa7, 0x40, 0x3d, 0x4d, 0x60, 0x6b, 0x6e };
	static const uint8_t gcm_tag[] = { 0xd0, 0xd1, 0xc8, 0xa7, 0x99, 0x99, 0x6b, 0xf0 };
	static const uint8_t zero[32];
	static struct aes_gcm gcm;
	uint8_t out[32], tag[16];
	struct secret_key key = { .size = 32 };

	sha256("abc", 3, out);
	if (memcmp(out, abc, sizeof(abc)))
		return 1;
	hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, out);
	if (memcmp(out, jefe, sizeof(jefe)))
		return 2;
	aes_cmac(cmac_key, "", 0, out);
	if (memcmp(out, cmac_empty, sizeof(cmac_empty)))
		return 3;
	aes_gcm_init(&gcm, zero);
	aes_gcm_seal(&gcm, zero, "", 0, zero, 16, out, tag);
	if (memcmp(out, gcm_sealed, sizeof(gcm_sealed)) || memcmp(tag, gcm_tag, sizeof(gcm_tag)))
		return 4;
	if (!aes_gcm_open(&gcm, zero, "", 0, out, 16, out, tag) || memcmp(out, zero, 16))
		return 5;
	if (!hkdf_key("", 0, "secret", 6, "label", &key) || !memcmp(key.bytes, zero, 32))
		return 6;
	return 0;
}

void freestanding_main(long argc)
{
	int status;

	if (system_call(SYS_ARCH_PRCTL, ARCH_SET_FS, (long)thread_block))
		__builtin_trap();
	crypto_start(argc > 1 ? cpuid_none : NULL);
	status = check();
	if (argc > 1 && cpuid_asked != (1U << 0 | 1U << 1 | 1U << 7))
		status = 7;
	system_call(SYS_EXIT_GROUP, status, 0);
	__builtin_unreachable();
}

__asm__(".globl _start\n_start:\n\tmov (%rsp), %rdi\n\tand $-16, %rsp\n\tcall freestanding_main\n\tud2\n");
