/* Image files and measured streams from elsewhere: the checks end without touching what is not there. */
#include <stdlib.h>
#include <string.h>

#include "image/erofs.h"
#include "image/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct inspection i = { .path = "fuzz" };
	struct fail f;
	uint8_t *copy;
	char *text, path[64];

	(void)!erofs_owner(data, size, size / 4096, path, sizeof(path));
	(void)!sgxs_read(&i.sgxs, data, size, &f);
	copy = malloc(size + 1);
	if (!copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	if (image_check(&i.image, "fuzz", copy, size, &f) == 0) {
		i.sigstruct = *i.image.sigstruct;
		(void)!image_verify_root(&i.image, &f);
		text = inspect_json(&i, &f);
		if (!text)
			abort();
		free(text);
	}
	free(copy);
	return 0;
}
