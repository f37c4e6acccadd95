/*
 * Bounded reading and writing of binary formats. A reader or writer that once ran out stays failed and gives zeros, so
 * that a whole structure is read and then checked once.
 */
#ifndef ADYTON_BASE_BYTES_H
#define ADYTON_BASE_BYTES_H

#include "base/mem.h"

struct bytes_reader {
	const uint8_t *at;
	size_t left;
	bool failed;
};

struct bytes_writer {
	uint8_t *at;
	size_t size, used;
	bool failed;
};

/* The next `size` bytes, or NULL. */
static inline const uint8_t *bytes_take(struct bytes_reader *r, size_t size)
{
	const uint8_t *at = r->at;

	if (r->failed || size > r->left) {
		r->failed = true;
		return NULL;
	}
	r->at += size;
	r->left -= size;
	return at;
}

static inline uint64_t bytes_take_le(struct bytes_reader *r, size_t size)
{
	const uint8_t *b = bytes_take(r, size);
	uint64_t value = 0;

	for (size_t i = size; b && i; i--)
		value = value << 8 | b[i - 1];
	return value;
}

static inline uint64_t bytes_take_be(struct bytes_reader *r, size_t size)
{
	const uint8_t *b = bytes_take(r, size);
	uint64_t value = 0;

	for (size_t i = 0; b && i < size; i++)
		value = value << 8 | b[i];
	return value;
}

static inline uint8_t bytes_u8(struct bytes_reader *r) { return (uint8_t)bytes_take_le(r, 1); }
static inline uint16_t bytes_u16(struct bytes_reader *r) { return (uint16_t)bytes_take_le(r, 2); }
static inline uint32_t bytes_u32(struct bytes_reader *r) { return (uint32_t)bytes_take_le(r, 4); }
static inline uint64_t bytes_u64(struct bytes_reader *r) { return bytes_take_le(r, 8); }

/* Copy the next bytes out; zeros when they are missing. */
static inline void bytes_copy(struct bytes_reader *r, void *to, size_t size)
{
	const uint8_t *b = bytes_take(r, size);

	if (b)
		memcpy(to, b, size);
	else
		memset(to, 0, size);
}

/* Room for `size` bytes, or NULL. */
static inline uint8_t *bytes_room(struct bytes_writer *w, size_t size)
{
	uint8_t *at = w->at + w->used;

	if (w->failed || size > w->size - w->used) {
		w->failed = true;
		return NULL;
	}
	w->used += size;
	return at;
}

static inline void bytes_put(struct bytes_writer *w, const void *from, size_t size)
{
	uint8_t *to = bytes_room(w, size);

	if (to)
		memcpy(to, from, size);
}

static inline void bytes_put_zero(struct bytes_writer *w, size_t size)
{
	uint8_t *to = bytes_room(w, size);

	if (to)
		memset(to, 0, size);
}

static inline void bytes_put_le(struct bytes_writer *w, uint64_t value, size_t size)
{
	uint8_t *to = bytes_room(w, size);

	for (size_t i = 0; to && i < size; i++, value >>= 8)
		to[i] = (uint8_t)value;
}

static inline void bytes_put_be(struct bytes_writer *w, uint64_t value, size_t size)
{
	uint8_t *to = bytes_room(w, size);

	for (size_t i = size; to && i; i--, value >>= 8)
		to[i - 1] = (uint8_t)value;
}

/* Lowercase hex, NUL-terminated: out holds 2 * size + 1. */
void hex_encode(const void *from, size_t size, char *out);
/* Exactly 2 * size digits of either case; false otherwise. */
must_check bool hex_decode(const char *text, size_t length, void *to, size_t size);

#endif
