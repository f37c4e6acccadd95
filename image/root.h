/* The root file system: a folder or an EROFS image becomes an EROFS image with its hash tree. */
#ifndef ADYTON_IMAGE_ROOT_H
#define ADYTON_IMAGE_ROOT_H

#include "image/verity.h"

struct root {
	int fd;        /* an unnamed file with the EROFS image, of verity.data_blocks blocks */
	struct verity verity;
};

/* `scratch` is a folder on the disk where the image will be. */
must_check int root_make(struct root *r, const char *path, const char *scratch, struct fail *f);
void root_free(struct root *r);

#endif
