/* Characters of quoted strings, as JSON (RFC 8259) and HCL write them. */
#ifndef ADYTON_BASE_ESCAPE_H
#define ADYTON_BASE_ESCAPE_H

#include "abi/types.h"

/* The length of the UTF-8 sequence at `at` (1-4); 0 where it is not well formed (overlong, surrogate, cut off). */
size_t utf8_length(const char *at, const char *end);
/* Write a code point as UTF-8; returns the length. */
size_t utf8_put(uint32_t code, char out[4]);

/*
 * Read one character of a quoted string: an escape, or one UTF-8 sequence. *taken counts the bytes read, the result
 * those written to out; 0 where the text is wrong. `hcl` adds \UNNNNNNNN.
 */
size_t escape_read(const char *at, const char *end, bool hcl, char out[4], size_t *taken);

#endif
