/*
 * A string that grows in a caller's buffer, is cut to fit and always ends with a NUL; and an error at a place in a
 * text. Who has memory to give sets grow, and nothing is cut.
 */
#ifndef ADYTON_BASE_TEXT_H
#define ADYTON_BASE_TEXT_H

#include "abi/types.h"

struct text {
	char *at;
	size_t size, used; /* used counts what was wanted, also beyond size */
	/* Make the buffer at least `size` long, keeping what it holds; NULL: it stays as it is. */
	void (*grow)(struct text *t, size_t size);
	void *owner;       /* grow's */
};

/* Where a text is wrong and why. Lines and columns count from 1, columns in characters. */
struct text_error {
	uint32_t line, column;
	char message[232];
};

void text_init(struct text *t, char *buffer, size_t size);
void text_put(struct text *t, const char *s);
void text_put_bytes(struct text *t, const char *s, size_t size);
void text_put_u64(struct text *t, uint64_t value);
void text_put_hex(struct text *t, const uint8_t *bytes, size_t size);
/* What stands at a place, for "found ...": a quoted character, or its number, or the end of the file. */
void text_put_found(struct text *t, const char *at, const char *end);

#endif
