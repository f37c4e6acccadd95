/* printf's small core for messages. */
#include <stdarg.h>
#include "base/mem.h"
#include "kernel/kernel.h"
#include "kernel/lib/format.h"

struct format_out {
	char *to;
	size_t size, length;
};

static void format_char(struct format_out *o, char c)
{
	if (o->length + 1 < o->size)
		o->to[o->length] = c;
	o->length++;
}

static void format_pad(struct format_out *o, char c, size_t have, size_t want)
{
	for (; have < want; have++)
		format_char(o, c);
}

static void format_text(struct format_out *o, const char *s, size_t size, size_t width, bool left)
{
	if (!left)
		format_pad(o, ' ', size, width);
	for (size_t i = 0; i < size; i++)
		format_char(o, s[i]);
	if (left)
		format_pad(o, ' ', size, width);
}

struct format_spec {
	bool zero, left, is_long, prefix;
	size_t width, precision;
};

static void format_number(struct format_out *o, const struct format_spec *f, uint64_t value, unsigned base,
			  bool negative)
{
	char digits[24];
	size_t n = 0;

	const char *prefix = negative ? "-" : f->prefix && base == 16 && value ? "0x" : "";
	const size_t before = strlen(prefix);

	do
		digits[n++] = "0123456789abcdef"[value % base];
	while ((value /= base));
	if (!f->zero && !f->left)
		format_pad(o, ' ', n + before, f->width);
	format_text(o, prefix, before, 0, false);
	if (f->zero)
		format_pad(o, '0', n + before, f->width);
	for (size_t i = n; i-- > 0;)
		format_char(o, digits[i]);
	if (f->left)
		format_pad(o, ' ', n + before, f->width);
}

static const char *format_flags(struct format_spec *f, const char *at, va_list *args)
{
	*f = (struct format_spec){ .precision = SIZE_MAX };
	for (;; at++) {
		if (*at == '0')
			f->zero = true;
		else if (*at == '-')
			f->left = true;
		else if (*at == '#')
			f->prefix = true;
		else
			break;
	}
	for (; *at >= '0' && *at <= '9'; at++)
		f->width = f->width * 10 + (size_t)(*at - '0');
	if (*at == '*') {
		f->width = (size_t)va_arg(*args, int);
		at++;
	}
	if (*at == '.') {
		f->precision = 0;
		for (at++; *at >= '0' && *at <= '9'; at++)
			f->precision = f->precision * 10 + (size_t)(*at - '0');
		if (*at == '*') {
			f->precision = (size_t)va_arg(*args, int);
			at++;
		}
	}
	for (; *at == 'l' || *at == 'z'; at++)
		f->is_long = true;
	return at;
}

static void format_one(struct format_out *o, const struct format_spec *f, char kind, va_list *args)
{
	const char *s;
	int64_t number;

	switch (kind) {
	case 's':
		s = va_arg(*args, const char *);
		s = s ? s : "(null)";
		format_text(o, s, strnlen(s, f->precision), f->width, f->left);
		return;
	case 'c':
		format_char(o, (char)va_arg(*args, int));
		return;
	case 'd':
		number = f->is_long ? va_arg(*args, int64_t) : va_arg(*args, int32_t);
		format_number(o, f, number < 0 ? -(uint64_t)number : (uint64_t)number, 10, number < 0);
		return;
	case 'u':
	case 'x':
	case 'o':
		format_number(o, f, f->is_long ? va_arg(*args, uint64_t) : va_arg(*args, uint32_t),
			      kind == 'u' ? 10 : kind == 'o' ? 8 : 16, false);
		return;
	case 'p':
		format_text(o, "0x", 2, 0, false);
		format_number(o, f, (uint64_t)va_arg(*args, void *), 16, false);
		return;
	default:
		format_char(o, kind);
	}
}

size_t format_args(char *to, size_t size, const char *how, va_list args)
{
	struct format_out o = { .to = to, .size = size };
	struct format_spec f;
	va_list copy;

	va_copy(copy, args);
	for (; *how; how++) {
		if (*how != '%') {
			format_char(&o, *how);
			continue;
		}
		how = format_flags(&f, how + 1, &copy);
		if (!*how)
			break;
		format_one(&o, &f, *how, &copy);
	}
	va_end(copy);
	if (size)
		to[o.length < size ? o.length : size - 1] = '\0';
	return o.length;
}

size_t format(char *to, size_t size, const char *how, ...)
{
	va_list args;
	size_t length;

	va_start(args, how);
	length = format_args(to, size, how, args);
	va_end(args);
	return length;
}
