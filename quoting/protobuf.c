#include "quoting/protobuf.h"

#define PROTOBUF_VARINT 0U
#define PROTOBUF_FIXED64 1U
#define PROTOBUF_BYTES 2U
#define PROTOBUF_FIXED32 5U

static void protobuf_put_varint(struct bytes_writer *w, uint64_t value)
{
	while (value >= 0x80) {
		bytes_put_le(w, (value & 0x7f) | 0x80, 1);
		value >>= 7;
	}
	bytes_put_le(w, value, 1);
}

void protobuf_put_number(struct bytes_writer *w, uint32_t field, uint64_t value)
{
	protobuf_put_varint(w, (uint64_t)field << 3 | PROTOBUF_VARINT);
	protobuf_put_varint(w, value);
}

void protobuf_put_bytes(struct bytes_writer *w, uint32_t field, const void *bytes, size_t size)
{
	protobuf_put_varint(w, (uint64_t)field << 3 | PROTOBUF_BYTES);
	protobuf_put_varint(w, size);
	bytes_put(w, bytes, size);
}

static uint64_t protobuf_varint(struct bytes_reader *r)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		const uint8_t *byte = bytes_take(r, 1);

		if (!byte)
			return 0;
		value |= (uint64_t)(*byte & 0x7f) << shift;
		if (!(*byte & 0x80))
			return value;
	}
	r->failed = true;
	return 0;
}

int protobuf_next(struct bytes_reader *r, struct protobuf_field *field)
{
	uint64_t tag;

	if (!r->left)
		return r->failed ? -1 : 0;
	tag = protobuf_varint(r);
	*field = (struct protobuf_field){ .number = (uint32_t)(tag >> 3), .is_bytes = (tag & 7) == PROTOBUF_BYTES };
	if (tag >> 3 == 0 || tag >> 32)
		return -1;
	switch (tag & 7) {
	case PROTOBUF_VARINT:
		field->value = protobuf_varint(r);
		break;
	case PROTOBUF_FIXED64:
		(void)bytes_take(r, 8);
		break;
	case PROTOBUF_FIXED32:
		(void)bytes_take(r, 4);
		break;
	case PROTOBUF_BYTES:
		field->size = protobuf_varint(r);
		field->at = bytes_take(r, field->size);
		break;
	default:
		return -1;
	}
	return r->failed ? -1 : 1;
}

bool protobuf_find(const uint8_t *message, size_t size, uint32_t number, bool is_bytes, struct protobuf_field *field)
{
	struct bytes_reader r = { message, size, false };
	struct protobuf_field next;
	bool found = false;
	int more;

	while ((more = protobuf_next(&r, &next)) > 0) {
		if (next.number != number || next.is_bytes != is_bytes)
			continue;
		*field = next;
		found = true;
	}
	return found && more == 0;
}
