/* Messages to people, through the host: they are not secret. */
#include <stdarg.h>
#include "kernel/border/hostcall.h"
#include "kernel/kernel.h"
#include "kernel/lib/format.h"
#include "kernel/task/thread.h"

#define LOG_LINE 512
#define DYING_TRIES 3 /* a dying thread's own faults and a host that comes back from its exit end up here again */

static size_t log_line(char line[LOG_LINE], const char *how, va_list args)
{
	size_t prefix = format(line, LOG_LINE, "adyton: ");
	size_t length = prefix + format_args(line + prefix, LOG_LINE - prefix - 1, how, args);

	if (length > LOG_LINE - 2)
		length = LOG_LINE - 2;
	line[length] = '\n';
	return length + 1;
}

static uint32_t log_count; /* atomic */

uint32_t kernel_log_count(void)
{
	return __atomic_load_n(&log_count, __ATOMIC_RELAXED);
}

void kernel_log(const char *how, ...)
{
	char line[LOG_LINE];
	va_list args;

	va_start(args, how);
	(void)host_log(line, log_line(line, how, args));
	va_end(args);
	__atomic_add_fetch(&log_count, 1, __ATOMIC_RELAXED);
}

_Noreturn void kernel_stop(void)
{
	struct thread *t = current;

	if (t->border && t->dying++ < DYING_TRIES)
		(void)host_exit(125 << 8);
	/* There is nobody to tell it to: at CSSA 0 this comes back by exception_serve(), at CSSA 1 it cannot. */
	for (;;)
		__builtin_trap();
}

_Noreturn void kernel_die(const char *how, ...)
{
	struct thread *t = current;
	char line[LOG_LINE];
	va_list args;

	if (t->border && !t->dying++) {
		va_start(args, how);
		(void)host_log(line, log_line(line, how, args));
		va_end(args);
	}
	kernel_stop();
}
