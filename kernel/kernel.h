/* What every part of the kernel needs: messages and dying. */
#ifndef ADYTON_KERNEL_KERNEL_H
#define ADYTON_KERNEL_KERNEL_H

#include "abi/types.h"

#define printf_like(a, b) __attribute__((format(printf, a, b)))

/*
 * Format into a buffer, always terminated; returns the length it wanted. Knows %s %.*s %c %d %u %x %lu %ld %lx %llu %p
 * %% with widths and 0.
 */
size_t format(char *to, size_t size, const char *how, ...) printf_like(3, 4);

/* One line to the host's stderr, "adyton: ..." in front. Never secrets: the host reads it. */
void kernel_log(const char *how, ...) printf_like(1, 2);

uint32_t kernel_log_count(void); /* lines so far: was the reason told already? */

/* A state that cannot be: say what, and end the process at once (exit status 125). */
_Noreturn void kernel_die(const char *how, ...) printf_like(1, 2);
/* The same without a word, for where there is no window to say it through, or where it was said. */
_Noreturn void kernel_stop(void);

#define kernel_assert(what) \
	do { \
		if (!(what)) \
			kernel_die("%s:%d: %s does not hold", __FILE_NAME__, __LINE__, #what); \
	} while (0)

#endif
