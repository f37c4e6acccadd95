/* The page plan: every page that is added before EINIT, in order. MRENCLAVE follows from it alone. */
#ifndef ADYTON_IMAGE_PLAN_H
#define ADYTON_IMAGE_PLAN_H

#include "abi/image.h"
#include "image/definition.h"
#include "image/kernel.h"

/* XFRM of an image: x87, SSE, AVX, AVX-512, PKRU. Not measured; a processor with fewer features masks it. */
#define PLAN_XFRM 0x2e7UL

struct plan {
	struct image_header header;
	struct image_segment segments[IMAGE_SEGMENTS_MAX];
	const uint8_t *contents[IMAGE_SEGMENTS_MAX]; /* pages * 4096 bytes; NULL: zeros */
	uint8_t *owned;
};

/* The kernel must stay as long as the plan. */
must_check int plan_make(struct plan *p, const struct kernel *kernel, const struct definition *d, struct fail *f);
void plan_free(struct plan *p);

/* Predict MRENCLAVE (SDM 38.17 and 40.3). The stream is what the processor hashes; SHA-256 of it is MRENCLAVE. */
typedef int (*plan_sink)(void *context, const void *bytes, size_t size);
must_check int plan_stream(const struct plan *p, plan_sink sink, void *context);
void plan_measure(const struct plan *p, uint8_t mrenclave[32]);

#endif
