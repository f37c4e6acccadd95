/* Bytes of a connection: heads and chunks end, stay within what was given, and are read alike however they are cut. */
#include <stdlib.h>
#include <string.h>

#include "server/http/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The content's size and a sum over it, taking `piece` bytes at a time. */
static enum gate_progress decode(const char *at, size_t size, size_t piece, uint64_t *sum)
{
	struct gate_chunks c = { .left = 0 };
	enum gate_progress progress = CHUNK_MORE;
	size_t done = 0;

	*sum = 0;
	while (done < size && progress != CHUNK_END && progress != CHUNK_BAD) {
		size_t have = size - done < piece ? size - done : piece, used, data;

		progress = gate_chunk(&c, at + done, have, &used, &data);
		if (used > have || data > used || (progress == CHUNK_MORE && used != have))
			abort();
		for (size_t i = 0; i < data; i++)
			*sum = *sum * 31 + (uint8_t)at[done + used - data + i];
		done += used;
	}
	return progress == CHUNK_DATA ? CHUNK_MORE : progress;
}

static void chunks(const char *at, size_t size)
{
	uint64_t whole, single;

	if (decode(at, size, size, &whole) != decode(at, size, 1, &single) || whole != single)
		abort();
}

static void head(char *at, size_t size)
{
	struct gate_error error = { .status = 0 };
	struct gate_head h;

	if (!gate_read(at, size, &h, &error)) {
		if (error.status < 400 || error.status > 599 || !error.text)
			abort();
		return;
	}
	if (h.target[0] != '/' && strcmp(h.target, "*"))
		abort();
	for (size_t i = 0; i < h.count; i++)
		if (h.fields[i].name < at || h.fields[i].value + strlen(h.fields[i].value) >= at + size)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);
	size_t head_size;

	if (!copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	head_size = gate_find(copy, size, 0);
	if (head_size > size)
		abort();
	if (head_size)
		head(copy, head_size);
	chunks(copy + head_size, size - head_size);
	free(copy);
	return 0;
}
