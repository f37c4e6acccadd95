/* Randomness from the processor alone: the host gives none. */
#include "crypto/random.h"
#include "abi/linux/sched.h"
#include "base/mem.h"
#include "kernel/kernel.h"
#include "kernel/mm/user.h"
#include "kernel/syscall.h"

#define RANDOM_RETRIES 100 /* Intel's guide asks for ten before calling it broken */
#define RANDOM_PIECE 256

static uint64_t random_word(void)
{
	unsigned long long value;
	uint8_t good;

	for (int i = 0; i < RANDOM_RETRIES; i++) {
		__asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(good) : : "cc");
		/* All ones again and again is how known broken processors answer (AMD, after suspend). */
		if (good && value != UINT64_MAX)
			return value;
		__builtin_ia32_pause();
	}
	kernel_die("the processor gives no random numbers (RDRAND failed %d times)", RANDOM_RETRIES);
}

void random_bytes(void *to, size_t size)
{
	uint8_t *at = to;

	while (size) {
		uint64_t word = random_word();
		size_t n = size < sizeof(word) ? size : sizeof(word);

		memcpy(at, &word, n);
		at += n;
		size -= n;
	}
}

SYSCALL3(getrandom, uint64_t, addr, uint64_t, size, uint32_t, flags)
{
	uint8_t piece[RANDOM_PIECE];
	uint64_t done = 0;

	if ((flags & ~(uint32_t)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if (size > INT32_MAX)
		size = INT32_MAX;
	while (done < size) {
		size_t n = size - done < RANDOM_PIECE ? size - done : RANDOM_PIECE;

		random_bytes(piece, n);
		if (copy_to_user(addr + done, piece, n))
			break;
		done += n;
	}
	mem_wipe(piece, sizeof(piece));
	return done || !size ? (long)done : -EFAULT;
}
