/* MRENCLAVE: SHA-256 over one 64-byte record for ECREATE, EADD and each EEXTEND, the latter with its 256 bytes. */
#include "crypto/sha256.h"
#include "image/plan.h"

#include <string.h>

#define EEXTEND_BYTES 256UL

/* SDM 40.3: the tag, then up to three fields, then zeros. */
union measure_record {
	uint8_t bytes[64];
	struct {
		char tag[8];
		uint32_t ssa_frame_size;
		uint64_t size;
	} __attribute__((packed)) ecreate;
	struct {
		char tag[8];
		uint64_t offset, secinfo;
	} __attribute__((packed)) page;
};

static int measure_page(uint64_t address, const struct image_segment *s, const uint8_t *content, plan_sink sink,
			void *context)
{
	union measure_record add = { .page = { "EADD", address, s->secinfo } };
	int err = sink(context, &add, sizeof(add));

	for (uint64_t i = 0; i < PAGE_SIZE && s->measure && !err; i += EEXTEND_BYTES) {
		union measure_record extend = { .page = { .offset = address + i } };

		memcpy(extend.page.tag, "EEXTEND", 8);
		err = sink(context, &extend, sizeof(extend));
		if (!err)
			err = sink(context, content + i, EEXTEND_BYTES);
	}
	return err;
}

int plan_stream(const struct plan *p, plan_sink sink, void *context)
{
	static const uint8_t zeros[PAGE_SIZE];
	union measure_record create = { .ecreate = { .ssa_frame_size = p->header.ssa_frame_size,
						     .size = p->header.elrange } };
	int err;

	memcpy(create.ecreate.tag, "ECREATE", 8);
	err = sink(context, &create, sizeof(create));
	for (uint32_t i = 0; i < p->header.segment_count; i++) {
		const struct image_segment *s = &p->segments[i];

		for (uint64_t j = 0; j < s->pages && !err; j++)
			err = measure_page(s->address + j * PAGE_SIZE, s,
					   p->contents[i] ? p->contents[i] + j * PAGE_SIZE : zeros, sink, context);
	}
	return err;
}

static int measure_hash(void *context, const void *bytes, size_t size)
{
	sha256_update(context, bytes, size);
	return 0;
}

void plan_measure(const struct plan *p, uint8_t mrenclave[32])
{
	struct sha256 hash;

	sha256_init(&hash);
	if (plan_stream(p, measure_hash, &hash) == 0)
		sha256_final(&hash, mrenclave);
}
