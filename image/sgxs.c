/* Measured streams: what other tools write as .sgxs, and what `adyton build --sgxs` writes. */
#include "crypto/sha256.h"
#include "image/inspect.h"

#include <string.h>

#define CHUNK 256UL

struct sgxs_reader {
	struct bytes_reader bytes;
	struct sgxs *sgxs;
	struct sha256 hash;
	uint64_t page; /* the last that was added; chunks belong to it */
	size_t at;
	struct fail *f;
};

static int sgxs_wrong(const struct sgxs_reader *r, const char *what)
{
	return fail(r->f, "measured stream: record at byte %zu: %s", r->at, what);
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	uint8_t any = 0;

	for (size_t i = 0; i < size; i++)
		any |= bytes[i];
	return !any;
}

static int sgxs_ecreate(struct sgxs_reader *r, const uint8_t *record)
{
	struct bytes_reader b = { record + 8, 56, false };
	struct sgxs *s = r->sgxs;

	s->ssa_frame_size = bytes_u32(&b);
	s->elrange = bytes_u64(&b);
	if (s->elrange < 2 * PAGE_SIZE || s->elrange & (s->elrange - 1) || !s->ssa_frame_size || !is_zero(b.at, b.left))
		return sgxs_wrong(r, "expected an ECREATE with a size that is a power of two and SSA frames");
	return 0;
}

static int sgxs_eadd(struct sgxs_reader *r, const uint8_t *record)
{
	struct bytes_reader b = { record + 8, 56, false };

	r->page = bytes_u64(&b);
	if (r->page & PAGE_MASK || r->page >= r->sgxs->elrange)
		return sgxs_wrong(r, "expected an EADD of a page inside the enclave");
	r->sgxs->pages++;
	return 0;
}

static int sgxs_chunk(struct sgxs_reader *r, const uint8_t *record, bool measured)
{
	struct bytes_reader b = { record + 8, 56, false };
	uint64_t at = bytes_u64(&b);
	const uint8_t *content = bytes_take(&r->bytes, CHUNK);

	if (!content)
		return sgxs_wrong(r, "the stream ends inside a chunk of 256 bytes");
	if (!r->sgxs->pages || at % CHUNK || PAGE_DOWN(at) != r->page || !is_zero(b.at, b.left))
		return sgxs_wrong(r, "expected a chunk of the page that was added before it");
	if (measured) {
		sha256_update(&r->hash, record, 64);
		sha256_update(&r->hash, content, CHUNK);
	}
	r->sgxs->measured_chunks += measured;
	r->sgxs->unmeasured_chunks += !measured;
	return 0;
}

static int sgxs_record(struct sgxs_reader *r, const uint8_t *record)
{
	bool create = memcmp(record, "ECREATE", 8) == 0;
	int err;

	if (create != (r->at == 0))
		return sgxs_wrong(r, create ? "found a second ECREATE" : "expected the stream to start with ECREATE");
	if (memcmp(record, "EEXTEND", 8) == 0)
		return sgxs_chunk(r, record, true);
	if (memcmp(record, "UNMEASRD", 8) == 0)
		return sgxs_chunk(r, record, false);
	if (create)
		err = sgxs_ecreate(r, record);
	else if (memcmp(record, "EADD\0\0\0", 8) == 0)
		err = sgxs_eadd(r, record);
	else
		return sgxs_wrong(r, "expected EADD, EEXTEND or UNMEASRD");
	sha256_update(&r->hash, record, 64);
	return err;
}

int sgxs_read(struct sgxs *s, const uint8_t *bytes, size_t size, struct fail *f)
{
	struct sgxs_reader r = { .bytes = { bytes, size, false }, .sgxs = s, .f = f };

	memset(s, 0, sizeof(*s));
	sha256_init(&r.hash);
	do {
		const uint8_t *record;

		r.at = size - r.bytes.left;
		record = bytes_take(&r.bytes, 64);
		if (!record)
			return sgxs_wrong(&r, "the stream ends inside a record of 64 bytes");
		if (sgxs_record(&r, record))
			return -1;
	} while (r.bytes.left);
	sha256_final(&r.hash, s->mrenclave);
	return 0;
}
