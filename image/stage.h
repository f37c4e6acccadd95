/* The root of an image whose definition asks for secrets. */
#ifndef ADYTON_IMAGE_STAGE_H
#define ADYTON_IMAGE_STAGE_H

#include "image/paths.h"

struct stage {
	char path[PATHS_MAX]; /* "": none */
};

/* The folder `rootfs` with adyton-init in it, in a folder of its own below `scratch`. stage_free() also after -1. */
must_check int stage_make(struct stage *s, const char *rootfs, const char *scratch, struct fail *f);
void stage_free(struct stage *s);

#endif
