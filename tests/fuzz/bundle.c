/* Bundles of collateral, before anything in them is verified: what lies in them, and until when. */
#include "collateral/contents.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct contents c;
	struct fail f;

	if (size > 1 << 18 || contents_read(&c, (const char *)data, size, &f))
		return 0;
	if (!c.count || c.count > CONTENTS_MAX)
		abort();
	for (size_t i = 0; i < c.count; i++)
		if (c.until > c.items[i].until || !memchr(c.items[i].what, '\0', sizeof(c.items[i].what)))
			abort();
	return 0;
}
