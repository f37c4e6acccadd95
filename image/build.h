/* Definition → image, and the image behind `adyton run PROGRAM`. */
#ifndef ADYTON_IMAGE_BUILD_H
#define ADYTON_IMAGE_BUILD_H

#include "image/file.h"

struct build {
	const char *definition; /* path */
	const char *output;
	const char *sgxs;       /* also write the measured stream here; NULL: no */
	const char *key;        /* NULL: the development key */
	struct passphrase *passphrase;
};

struct build_result {
	uint8_t mrenclave[32], mrsigner[32];
	bool development;
};

must_check int build_image(const struct build *b, struct build_result *result, struct fail *f);
/* The quick image of this user and kernel, made when it is not in the cache yet: its descriptor, or -1. */
must_check int build_quick(char path[4096], bool ordinary_memory, struct fail *f);
/* Sign an image anew; it keeps its MRENCLAVE, product and version. */
must_check int build_sign(const char *image, const char *key, struct passphrase *passphrase,
			  struct build_result *result, struct fail *f);

#endif
