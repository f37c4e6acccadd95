/* Image files: writing, opening with every field checked, signing anew. The format is abi/image.h. */
#ifndef ADYTON_IMAGE_FILE_H
#define ADYTON_IMAGE_FILE_H

#include "image/plan.h"
#include "image/root.h"
#include "image/sigstruct.h"

#define IMAGE_SIGSTRUCT_OFFSET 2048UL /* behind header and segments, inside page 0 */

/* An open image. All pointers are into the map. */
struct image {
	uint8_t *map;
	size_t size;
	struct plan plan; /* contents point into the map */
	const struct sgx_sigstruct *sigstruct;
	const uint8_t *definition;
	bool is_signed;
	uint8_t mrenclave[32]; /* computed from the pages */
};

/* Write a whole image. root may be NULL; sigstruct may be NULL (unsigned). */
must_check int image_write(const char *path, struct plan *plan, const struct root *root,
			   const struct sgx_sigstruct *sigstruct, struct fail *f);
/* Open and check all but the blocks of the root file system. */
must_check int image_open(struct image *image, const char *path, struct fail *f);
/* The same over bytes in memory, which must stay. */
must_check int image_check(struct image *image, const char *name, uint8_t *bytes, size_t size, struct fail *f);
/* Read every block of the root file system and its hash tree, too. */
must_check int image_verify_root(const struct image *image, struct fail *f);
void image_close(struct image *image);
/* Replace the SIGSTRUCT of an image file. */
must_check int image_replace_sigstruct(const char *path, const struct sgx_sigstruct *sigstruct, struct fail *f);

/* True when an open file starts with the magic of an image. */
bool image_has_magic(int fd);
/* The verity record of an image's definition; false when it has none. */
bool image_verity(const struct image *image, struct definition_verity *verity);

#endif
