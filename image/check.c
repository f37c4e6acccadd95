/* Is this file an image, whole and unchanged? Every byte of page 0 is either checked or measured, but for the label. */
#include "abi/layout.h"
#include "base/escape.h"
#include "image/file.h"

#include <string.h>

#define IMAGE_PAGES_MAX (256UL << 10) /* measured pages: 1 GiB */

struct check {
	const char *name;
	const uint8_t *bytes;
	size_t size;
	const struct plan *plan;
	struct fail *f;
};

static bool is_zero(const uint8_t *bytes, size_t size)
{
	uint8_t any = 0;

	for (size_t i = 0; i < size; i++)
		any |= bytes[i];
	return !any;
}

/* Fields that have one value only. */
static int check_constants(const struct check *c)
{
	const struct image_header *h = &c->plan->header;
	uint64_t used = sizeof(*h) + h->segment_count * sizeof(struct image_segment);
	const struct { const char *what; uint64_t expected, found; } fields[] = {
		{ "version", IMAGE_VERSION, h->version },
		{ "elrange", ELRANGE_SIZE, h->elrange },
		{ "SSA frame size", SSA_FRAME_PAGES, h->ssa_frame_size },
		{ "MISCSELECT", SGX_MISC_EXINFO, h->misc_select },
		{ "ATTRIBUTES without DEBUG and PROVISIONKEY", SGX_ATTR_MODE64BIT,
		  h->attributes.flags & ~(SGX_ATTR_DEBUG | SGX_ATTR_PROVISIONKEY) },
		{ "XFRM", PLAN_XFRM, h->attributes.xfrm },
		{ "address of the TCS", KERNEL_THREAD0 + THREAD_BLOCK_TCS, h->tcs },
		{ "address of the definition", KERNEL_DEFINITION, h->definition },
		{ "place of SIGSTRUCT", IMAGE_SIGSTRUCT_OFFSET, h->sigstruct_offset },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].expected != fields[i].found)
			return fail(c->f, "%s: image header: expected %s %#lx, found %#lx", c->name, fields[i].what,
				    fields[i].expected, fields[i].found);
	if (!is_zero(h->reserved, sizeof(h->reserved)) ||
	    !is_zero(c->bytes + used, IMAGE_SIGSTRUCT_OFFSET - used) ||
	    !is_zero(c->bytes + IMAGE_SIGSTRUCT_OFFSET + sizeof(struct sgx_sigstruct),
		     PAGE_SIZE - IMAGE_SIGSTRUCT_OFFSET - sizeof(struct sgx_sigstruct)))
		return fail(c->f, "%s: image header: expected zeros in its reserved bytes", c->name);
	return 0;
}

static int check_label(const struct check *c)
{
	const char *at = (const char *)c->plan->header.label, *end = at + sizeof(c->plan->header.label);
	size_t n;

	while (at < end && *at) {
		n = utf8_length(at, end);
		if (!n || (uint8_t)*at < ' ')
			return fail(c->f, "%s: image header: expected a label in UTF-8", c->name);
		at += n;
	}
	if (at == end || !is_zero((const uint8_t *)at, (size_t)(end - at)))
		return fail(c->f, "%s: image header: expected zeros behind the label", c->name);
	return 0;
}

static int check_segment(const struct check *c, uint32_t i, uint64_t *address, uint64_t *offset)
{
	const struct image_segment *s = &c->plan->segments[i];
	uint64_t rwx = s->secinfo & SGX_SECINFO_RWX, type = SGX_SECINFO_TYPE(s->secinfo);

	if (s->address & PAGE_MASK || s->address < *address || !s->pages || s->pages > IMAGE_PAGES_MAX ||
	    s->address >= KERNEL_HEAP || s->pages * PAGE_SIZE > KERNEL_HEAP - s->address)
		return fail(c->f, "%s: segment %u: expected pages between %#lx and %#lx, found %lu at %#lx", c->name, i,
			    *address, KERNEL_HEAP, s->pages, s->address);
	if (s->secinfo != (SGX_SECINFO_PT(type) | rwx) || (type == SGX_PT_TCS ? rwx != 0 : type != SGX_PT_REG) ||
	    (rwx & SGX_SECINFO_W && rwx & SGX_SECINFO_X) || s->measure != 1 || s->reserved)
		return fail(c->f, "%s: segment %u: expected a measured TCS or R, RX or RW pages, found SECINFO %#lx",
			    c->name, i, s->secinfo);
	if ((type == SGX_PT_TCS) != (s->address == c->plan->header.tcs) || (type == SGX_PT_TCS && s->pages != 1))
		return fail(c->f, "%s: segment %u: expected one TCS, at %#lx", c->name, i, c->plan->header.tcs);
	if (s->file_offset && s->file_offset != *offset)
		return fail(c->f, "%s: segment %u: expected its contents at byte %lu of the file, found %lu", c->name,
			    i, *offset, s->file_offset);
	*address = s->address + s->pages * PAGE_SIZE;
	if (s->file_offset)
		*offset += s->pages * PAGE_SIZE;
	return 0;
}

static int check_size(const struct check *c, uint64_t contents_end)
{
	const struct image_header *h = &c->plan->header;
	uint64_t expected = contents_end;

	if (h->root_offset) {
		if (h->root_offset != contents_end || h->root_size & PAGE_MASK || h->root_size > 1UL << 52 ||
		    h->root_size < 2 * PAGE_SIZE || h->hash_offset != h->root_offset + h->root_size ||
		    h->hash_size != verity_hash_blocks(h->root_size / PAGE_SIZE) * PAGE_SIZE)
			return fail(c->f,
				    "%s: image header: the places of the root file system and its hash tree do not fit",
				    c->name);
		expected = h->hash_offset + h->hash_size;
	} else if (h->root_size || h->hash_offset || h->hash_size) {
		return fail(c->f, "%s: image header: expected no hash tree without a root file system", c->name);
	}
	if (c->size != expected)
		return fail(c->f, "%s: the image was %s: expected %lu bytes, found %zu", c->name,
			    c->size < expected ? "cut off" : "made longer", expected, c->size);
	return 0;
}

static const uint8_t *check_find(const struct check *c, uint64_t address, uint64_t secinfo, uint64_t *room)
{
	for (uint32_t i = 0; i < c->plan->header.segment_count; i++) {
		const struct image_segment *s = &c->plan->segments[i];
		uint64_t size = s->pages * PAGE_SIZE;

		if (s->file_offset && s->secinfo == secinfo && address >= s->address && address - s->address < size) {
			*room = size - (address - s->address);
			return c->bytes + s->file_offset + (address - s->address);
		}
	}
	return NULL;
}

static int check_enclu(const struct check *c)
{
	static const uint8_t stub[4] = { 0x0f, 0x01, 0xd7, 0xc3 };
	uint64_t address = c->plan->header.enclu_page, room;
	const uint8_t *page = check_find(c, address, SGX_SECINFO_PT(SGX_PT_REG) | SGX_SECINFO_R | SGX_SECINFO_X, &room);
	bool good = page && !(address & PAGE_MASK) && memcmp(page, stub, sizeof(stub)) == 0;

	for (size_t i = sizeof(stub); i < PAGE_SIZE && good; i++)
		good = page[i] == 0xcc;
	return good ? 0 : fail(c->f, "%s: image header: expected the kernel's ENCLU page at %#lx", c->name, address);
}

static int check_definition(const struct check *c, const uint8_t **definition)
{
	const struct image_header *h = &c->plan->header;
	uint64_t room = 0;
	struct fail why;

	*definition = check_find(c, h->definition, SGX_SECINFO_PT(SGX_PT_REG) | SGX_SECINFO_R, &room);
	if (!*definition || h->definition_size > room || PAGE_UP(h->definition_size) != room ||
	    !is_zero(*definition + h->definition_size, room - h->definition_size))
		return fail(c->f, "%s: image header: the compiled definition of %lu bytes does not fill its segment",
			    c->name, h->definition_size);
	if (definition_check(*definition, h->definition_size, &why))
		return fail(c->f, "%s: %.1024s", c->name, why.text);
	return 0;
}

static int check_root(const struct check *c, const struct image *image)
{
	const struct image_header *h = &c->plan->header;
	struct definition_verity v = { 0 };
	bool has = image_verity(image, &v);

	if (has != (h->root_offset != 0) || v.data_blocks != h->root_size / PAGE_SIZE ||
	    v.hash_blocks != h->hash_size / PAGE_SIZE)
		return fail(c->f,
			    "%s: expected the definition and the header to agree on the root file system: "
			    "definition %lu + %lu blocks, header %lu + %lu bytes",
			    c->name, v.data_blocks, v.hash_blocks, h->root_size, h->hash_size);
	return 0;
}

static int check_signature(const struct check *c, struct image *image)
{
	const struct sgx_sigstruct *s = image->sigstruct;
	const struct image_header *h = &c->plan->header;
	struct fail why;

	plan_measure(c->plan, image->mrenclave);
	image->is_signed = !is_zero((const uint8_t *)s, sizeof(*s));
	if (!image->is_signed)
		return 0;
	if (sigstruct_verify(s, &why))
		return fail(c->f, "%s: %.1024s", c->name, why.text);
	if (memcmp(s->enclave_hash, image->mrenclave, 32)) {
		char signed_hash[65], found[65];

		hex_encode(s->enclave_hash, 32, signed_hash);
		hex_encode(image->mrenclave, 32, found);
		return fail(c->f, "%s: the measured pages were changed after signing: expected MRENCLAVE %s, found %s",
			    c->name, signed_hash, found);
	}
	if (s->attributes.flags != h->attributes.flags || s->attributes.xfrm != h->attributes.xfrm ||
	    s->misc_select != h->misc_select)
		return fail(c->f, "%s: expected the ATTRIBUTES that were signed, %#lx, found %#lx", c->name,
			    s->attributes.flags, h->attributes.flags);
	return 0;
}

static int check_header(struct image *image, struct check *c)
{
	struct plan *p = &image->plan;

	if (c->size < PAGE_SIZE || memcmp(c->bytes, IMAGE_MAGIC, 8))
		return fail(c->f, "%s: expected an image (its first bytes are \"ADYTON\"), found something else",
			    c->name);
	memcpy(&p->header, c->bytes, sizeof(p->header));
	if (!p->header.segment_count || p->header.segment_count > IMAGE_SEGMENTS_MAX)
		return fail(c->f, "%s: image header: expected 1 to %d segments, found %u", c->name, IMAGE_SEGMENTS_MAX,
			    p->header.segment_count);
	memcpy(p->segments, c->bytes + sizeof(p->header), p->header.segment_count * sizeof(p->segments[0]));
	return check_constants(c) ? -1 : check_label(c);
}

int image_check(struct image *image, const char *name, uint8_t *bytes, size_t size, struct fail *f)
{
	struct check c = { name, bytes, size, &image->plan, f };
	uint64_t address = KERNEL_BASE, offset = PAGE_SIZE;
	struct plan *p = &image->plan;

	memset(image, 0, sizeof(*image));
	if (check_header(image, &c))
		return -1;
	for (uint32_t i = 0; i < p->header.segment_count; i++)
		if (check_segment(&c, i, &address, &offset))
			return -1;
	if (check_size(&c, offset))
		return -1;
	image->map = bytes;
	image->size = size;
	image->sigstruct = (const struct sgx_sigstruct *)(bytes + IMAGE_SIGSTRUCT_OFFSET);
	for (uint32_t i = 0; i < p->header.segment_count; i++)
		p->contents[i] = p->segments[i].file_offset ? bytes + p->segments[i].file_offset : NULL;
	if (check_enclu(&c) || check_definition(&c, &image->definition) || check_root(&c, image))
		return -1;
	return check_signature(&c, image);
}

bool image_verity(const struct image *image, struct definition_verity *verity)
{
	struct bytes_reader r = { image->definition, image->plan.header.definition_size, false };
	struct definition_record record;

	while (definition_next(&r, &record) > 0) {
		if (record.type != DEF_ROOT_VERITY)
			continue;
		memcpy(verity, record.at, sizeof(*verity));
		return true;
	}
	return false;
}
