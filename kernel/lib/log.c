/* Messages to people, through the host: they are not secret. */
#include <stdarg.h>
#include "kernel/border/hostcall.h"
#include "kernel/kernel.h"
#include "kernel/lib/format.h"

#define LOG_LINE 512

static size_t log_line(char line[LOG_LINE], const char *how, va_list args)
{
	size_t prefix = format(line, LOG_LINE, "adyton: ");
	size_t length = prefix + format_args(line + prefix, LOG_LINE - prefix - 1, how, args);

	if (length > LOG_LINE - 2)
		length = LOG_LINE - 2;
	line[length] = '\n';
	return length + 1;
}

void kernel_log(const char *how, ...)
{
	char line[LOG_LINE];
	va_list args;

	va_start(args, how);
	(void)host_log(line, log_line(line, how, args));
	va_end(args);
}

_Noreturn void kernel_die(const char *how, ...)
{
	char line[LOG_LINE];
	va_list args;

	va_start(args, how);
	(void)host_log(line, log_line(line, how, args));
	va_end(args);
	for (;;)
		(void)host_exit(125 << 8);
}
