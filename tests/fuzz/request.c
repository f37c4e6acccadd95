/* Requests of software platforms: what is read is written again as it was. */
#include "base/mem.h"
#include "platform/request.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[REQUEST_TEXT_MAX];
	struct text_error error;
	struct request r;
	long n;

	if (request_read(&r, (const char *)data, size, &error))
		return 0;
	n = request_text(&r, text, sizeof(text));
	if (n < 0 || (size_t)n > size || memcmp(text, data, (size_t)n))
		abort();
	return 0;
}
