/* Quotes: made outside, from a report for the quoting enclave that the host names. The host may lie; who reads them
 * finds that out. Only what a broken host would do is found here. */
#include "abi/evidence.h"
#include "abi/linux/errno.h"
#include "base/mem.h"
#include "kernel/attest/attest.h"
#include "kernel/border/hostcall.h"
#include "kernel/mm/heap.h"

#define QUOTE_LEAST (sizeof(struct quote_header) + sizeof(struct sgx_report_body))

const char *attest_type(void)
{
	uint8_t none[8] = { 0 };

	return host_quote(HOST_QUOTE_PROBE, none, sizeof(none)) < 0 ? "none" : "dcap";
}

static long quote_ask(const uint8_t data[64], uint8_t *buffer)
{
	struct sgx_report *report = (struct sgx_report *)buffer;
	struct sgx_targetinfo *target = (struct sgx_targetinfo *)(report + 1);
	long n = host_quote(HOST_QUOTE_TARGET, buffer, HOST_QUOTE_MAX);

	if (n < 0)
		return n;
	if (n != sizeof(*target))
		return -EIO;
	memcpy(target, buffer, sizeof(*target));
	n = attest_report(target, data, report) ?: host_quote(HOST_QUOTE_REPORT, buffer, HOST_QUOTE_MAX);
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
