#include "quoting/silicon.h"
#include "abi/evidence.h"
#include "base/bytes.h"

int silicon_take_quote(const char *who, const uint8_t *from, size_t room, const uint8_t report[SGX_REPORT_BYTES],
		       uint8_t to[SILICON_QUOTE_MAX], uint32_t *size, struct fail *f)
{
	const size_t body = sizeof(struct sgx_report_body), head = sizeof(struct quote_header) + body;
	struct bytes_reader r = { from, room, false };
	const uint8_t *found;
	uint32_t signature;

	(void)bytes_take(&r, sizeof(struct quote_header));
	found = bytes_take(&r, body);
	signature = bytes_u32(&r);
	if (r.failed || signature > r.left || room > SILICON_QUOTE_MAX)
		return fail(f, "%s: its answer of %zu bytes is no whole quote", who, room);
	if (memcmp(found, report, body))
		return fail(f, "%s: the quote is about another report than ours", who);
	*size = (uint32_t)(head + sizeof(signature)) + signature;
	memcpy(to, from, *size);
	return 0;
}
