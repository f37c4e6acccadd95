#include "image/plan.h"
#include "abi/layout.h"

#include <stdlib.h>
#include <string.h>

#define SECINFO_REG(rwx) (SGX_SECINFO_PT(SGX_PT_REG) | (rwx))
#define RW (SGX_SECINFO_R | SGX_SECINFO_W)

/* The first thread's pages behind its TCS; the gaps are guards (abi/layout.h). */
static const struct { uint64_t offset, pages; } thread_parts[] = {
	{ THREAD_BLOCK_SSA, NSSA * SSA_FRAME_PAGES },
	{ THREAD_BLOCK_STRUCT, 2 },
	{ THREAD_BLOCK_XSTACK, 2 },
	{ THREAD_BLOCK_STACK, 8 },
};

static int plan_add(struct plan *p, uint64_t address, uint64_t pages, uint64_t secinfo, const uint8_t *content,
		    struct fail *f)
{
	uint32_t i = p->header.segment_count;

	if (!pages)
		return 0;
	if (i == IMAGE_SEGMENTS_MAX)
		return fail(f, "page plan: expected at most %d segments", IMAGE_SEGMENTS_MAX);
	p->segments[i] = (struct image_segment){ .address = address, .pages = pages, .secinfo = secinfo, .measure = 1 };
	p->contents[i] = content;
	p->header.segment_count++;
	return 0;
}

/* FLAGS stays zero also where debugging is allowed: EADD clears DBGOPTIN before it is measured (SDM 3D 38.8). */
static void plan_tcs(uint8_t *page, uint64_t entry)
{
	struct sgx_tcs tcs = {
		.ossa = KERNEL_THREAD0 + THREAD_BLOCK_SSA,
		.nssa = NSSA,
		.oentry = entry,
		.ofs_base = KERNEL_THREAD0 + THREAD_BLOCK_STRUCT,
		.ogs_base = KERNEL_THREAD0 + THREAD_BLOCK_STRUCT,
		.ofs_limit = 0xffffffff,
		.ogs_limit = 0xffffffff,
	};

	memcpy(page, &tcs, sizeof(tcs));
}

static void plan_header(struct plan *p, const struct kernel *kernel, const struct definition *d, uint64_t size)
{
	struct image_header *h = &p->header;

	memcpy(h->magic, IMAGE_MAGIC, sizeof(h->magic));
	h->version = IMAGE_VERSION;
	h->elrange = ELRANGE_SIZE;
	h->ssa_frame_size = SSA_FRAME_PAGES;
	h->misc_select = SGX_MISC_EXINFO;
	h->attributes.flags = SGX_ATTR_MODE64BIT | (d->debug ? SGX_ATTR_DEBUG : 0) |
			      (d->provisioning ? SGX_ATTR_PROVISIONKEY : 0);
	h->attributes.xfrm = PLAN_XFRM;
	h->enclu_page = kernel->enclu_page;
	h->tcs = KERNEL_THREAD0 + THREAD_BLOCK_TCS;
	h->definition = KERNEL_DEFINITION;
	h->definition_size = size;
	memcpy(h->label, d->label, strnlen(d->label, sizeof(h->label) - 1));
}

static int plan_segments(struct plan *p, const struct kernel *kernel, struct fail *f)
{
	uint64_t definition_pages = PAGE_UP(p->header.definition_size) / PAGE_SIZE;
	int err = 0;

	for (size_t i = 0; i < kernel->load_count && !err; i++) {
		const struct kernel_load *l = &kernel->loads[i];

		err = plan_add(p, l->address, l->file_pages, SECINFO_REG(l->rwx), l->content, f);
		if (!err)
			err = plan_add(p, l->address + l->file_pages * PAGE_SIZE, l->zero_pages, SECINFO_REG(l->rwx),
				       NULL, f);
	}
	if (!err)
		err = plan_add(p, KERNEL_DEFINITION, definition_pages, SECINFO_REG(SGX_SECINFO_R), p->owned + PAGE_SIZE,
			       f);
	if (!err)
		err = plan_add(p, p->header.tcs, 1, SGX_SECINFO_PT(SGX_PT_TCS), p->owned, f);
	for (size_t i = 0; i < sizeof(thread_parts) / sizeof(thread_parts[0]) && !err; i++)
		err = plan_add(p, KERNEL_THREAD0 + thread_parts[i].offset, thread_parts[i].pages, SECINFO_REG(RW), NULL,
			       f);
	return err;
}

int plan_make(struct plan *p, const struct kernel *kernel, const struct definition *d, struct fail *f)
{
	struct bytes_writer w = { .size = DEFINITION_COMPILED_MAX };
	uint64_t at = PAGE_SIZE;

	memset(p, 0, sizeof(*p));
	p->owned = calloc(1, PAGE_SIZE + DEFINITION_COMPILED_MAX); /* TCS, then the definition */
	if (!p->owned)
		return fail(f, "page plan: out of memory");
	plan_tcs(p->owned, kernel->entry);
	w.at = p->owned + PAGE_SIZE;
	if (definition_compile(d, &w, f)) {
		plan_free(p);
		return -1;
	}
	plan_header(p, kernel, d, w.used);
	if (plan_segments(p, kernel, f)) {
		plan_free(p);
		return -1;
	}
	for (uint32_t i = 0; i < p->header.segment_count; i++) {
		if (!p->contents[i])
			continue;
		p->segments[i].file_offset = at;
		at += p->segments[i].pages * PAGE_SIZE;
	}
	return 0;
}

void plan_free(struct plan *p)
{
	free(p->owned);
	p->owned = NULL;
}
