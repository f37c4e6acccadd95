/*
 * Quotes: made outside, from a report for the quoting enclave that the host names. The host may lie; who reads them
 * finds that out. Only what a broken host would do is found here.
 */
#include "abi/evidence.h"
#include "abi/linux/errno.h"
#include "base/mem.h"
#include "kernel/attest/attest.h"
#include "kernel/border/hostcall.h"
#include "kernel/mm/heap.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall.h"

#define QUOTE_LEAST (sizeof(struct quote_header) + sizeof(struct sgx_report_body))

const char *attest_type(void)
{
	uint8_t none[8] = { 0 };

	return host_quote(HOST_QUOTE_PROBE, none, sizeof(none)) < 0 ? "none" : "dcap";
}

/*
 * The host may take a minute and answers in steps. A signal that ends the process is not kept waiting. Handlers are:
 * where signals come often, a read that each of them ended would never have its quote.
 */
static long quote_call(int operation, uint8_t *buffer)
{
	uint8_t none[8] = { 0 };
	long n;

	do
		n = host_quote(operation, buffer, HOST_QUOTE_MAX);
	while (n == -EAGAIN && !signal_fatal());
	if (n != -EAGAIN)
		return n;
	(void)host_quote(HOST_QUOTE_GIVE_UP, none, sizeof(none));
	return -ERESTARTNOINTR;
}

static long quote_ask(const uint8_t data[64], uint8_t *buffer)
{
	struct sgx_report *report = (struct sgx_report *)buffer;
	struct sgx_targetinfo *target = (struct sgx_targetinfo *)(report + 1);
	long n = quote_call(HOST_QUOTE_TARGET, buffer);

	if (n < 0)
		return n;
	if (n != sizeof(*target))
		return -EIO;
	memcpy(target, buffer, sizeof(*target));
	n = attest_report(target, data, report) ?: quote_call(HOST_QUOTE_REPORT, buffer);
	if (n < 0)
		return n;
	if ((size_t)n < QUOTE_LEAST ||
	    memcmp(((struct sgx_report_body *)(buffer + sizeof(struct quote_header)))->report_data, data, 64))
		return -EIO;
	return n;
}

long attest_quote(const uint8_t data[64], uint8_t **out)
{
	uint8_t *buffer = heap_alloc(HOST_QUOTE_MAX);
	long n = buffer ? quote_ask(data, buffer) : -ENOMEM;

	if (n < 0)
		heap_free(buffer);
	else
		*out = buffer;
	return n;
}
