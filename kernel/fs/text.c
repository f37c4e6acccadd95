/* See text.h. */
#include "kernel/fs/text.h"
#include "base/mem.h"
#include "kernel/lib/format.h"
#include "kernel/mm/heap.h"

#define FIRST 1024

bool text_reserve(struct text *t, size_t size)
{
	size_t room = t->room ? t->room : FIRST;
	char *data;

	if (t->failed || size < t->room - t->length)
		return !t->failed;
	while (room - t->length <= size)
		room *= 2;
	data = heap_alloc(room);
	if (!data) {
		t->failed = true;
		return false;
	}
	if (t->data)
		memcpy(data, t->data, t->length);
	heap_free(t->data);
	t->data = data;
	t->room = room;
	return true;
}

void text_bytes(struct text *t, const void *bytes, size_t size)
{
	if (!text_reserve(t, size))
		return;
	memcpy(t->data + t->length, bytes, size);
	t->length += size;
}

void text_add(struct text *t, const char *how, ...)
{
	va_list args;
	size_t size;

	if (!text_reserve(t, 128))
		return;
	va_start(args, how);
	size = format_args(t->data + t->length, t->room - t->length, how, args);
	va_end(args);
	if (size >= t->room - t->length) {
		if (!text_reserve(t, size + 1))
			return;
		va_start(args, how);
		size = format_args(t->data + t->length, t->room - t->length, how, args);
		va_end(args);
	}
	t->length += size;
}

void text_octal(struct text *t, uint64_t value)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + (value & 7));
		value >>= 3;
	} while (value);
	text_bytes(t, digits + at, sizeof(digits) - at);
}

void text_escaped(struct text *t, const char *name)
{
	for (; *name; name++) {
		if (*name != ' ' && *name != '\t' && *name != '\n' && *name != '\\') {
			text_bytes(t, name, 1);
			continue;
		}
		text_bytes(t, "\\0", 2);
		text_octal(t, (uint8_t)*name);
	}
}

void text_free(struct text *t)
{
	heap_free(t->data);
	*t = (struct text){ 0 };
}
