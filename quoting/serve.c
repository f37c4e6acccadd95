/*
 * Serving one process on descriptor 3, its host half. The quoting enclave is started at the first question and goes
 * away with the last one: after a minute without any, or with the process.
 */
#include "quoting/service.h"
#include "abi/evidence.h"
#include "base/bytes.h"
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

/* struct quoting_order, sealed key, chain, the machine's evidence; its size, or 0. */
static uint32_t serve_make_order(struct service *s, const uint8_t *report, struct fail *f)
{
	_cleanup_free_ uint8_t *sealed = NULL, *chain = NULL, *machine = NULL;
	size_t sealed_size = 0, chain_size = 0, machine_size;
	struct bytes_writer w = { .at = serve_order, .size = sizeof(serve_order) };
	struct quoting_order order;

	if (!folder_read(s, "pck-chain.pem", &chain, &chain_size)) {
		(void)fail(f, "no PCK certificate in %s: run `adyton platform init`, have the operator's CA sign "
			   "request.json, and give its answer to `adyton platform install`", s->dir);
		return 0;
	}
	if (!folder_read(s, "attestation-key.sealed", &sealed, &sealed_size))
		sealed_size = 0;
	if (machine_load(s, &machine, &machine_size, f))
		return 0;
	memcpy(order.report, report, sizeof(order.report));
	order.sealed_size = (uint32_t)sealed_size;
	order.chain_size = (uint32_t)chain_size;
	order.machine_size = (uint32_t)machine_size;
	bytes_put(&w, &order, sizeof(order));
	bytes_put(&w, sealed, sealed_size);
	bytes_put(&w, chain, chain_size);
	bytes_put(&w, machine, machine_size);
	if (w.failed) {
		(void)fail(f, "platform: the certificates in %s are too long", s->dir);
		return 0;
	}
	return (uint32_t)w.used;
}

/* A quote that its verifier would refuse is none: the attestation key or the CA have changed since. */
static int serve_check_machine(const struct quoting_order *order, const struct key_answer *quote, struct fail *f)
{
	const size_t key_at = sizeof(struct quote_header) + sizeof(struct sgx_report_body) + 4 +
			      offsetof(struct quote_signature, key);
	const uint8_t *chain = serve_order + sizeof(*order) + order->sealed_size;

	if (!order->machine_size)
		return 0;
	if (quote->rest_size < key_at + 64 || quote->rest_size > QUOTING_QUOTE_MAX)
		return fail(f, "platform: expected a quote of at most %u bytes, found %u: the machine's evidence is "
			    "too large", (unsigned int)QUOTING_QUOTE_MAX, quote->rest_size), -E2BIG;
	return machine_check(chain + order->chain_size, order->machine_size, quote->rest + key_at, chain,
			     order->chain_size, f) ? -EIO : 0;
}

static int serve_quote(struct service *s, uint32_t *skip, uint32_t *size, struct fail *f)
{
	const struct quoting_order *order = (const struct quoting_order *)serve_order;
	uint32_t order_size = serve_make_order(s, serve_payload, f);
	int error = order_size ? run_ask(s, QUOTING_QUOTE, serve_order, order_size, serve_payload, size, f) : -ENODEV;
	struct key_answer quote;

	if (!error)
		error = key_keep(s, serve_order + sizeof(*order), order->sealed_size, serve_payload, *size, &quote, f);
	if (error)
		return error;
	*skip = *size - quote.rest_size;
	return serve_check_machine(order, &quote, f);
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
