/* Randomness inside: the processor's own generator, which the host cannot read or steer (SDM 7.3.17). */
#include "crypto/random.h"
#include "base/mem.h"
#include "kernel/kernel.h"

#define RDRAND_TRIES 100 /* ten should do (Intel's guide); one that never delivers is broken */

static uint64_t random_word(void)
{
	uint64_t word;
	uint8_t ok;

	for (int i = 0; i < RDRAND_TRIES; i++) {
		__asm__ volatile("rdrand %0; setc %1" : "=r"(word), "=qm"(ok) : : "cc");
		if (ok)
			return word;
	}
	kernel_die("the processor's random number generator does not answer");
}

void random_bytes(void *to, size_t size)
{
	uint8_t *at = to;

	for (size_t n; size; size -= n, at += n) {
		uint64_t word = random_word();

		n = size < sizeof(word) ? size : sizeof(word);
		memcpy(at, &word, n);
	}
}
