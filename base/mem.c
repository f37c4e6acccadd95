#include "base/mem.h"

#undef memcpy
#undef memset

#define SMALL 256 /* up to here moving words is faster than starting rep movsb */

static uint64_t load64(const uint8_t *from)
{
	uint64_t word;

	__builtin_memcpy(&word, from, sizeof(word));
	return word;
}

static void store64(uint8_t *to, uint64_t word)
{
	__builtin_memcpy(to, &word, sizeof(word));
}

/* rep movsb/stosb: fast on every processor that has SGX (ERMS), and it touches no vector register. Ascending. */
static void copy_up(void *to, const void *from, size_t size)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

/* Words, the last of which may overlap the one before. */
static void copy_words(uint8_t *to, const uint8_t *from, size_t size)
{
	uint64_t last = load64(from + size - 8);

	for (size_t at = 0; at + 8 < size; at += 8) {
		store64(to + at, load64(from + at));
		__asm__ volatile("" : : : "memory"); /* else compilers see a memcpy in this loop, and call it */
	}
	store64(to + size - 8, last);
}

static void copy_few(uint8_t *to, const uint8_t *from, size_t size)
{
	uint32_t first, last;

	if (size >= 4) {
		__builtin_memcpy(&first, from, 4);
		__builtin_memcpy(&last, from + size - 4, 4);
		__builtin_memcpy(to, &first, 4);
		__builtin_memcpy(to + size - 4, &last, 4);
		return;
	}
	if (size) { /* 1 to 3: ends and middle */
		uint8_t middle = from[size / 2], end = from[size - 1];

		to[0] = from[0];
		to[size / 2] = middle;
		to[size - 1] = end;
	}
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	if (size > SMALL)
		copy_up(to, from, size);
	else if (size >= 8)
		copy_words(to, from, size);
	else
		copy_few(to, from, size);
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if ((uintptr_t)t - (uintptr_t)f >= size) {
		copy_up(to, from, size);
		return to;
	}
	while (size--)
		t[size] = f[size];
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	void *at = to;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(byte) : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;

	for (; size; size--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *from, int byte, size_t size)
{
	const uint8_t *x = from;

	for (; size; size--, x++)
		if (*x == (uint8_t)byte)
			return (void *)(uintptr_t)x;
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (; max; max--, a++, b++) {
		if (*a != *b)
			return (uint8_t)*a - (uint8_t)*b;
		if (!*a)
			return 0;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (!*s)
			return (char *)(uintptr_t)last;
	}
}

size_t str_copy(char *to, size_t size, const char *from)
{
	size_t length = strlen(from);

	if (size) {
		size_t n = length < size ? length : size - 1;

		memcpy(to, from, n);
		to[n] = '\0';
	}
	return length;
}
