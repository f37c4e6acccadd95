/* What AESM answers: any bytes, read to the end twice; a field found lies inside the message. */
#include "quoting/protobuf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes_reader r = { data, size, false };
	struct protobuf_field field, inner;
	size_t steps = 0, found = 0;

	while (protobuf_next(&r, &field) > 0)
		if (++steps > size ||
		    (field.is_bytes && (field.at < data || field.size > (size_t)(data + size - field.at))))
			abort();
	for (uint32_t number = 1; number < 20; number++)
		if (protobuf_find(data, size, number, true, &field) && field.size)
			found += protobuf_find(field.at, field.size, 1, false, &inner);
	return found > 19;
}
