/* The loop of the quoting enclave: requests on standard input, answers on standard output, until the input ends. */
#include "quoting/enclave.h"

#include <errno.h>
#include <string.h>

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
	int error = channel_get(0, &head, payload), refused;

	while (!error) {
		refused = serve(&head);
		error = channel_put(1, head.operation, -refused, reply.bytes, refused ? 0 : reply.size);
		if (!error)
			error = channel_get(0, &head, payload);
	}
	return error == -EPIPE ? 0 : 1;
}
