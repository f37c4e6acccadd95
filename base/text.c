#include "base/text.h"
#include "base/mem.h"

void text_init(struct text *t, char *buffer, size_t size)
{
	*t = (struct text){ .at = buffer, .size = size };
	if (size)
		buffer[0] = '\0';
}

void text_put_bytes(struct text *t, const char *s, size_t size)
{
	if (t->grow && size >= t->size - t->used)
		t->grow(t, t->used + size + 1);
	if (t->used + 1 < t->size) {
		size_t room = t->size - 1 - t->used;
		size_t n = size < room ? size : room;

		memcpy(t->at + t->used, s, n);
		t->at[t->used + n] = '\0';
	}
	t->used += size;
}

void text_put(struct text *t, const char *s)
{
	text_put_bytes(t, s, strlen(s));
}

void text_put_u64(struct text *t, uint64_t value)
{
	char digits[20];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + value % 10);
	} while (value /= 10);
	text_put_bytes(t, digits + n, sizeof(digits) - n);
}

void text_put_hex(struct text *t, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		text_put_bytes(t, &"0123456789abcdef"[bytes[i] >> 4], 1);
		text_put_bytes(t, &"0123456789abcdef"[bytes[i] & 15], 1);
	}
}

void text_put_found(struct text *t, const char *at, const char *end)
{
	if (at >= end) {
		text_put(t, "the end of the file");
	} else if (*at == '\n') {
		text_put(t, "the end of the line");
	} else if (*at > ' ' && *at < 0x7f) {
		text_put(t, "'");
		text_put_bytes(t, at, 1);
		text_put(t, "'");
	} else {
		text_put(t, "byte 0x");
		text_put_hex(t, (const uint8_t *)at, 1);
	}
}
