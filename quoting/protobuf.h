/*
 * As much of protocol buffers as asking AESM takes (protobuf.dev, encoding): numbers and byte strings. Messages of a
 * few kilobytes, so lengths and numbers have 32 bits.
 */
#ifndef ADYTON_QUOTING_PROTOBUF_H
#define ADYTON_QUOTING_PROTOBUF_H

#include "base/bytes.h"

struct protobuf_field {
	uint32_t number;
	bool is_bytes;  /* else value */
	uint64_t value;
	const uint8_t *at;
	size_t size;
};

void protobuf_put_number(struct bytes_writer *w, uint32_t field, uint64_t value);
void protobuf_put_bytes(struct bytes_writer *w, uint32_t field, const void *bytes, size_t size);

/* 1: the next field; 0: the end; -1: malformed. */
must_check int protobuf_next(struct bytes_reader *r, struct protobuf_field *field);
/* The last field of that number and kind, as repeated ones replace each other; false: there is none, or malformed. */
must_check bool protobuf_find(const uint8_t *message, size_t size, uint32_t number, bool is_bytes,
			      struct protobuf_field *field);

#endif
