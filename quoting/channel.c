#include "quoting/channel.h"

#include <errno.h>
#include <unistd.h>

static int channel_read(int fd, void *to, size_t size)
{
	for (uint8_t *at = to; size;) {
		ssize_t n = read(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EPIPE;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

static int channel_write(int fd, const void *from, size_t size)
{
	for (const uint8_t *at = from; size;) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EPIPE;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

int channel_get(int fd, struct quoting_head *head, uint8_t payload[QUOTING_MAX])
{
	int error = channel_read(fd, head, sizeof(*head));

	if (!error && (head->magic != QUOTING_MAGIC || head->size > QUOTING_MAX))
		error = -EPROTO;
	return error ? error : channel_read(fd, payload, head->size);
}

int channel_put(int fd, uint32_t operation, int error, const void *payload, uint32_t size)
{
	const struct quoting_head head = { .magic = QUOTING_MAGIC, .operation = operation, .error = error,
					   .size = size };
	int failed = channel_write(fd, &head, sizeof(head));

	return failed ? failed : channel_write(fd, payload, size);
}
