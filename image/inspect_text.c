#include "image/inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void text_hex(FILE *out, const char *name, const uint8_t *bytes)
{
	char hex[65];

	hex_encode(bytes, 32, hex);
	(void)fprintf(out, "%-18s%s\n", name, hex);
}

static void text_identity(FILE *out, const struct sgx_sigstruct *s)
{
	uint8_t mrsigner[32];

	sigstruct_mrsigner(s, mrsigner);
	text_hex(out, "MRSIGNER", mrsigner);
	(void)fprintf(out, "%-18s%u\n%-18s%u\n", "product id", s->isv_prod_id, "security version", s->isv_svn);
	(void)fprintf(out, "%-18s%04x-%02x-%02x%s\n", "signed on", s->date >> 16, s->date >> 8 & 0xff, s->date & 0xff,
		      s->swdefined == SIGSTRUCT_DEVELOPMENT ? ", development key" : "");
}

static void text_mount(FILE *out, const struct definition_record *r)
{
	struct definition_mount m;

	memcpy(&m, r->at, sizeof(m));
	(void)fprintf(out, "%-18s%.*s: %s%s%.*s%s\n", "mount", (int)m.path_length, r->at + sizeof(m),
		      m.type == MOUNT_HOST ? "host" : "tmpfs", m.source_length ? " " : "", (int)m.source_length,
		      r->at + sizeof(m) + m.path_length, m.flags & 1 ? ", read only" : "");
}

static void text_number(FILE *out, const char *name, const struct definition_record *r)
{
	uint64_t value;

	memcpy(&value, r->at, sizeof(value));
	if (value)
		(void)fprintf(out, "%-18s%lu\n", name, value);
	else
		(void)fprintf(out, "%-18sunbounded\n", name);
}

static void text_definition(FILE *out, const struct image *image)
{
	static const struct { uint32_t type; const char *name; } strings[] = {
		{ DEF_ROOT_HOST, "host root" }, { DEF_ENTRYPOINT, "argument" }, { DEF_ENVIRONMENT, "environment" },
		{ DEF_WORKDIR, "working directory" }, { DEF_ALLOW_ENV, "allowed variable" },
	};
	struct bytes_reader r = { image->definition, image->plan.header.definition_size, false };
	struct definition_record record;

	while (definition_next(&r, &record) > 0) {
		if (record.type == DEF_MEMORY || record.type == DEF_THREADS)
			text_number(out, record.type == DEF_MEMORY ? "memory" : "threads", &record);
		else if (record.type == DEF_ROOT_VERITY)
			text_hex(out, "root hash", record.at + offsetof(struct definition_verity, root_hash));
		else if (record.type == DEF_MOUNT)
			text_mount(out, &record);
		for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
			if (strings[i].type == record.type)
				(void)fprintf(out, "%-18s%.*s\n", strings[i].name, (int)record.length, record.at);
	}
}

static void text_segments(FILE *out, const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->header.segment_count; i++) {
		const struct image_segment *s = &plan->segments[i];

		(void)fprintf(out, "%-18s%#lx  %5lu  %s\n", i ? "" : "pages", s->address, s->pages,
			      SGX_SECINFO_TYPE(s->secinfo) == SGX_PT_TCS ? "TCS" : s->secinfo & SGX_SECINFO_X ? "r-x" :
			      s->secinfo & SGX_SECINFO_W ? "rw-" : "r--");
	}
}

static void text_image(FILE *out, const struct inspection *i)
{
	const struct image_header *h = &i->image.plan.header;

	(void)fprintf(out, "%-18s%s\n", "image", (const char *)h->label);
	text_hex(out, "MRENCLAVE", i->image.mrenclave);
	if (i->image.is_signed)
		text_identity(out, &i->sigstruct);
	(void)fprintf(out, "%-18sflags %#lx, xfrm %#lx, miscselect %#x\n", "attributes", h->attributes.flags,
		      h->attributes.xfrm, h->misc_select);
	(void)fprintf(out, "%-18s%#lx\n", "elrange", h->elrange);
	text_definition(out, &i->image);
	text_segments(out, &i->image.plan);
	if (i->verified)
		(void)fprintf(out, "%-18severy block of the root file system is what was measured\n", "verified");
}

static void text_weakness(void *context, const char *sentence)
{
	(void)fprintf(context, "%-18s%s\n", "insecure", sentence);
}

static void text_sigstruct(FILE *out, const struct inspection *i)
{
	(void)fprintf(out, "%-18svendor %#x, flags %#lx, xfrm %#lx\n", "SIGSTRUCT", i->sigstruct.vendor,
		      i->sigstruct.attributes.flags, i->sigstruct.attributes.xfrm);
	text_hex(out, "MRENCLAVE", i->sigstruct.enclave_hash);
	text_identity(out, &i->sigstruct);
	if (i->sigstruct_code)
		(void)fprintf(out, "%-18serror %d: %s\n", "EINIT", i->sigstruct_code, i->sigstruct_why.text);
	else
		(void)fprintf(out, "%-18ssignature, Q1 and Q2 hold\n", "EINIT");
}

static void text_sgxs(FILE *out, const struct sgxs *s)
{
	text_hex(out, "MRENCLAVE", s->mrenclave);
	(void)fprintf(out, "%-18s%#lx\n%-18s%u\n", "elrange", s->elrange, "SSA frame size", s->ssa_frame_size);
	(void)fprintf(out, "%-18s%lu, %lu chunks measured, %lu not\n", "pages", s->pages, s->measured_chunks,
		      s->unmeasured_chunks);
}

char *inspect_text(const struct inspection *i, struct fail *f)
{
	char *buffer = NULL;
	size_t size;
	FILE *out = open_memstream(&buffer, &size);

	if (!out) {
		(void)fail(f, "%s: out of memory", i->path);
		return NULL;
	}
	if (i->kind == INSPECT_IMAGE)
		text_image(out, i);
	else if (i->kind == INSPECT_SGXS)
		text_sgxs(out, &i->sgxs);
	else
		text_sigstruct(out, i);
	inspect_weaknesses(i, text_weakness, out);
	if (fclose(out)) {
		free(buffer);
		(void)fail(f, "%s: out of memory", i->path);
		return NULL;
	}
	return buffer;
}
