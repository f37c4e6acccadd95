/* Whose block is this? For the message that names a file when its block was changed. */
#ifndef ADYTON_IMAGE_EROFS_H
#define ADYTON_IMAGE_EROFS_H

#include "abi/types.h"

/*
 * Find the path of the file or directory of an EROFS image that has its data in this block. Only what mkfs.erofs makes
 * of a folder without compression is understood. The image may be damaged anywhere: what does not fit is passed over.
 */
must_check bool erofs_owner(const uint8_t *image, uint64_t size, uint64_t block, char *path, size_t path_size);

#endif
