/* The loop of the quoting enclave: requests on standard input, answers on standard output, until the input ends. */
#include "quoting/enclave.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct reply reply;
static uint8_t payload[QUOTING_MAX];

void reply_add(struct reply *r, const void *bytes, size_t size)
{
	if (size > sizeof(r->bytes) - r->size) {
		r->full = true;
		return;
	}
	memcpy(r->bytes + r->size, bytes, size);
	r->size += (uint32_t)size;
}

static bool get(void *to, size_t size)
{
	for (uint8_t *at = to; size;) {
		ssize_t n = read(0, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

static bool put(const void *from, size_t size)
{
	for (const uint8_t *at = from; size;) {
		ssize_t n = write(1, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

static int serve_target(void)
{
	uint8_t target[sizeof(struct sgx_targetinfo)];
	int error = device_read("my_target_info", target, sizeof(target));

	if (!error)
		reply_add(&reply, target, sizeof(target));
	return error;
}

static int serve_quote(uint32_t size)
{
	struct quoting_order order;

	if (size < sizeof(order))
		return -EINVAL;
	memcpy(&order, payload, sizeof(order));
	size -= (uint32_t)sizeof(order);
	if (order.sealed_size > size || order.chain_size > size - order.sealed_size ||
	    order.machine_size != size - order.sealed_size - order.chain_size)
		return -EINVAL;
	return quote_make(&order, payload + sizeof(order), &reply);
}

static int serve(const struct quoting_head *request)
{
	reply.size = 0;
	reply.full = false;
	switch (request->operation) {
	case QUOTING_TARGET:
		return request->size ? -EINVAL : serve_target();
	case QUOTING_QUOTE:
		return serve_quote(request->size);
	case QUOTING_REQUEST:
		return request->size ? -EINVAL : ask_make(&reply);
	case QUOTING_KEY:
		return quote_key(payload, request->size, &reply);
	default:
		return -ENOSYS;
	}
}

int main(void)
{
	struct quoting_head head;

	while (get(&head, sizeof(head))) {
		if (head.magic != QUOTING_MAGIC || head.size > sizeof(payload) || !get(payload, head.size))
			return 1;
		head.error = -serve(&head);
		head.size = head.error ? 0 : reply.size;
		if (!put(&head, sizeof(head)) || !put(reply.bytes, head.size))
			return 1;
	}
	return 0;
}
