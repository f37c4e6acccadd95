/*
 * Serving one process on descriptor 3, its host half. The quoting enclave is started at the first question and goes
 * away with the last one: after a minute without any, or with the process.
 */
#include "quoting/service.h"
#include "image/cleanup.h"
#include "quoting/silicon.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define SERVE_FD 3
#define SERVE_IDLE_MS 60000

static uint8_t serve_payload[QUOTING_MAX], serve_order[QUOTING_MAX];

static void serve_say(const struct fail *f)
{
	(void)fprintf(stderr, "adyton: %s\n", f->text);
}

/* struct quoting_order, sealed key, chain; its size, or 0. */
static uint32_t serve_make_order(struct service *s, const uint8_t *report, struct fail *f)
{
	_cleanup_free_ uint8_t *sealed = NULL, *chain = NULL;
	size_t sealed_size = 0, chain_size = 0;
	struct quoting_order order;

	if (!folder_read(s, "pck-chain.pem", &chain, &chain_size)) {
		(void)fail(f, "no PCK certificate in %s: run `adyton platform init`, have the operator's CA sign "
			   "request.json, and give its answer to `adyton platform install`", s->dir);
		return 0;
	}
	if (!folder_read(s, "attestation-key.sealed", &sealed, &sealed_size))
		sealed_size = 0;
	if (sizeof(order) + sealed_size + chain_size > sizeof(serve_order)) {
		(void)fail(f, "platform: the certificates in %s are too long", s->dir);
		return 0;
	}
	memcpy(order.report, report, sizeof(order.report));
	order.sealed_size = (uint32_t)sealed_size;
	order.chain_size = (uint32_t)chain_size;
	memcpy(serve_order, &order, sizeof(order));
	if (sealed_size)
		memcpy(serve_order + sizeof(order), sealed, sealed_size);
	memcpy(serve_order + sizeof(order) + sealed_size, chain, chain_size);
	return (uint32_t)(sizeof(order) + sealed_size + chain_size);
}

/*
 * What the answer begins with is the attestation key, sealed: kept if it is another one. Should two processes make the
 * first key at once, the last one stays; quotes by the other are as good.
 */
static int serve_keep_key(struct service *s, const uint8_t *answer, uint32_t size, uint32_t *skip, struct fail *f)
{
	const struct quoting_order *order = (const struct quoting_order *)serve_order;
	uint32_t sealed_size;

	if (size < sizeof(sealed_size))
		return -EIO;
	memcpy(&sealed_size, answer, sizeof(sealed_size));
	if (sealed_size > size - sizeof(sealed_size))
		return -EIO;
	*skip = (uint32_t)sizeof(sealed_size) + sealed_size;
	if (sealed_size == order->sealed_size &&
	    memcmp(answer + sizeof(sealed_size), serve_order + sizeof(*order), sealed_size) == 0)
		return 0;
	return folder_write(s, "attestation-key.sealed", 0600, answer + sizeof(sealed_size), sealed_size, f) ? -EIO : 0;
}

static int serve_quote(struct service *s, uint32_t *skip, uint32_t *size, struct fail *f)
{
	uint32_t order_size = serve_make_order(s, serve_payload, f);
	int error = order_size ? run_ask(s, QUOTING_QUOTE, serve_order, order_size, serve_payload, size, f) : -ENODEV;

	return error ? error : serve_keep_key(s, serve_payload, *size, skip, f);
}

static bool serve_known(const struct quoting_head *head)
{
	return (head->operation == QUOTING_TARGET && head->size == 0) ||
	       (head->operation == QUOTING_QUOTE && head->size == SGX_REPORT_BYTES);
}

static int serve_one(struct service *s, const struct quoting_head *head)
{
	uint32_t size = head->size, skip = 0;
	struct fail f = { "platform: a request of unknown kind" };
	int error = -EINVAL;

	if (serve_known(head) && s->silicon)
		error = silicon_serve(s, head->operation, serve_payload, &size, &f);
	else if (serve_known(head) && head->operation == QUOTING_TARGET)
		error = run_ask(s, QUOTING_TARGET, NULL, 0, serve_payload, &size, &f);
	else if (serve_known(head))
		error = serve_quote(s, &skip, &size, &f);
	if (error)
		serve_say(&f);
	return channel_put(SERVE_FD, head->operation, -error, serve_payload + skip, error ? 0 : size - skip);
}

int serve_main(struct service *s)
{
	struct pollfd asked = { .fd = SERVE_FD, .events = POLLIN };
	struct quoting_head head;

	while (poll(&asked, 1, SERVE_IDLE_MS) > 0 && channel_get(SERVE_FD, &head, serve_payload) == 0)
		if (serve_one(s, &head))
			break;
	run_end(s);
	return 0;
}
