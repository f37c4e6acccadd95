/* Configurations: read, or refused with a place and a reason. */
#include <stdlib.h>

#include "server/core/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config c = { .listeners = NULL };
	struct text_error error = { .line = 0 };

	if (size > 1 << 14)
		return 0;
	pool_init(&c.pool);
	if (config_read(&c, (const char *)data, size, &error) && (!error.line || !error.message[0]))
		abort();
	config_free(&c);
	return 0;
}
