/*
 * Plays Intel's quoting library. $FAKE_DCAP has words of what to do otherwise than right: target=N, size=N, quote=N are
 * errors; room=N is how large quotes are said to be; long, other: the quote says more than there is, is about another
 * report.
 */
#include "abi/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_SIGNATURE 9U

uint32_t sgx_qe_get_target_info(struct sgx_targetinfo *to);
uint32_t sgx_qe_get_quote_size(uint32_t *size);
uint32_t sgx_qe_get_quote(const struct sgx_report *report, uint32_t size, uint8_t *quote);

static int fake_started;

static uint32_t fake_number(const char *word, uint32_t otherwise)
{
	const char *what = getenv("FAKE_DCAP"), *at = what ? strstr(what, word) : NULL;

	return at ? (uint32_t)strtoul(at + strlen(word), NULL, 0) : otherwise;
}

static int fake_does(const char *word)
{
	const char *what = getenv("FAKE_DCAP");

	return what && strstr(what, word) != NULL;
}

uint32_t sgx_qe_get_target_info(struct sgx_targetinfo *to)
{
	fake_started = 1;
	memset(to, 'T', sizeof(*to));
	return fake_number("target=", 0);
}

uint32_t sgx_qe_get_quote_size(uint32_t *size)
{
	if (!fake_started)
		return 0xe00f;
	*size = fake_number("room=", 600);
	return fake_number("size=", 0);
}

uint32_t sgx_qe_get_quote(const struct sgx_report *report, uint32_t size, uint8_t *quote)
{
	uint8_t whole[48 + 384 + 4 + FAKE_SIGNATURE] = { 3, 0, 2 };
	uint32_t signature = fake_does("long") ? 100000 : FAKE_SIGNATURE;

	memcpy(whole + 48, report, 384);
	memcpy(whole + 432, &signature, sizeof(signature));
	memcpy(whole + 436, "signature", FAKE_SIGNATURE);
	whole[50] ^= fake_does("other") ? 1 : 0;
	memcpy(quote, whole, size < sizeof(whole) ? size : sizeof(whole));
	return fake_number("quote=", 0);
}
