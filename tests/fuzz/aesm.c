/*
 * What AESM answers: the input is what each connection receives in turn, a size of two bytes before it. What is taken
 * for a quote begins with our report and lies inside the answer.
 */
#include "quoting/aesm.h"
#include "abi/evidence.h"
#include "base/bytes.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define FUZZ_ANSWER_MAX 65535

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes_reader answers;
static int service = -1; /* the other end of the last connection: it takes what we ask and never reads it */

static void service_end(void)
{
	if (service >= 0)
		(void)close(service);
	service = -1;
}

/* In place of quoting/aesm_connect.c. */
int aesm_connect(const char *path, struct fail *f)
{
	int ends[2], room = 4 * FUZZ_ANSWER_MAX;
	size_t size = bytes_u16(&answers);
	const uint8_t *answer;

	(void)path;
	service_end();
	if (size > answers.left)
		size = answers.left;
	answer = bytes_take(&answers, size);
	if (!answer)
		return fail(f, "AESM: no more answers");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) ||
	    setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) ||
	    send(ends[1], answer, size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)size || shutdown(ends[1], SHUT_WR))
		abort();
	service = ends[1];
	return ends[0];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t report[SGX_REPORT_BYTES] = { 1, 2, 3 };
	static uint8_t quote[SILICON_QUOTE_MAX];
	struct sgx_targetinfo target;
	struct fail f = { "" };
	uint32_t found = 0;

	answers = (struct bytes_reader){ data, size, false };
	if (aesm_target("", &target, &f) && !f.text[0])
		abort();
	answers = (struct bytes_reader){ data, size, false };
	f.text[0] = '\0';
	if (aesm_quote("", report, quote, &found, &f)) {
		if (!f.text[0])
			abort();
	} else if (found < sizeof(struct quote_header) + sizeof(struct sgx_report_body) + 4 || found > sizeof(quote) ||
		   memcmp(quote + sizeof(struct quote_header), report, sizeof(struct sgx_report_body))) {
		abort();
	}
	service_end();
	return 0;
}
