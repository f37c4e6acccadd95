/* The host's few sentences. */
#include <stdarg.h>
#include "base/mem.h"
#include "cpu/linux/sys.h"
#include "host/host.h"

struct message {
	char *to;
	size_t size, length;
};

static void message_char(struct message *m, char c)
{
	if (m->length + 1 < m->size)
		m->to[m->length++] = c;
}

static void message_string(struct message *m, const char *s)
{
	while (s && *s)
		message_char(m, *s++);
}

static void message_number(struct message *m, uint64_t value, unsigned base)
{
	char digits[24];
	int n = 0;

	do
		digits[n++] = "0123456789abcdef"[value % base];
	while ((value /= base));
	while (n)
		message_char(m, digits[--n]);
}

static void message_one(struct message *m, char kind, bool is_long, va_list *args)
{
	int64_t number;

	switch (kind) {
	case 's':
		message_string(m, va_arg(*args, const char *));
		return;
	case 'd':
		number = is_long ? va_arg(*args, int64_t) : va_arg(*args, int32_t);
		if (number < 0)
			message_char(m, '-');
		message_number(m, number < 0 ? -(uint64_t)number : (uint64_t)number, 10);
		return;
	case 'u':
	case 'x':
		message_number(m, is_long ? va_arg(*args, uint64_t) : va_arg(*args, uint32_t), kind == 'u' ? 10 : 16);
		return;
	default:
		message_char(m, kind);
	}
}

static size_t message_format(char *to, size_t size, const char *how, va_list *args)
{
	struct message m = { .to = to, .size = size };
	bool is_long;

	for (; *how; how++) {
		if (*how != '%') {
			message_char(&m, *how);
			continue;
		}
		for (how++, is_long = false; *how == 'l'; how++)
			is_long = true;
		if (!*how)
			break;
		message_one(&m, *how, is_long, args);
	}
	to[m.length] = '\0';
	return m.length;
}

size_t host_format(char *to, size_t size, const char *how, ...)
{
	va_list args;
	size_t length;

	va_start(args, how);
	length = message_format(to, size, how, &args);
	va_end(args);
	return length;
}

static void message_say(const char *how, va_list *args)
{
	char line[512] = "adyton: ";
	size_t length = 8 + message_format(line + 8, sizeof(line) - 9, how, args);

	line[length++] = '\n';
	(void)sys_write(2, line, length);
}

void host_say(const char *how, ...)
{
	va_list args;

	va_start(args, how);
	message_say(how, &args);
	va_end(args);
}

_Noreturn void host_die(const char *how, ...)
{
	va_list args;

	va_start(args, how);
	message_say(how, &args);
	va_end(args);
	sys_exit_group(125);
}
