#include "client/client.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Everything that was given out: it may hold secrets, so it is wiped when the program ends. */
static struct kept {
	struct kept *next;
	size_t size;
	max_align_t bytes[];
} *kept;

void *keep(size_t size)
{
	struct kept *k = calloc(1, sizeof(*k) + size);

	if (!k) {
		(void)fputs("Out of memory\n", stderr);
		exit(2);
	}
	k->size = size;
	k->next = kept;
	kept = k;
	return k->bytes;
}

void keep_end(void)
{
	while (kept) {
		struct kept *next = kept->next;

		explicit_bzero(kept->bytes, kept->size);
		free(kept);
		kept = next;
	}
}

char *keep_bytes(const void *bytes, size_t size)
{
	char *copy = keep(size + 1);

	if (size)
		memcpy(copy, bytes, size);
	return copy;
}

char *keep_format(const char *format, ...)
{
	va_list args, again;
	char *s;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	s = keep((size_t)n + 1);
	(void)vsnprintf(s, (size_t)n + 1, format, again);
	va_end(again);
	va_end(args);
	return s;
}

void keep_grow(struct text *t, size_t size)
{
	size_t wanted = size * 2 < 256 ? 256 : size * 2;
	char *at = keep(wanted);

	if (t->at)
		memcpy(at, t->at, t->used);
	t->at = at;
	t->size = wanted;
}
