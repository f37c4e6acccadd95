/* What an image, a measured stream (.sgxs) or a SIGSTRUCT says about itself, for people and as JSON. */
#ifndef ADYTON_IMAGE_INSPECT_H
#define ADYTON_IMAGE_INSPECT_H

#include "image/file.h"

enum inspect_kind { INSPECT_IMAGE, INSPECT_SGXS, INSPECT_SIGSTRUCT };

struct sgxs {
	uint8_t mrenclave[32];
	uint64_t elrange, pages, measured_chunks, unmeasured_chunks;
	uint32_t ssa_frame_size;
};

struct inspection {
	enum inspect_kind kind;
	const char *path;
	bool verified;                  /* every block of the root was read, too */
	struct image image;
	struct sgxs sgxs;
	struct sgx_sigstruct sigstruct; /* of an image that is signed, or by itself */
	int sigstruct_code;             /* what EINIT says of a lone SIGSTRUCT: 0 or an error code */
	struct fail sigstruct_why;
};

must_check int inspect_open(struct inspection *i, const char *path, bool verify, struct fail *f);
void inspect_close(struct inspection *i);

/* malloc'd text; NULL with f set. */
must_check char *inspect_json(const struct inspection *i, struct fail *f);
must_check char *inspect_text(const struct inspection *i, struct fail *f);

/* Records ECREATE, EADD, EEXTEND, UNMEASRD: structure checked, the rest hashed. */
must_check int sgxs_read(struct sgxs *s, const uint8_t *bytes, size_t size, struct fail *f);

/* Each thing that weakens an image, one sentence a call. */
typedef void (*inspect_weakness_fn)(void *context, const char *sentence);
void inspect_weaknesses(const struct inspection *i, inspect_weakness_fn fn, void *context);

#endif
