/* An EROFS image without a hash tree over it: the reader must survive whatever an image says. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/erofs/erofs_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t padded = PAGE_UP(size);
	uint8_t *image = calloc(1, padded ? padded : 1);
	struct erofs_walk w = { .image = image, .blocks = padded / PAGE_SIZE, .inodes_max = 200, .bytes_max = 1 << 18 };

	if (!image)
		abort();
	if (size)
		memcpy(image, data, size);
	(void)erofs_walk(&w);
	free(image);
	return 0;
}
