/* Apart from mem.c, so that hosted programs can have these without replacing their libc's memcpy. */
#include "base/mem.h"

void mem_wipe(void *to, size_t size)
{
	memset(to, 0, size);
	__asm__ volatile("" : : "r"(to) : "memory");
}

bool mem_equal_secret(const void *a, const void *b, size_t size)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t differ = 0;

	while (size--)
		differ |= *x++ ^ *y++;
	return differ == 0;
}
