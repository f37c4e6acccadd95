#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "server/core/pool.h"

#define CHUNK_SIZE 4096

struct pool_chunk {
	struct pool_chunk *before;
	size_t size;
	_Alignas(16) uint8_t bytes[];
};

void pool_init(struct pool *p)
{
	*p = (struct pool){ .last = NULL };
}

void pool_close(struct pool *p)
{
	for (struct pool_chunk *c = p->last, *before; c; c = before) {
		before = c->before;
		mem_wipe(c->bytes, c->size);
		free(c);
	}
	pool_init(p);
}

/* Sizes double from chunk to chunk, so that a large request takes few. */
static void pool_grow(struct pool *p, size_t size)
{
	size_t wanted = p->last ? 2 * p->last->size : CHUNK_SIZE - sizeof(struct pool_chunk);
	struct pool_chunk *c;

	if (wanted > 256 * 1024)
		wanted = 256 * 1024;
	if (wanted < size)
		wanted = size;
	c = calloc(1, sizeof(*c) + wanted);
	if (!c) {
		fprintf(stderr, "adyton-server: out of memory (%zu bytes for a request)\n", wanted);
		abort();
	}
	c->size = wanted;
	c->before = p->last;
	p->last = c;
	p->left = wanted;
}

void *pool_take(struct pool *p, size_t size)
{
	size_t whole = (size + 15) & ~(size_t)15;
	uint8_t *at;

	if (whole < size)
		abort();
	if (!p->last || whole > p->left)
		pool_grow(p, whole);
	at = p->last->bytes + (p->last->size - p->left);
	p->left -= whole;
	return at;
}

char *pool_copy(struct pool *p, const char *s, size_t size)
{
	char *to = pool_take(p, size + 1);

	if (size)
		memcpy(to, s, size);
	return to;
}

char *pool_text(struct pool *p, const char *s)
{
	return pool_copy(p, s, strlen(s));
}

char *pool_vprintf(struct pool *p, const char *format, va_list arguments)
{
	va_list again;
	int size;
	char *to;

	va_copy(again, arguments);
	size = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (size < 0)
		abort();
	to = pool_take(p, (size_t)size + 1);
	vsnprintf(to, (size_t)size + 1, format, arguments);
	return to;
}

char *pool_printf(struct pool *p, const char *format, ...)
{
	va_list arguments;
	char *to;

	va_start(arguments, format);
	to = pool_vprintf(p, format, arguments);
	va_end(arguments);
	return to;
}

/* Room doubles at each power of two, so the count alone says when there is none. */
void names_add(struct pool *p, struct names *names, const char *name)
{
	size_t n = names->count;

	if (!(n & (n - 1))) {
		const char **at = pool_take(p, (n ? 2 * n : 1) * sizeof(*at));

		if (n)
			memcpy(at, names->at, n * sizeof(*at));
		names->at = at;
	}
	names->at[names->count++] = name;
}

bool names_have(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->at[i], name))
			return true;
	return false;
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void names_sort(struct names *names)
{
	size_t kept = 0;

	if (names->count)
		qsort(names->at, names->count, sizeof(*names->at), name_compare);
	for (size_t i = 0; i < names->count; i++)
		if (!kept || strcmp(names->at[kept - 1], names->at[i]))
			names->at[kept++] = names->at[i];
	names->count = kept;
}
