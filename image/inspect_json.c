#include "base/json_write.h"
#include "image/inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_MAX (16 * MIB)

static void json_hex_u64(struct json_writer *w, const char *name, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "0x%lx", value);
	json_put_string(w, name, text);
}

static void json_weakness(void *context, const char *sentence)
{
	json_put_string(context, NULL, sentence);
}

/* What SIGSTRUCT says, alone or in an image. */
static void json_identity(struct json_writer *w, const struct sgx_sigstruct *s)
{
	char date[16];
	uint8_t mrsigner[32];

	sigstruct_mrsigner(s, mrsigner);
	json_put_hex(w, "mrsigner", mrsigner, 32);
	json_put_u64(w, "product_id", s->isv_prod_id);
	json_put_u64(w, "security_version", s->isv_svn);
	json_put_bool(w, "debug", s->attributes.flags & SGX_ATTR_DEBUG);
	json_put_bool(w, "development", s->swdefined == SIGSTRUCT_DEVELOPMENT);
	(void)snprintf(date, sizeof(date), "%04x-%02x-%02x", s->date >> 16, s->date >> 8 & 0xff, s->date & 0xff);
	json_put_string(w, "signed_on", date);
	json_hex_u64(w, "vendor", s->vendor);
}

static void json_attributes(struct json_writer *w, const struct sgx_attributes *a, uint32_t misc_select)
{
	json_object(w, "attributes");
	json_hex_u64(w, "flags", a->flags);
	json_hex_u64(w, "xfrm", a->xfrm);
	json_hex_u64(w, "misc_select", misc_select);
	json_close(w);
}

/* All records of one type as a list of strings. */
static void json_strings(struct json_writer *w, const char *name, const struct image *image, uint32_t type)
{
	struct bytes_reader r = { image->definition, image->plan.header.definition_size, false };
	struct definition_record record;

	json_array(w, name);
	while (definition_next(&r, &record) > 0)
		if (record.type == type)
			json_put_bytes(w, NULL, (const char *)record.at, record.length);
	json_close(w);
}

static void json_mounts(struct json_writer *w, const struct image *image)
{
	struct bytes_reader r = { image->definition, image->plan.header.definition_size, false };
	struct definition_record record;
	struct definition_mount m;

	json_array(w, "mounts");
	while (definition_next(&r, &record) > 0) {
		const char *path = (const char *)record.at + sizeof(m);

		if (record.type != DEF_MOUNT)
			continue;
		memcpy(&m, record.at, sizeof(m));
		json_object(w, NULL);
		json_put_bytes(w, "path", path, m.path_length);
		json_put_string(w, "type", m.type == MOUNT_HOST ? "host" : "tmpfs");
		if (m.source_length)
			json_put_bytes(w, "source", path + m.path_length, m.source_length);
		json_put_bool(w, "read_only", m.flags & 1);
		json_close(w);
	}
	json_close(w);
}

static void json_segments(struct json_writer *w, const struct plan *plan)
{
	json_array(w, "segments");
	for (uint32_t i = 0; i < plan->header.segment_count; i++) {
		const struct image_segment *s = &plan->segments[i];
		char rwx[4] = { s->secinfo & SGX_SECINFO_R ? 'r' : '-', s->secinfo & SGX_SECINFO_W ? 'w' : '-',
				s->secinfo & SGX_SECINFO_X ? 'x' : '-', 0 };

		json_object(w, NULL);
		json_hex_u64(w, "address", s->address);
		json_put_u64(w, "pages", s->pages);
		json_put_string(w, "type", SGX_SECINFO_TYPE(s->secinfo) == SGX_PT_TCS ? "tcs" : "reg");
		json_put_string(w, "permissions", rwx);
		json_close(w);
	}
	json_close(w);
}

static void json_definition(struct json_writer *w, const struct image *image)
{
	struct bytes_reader r = { image->definition, image->plan.header.definition_size, false };
	struct definition_record record;
	uint64_t value;

	while (definition_next(&r, &record) > 0) {
		if (record.type != DEF_MEMORY && record.type != DEF_THREADS)
			continue;
		memcpy(&value, record.at, sizeof(value));
		json_put_u64(w, record.type == DEF_MEMORY ? "memory" : "threads", value);
	}
	json_strings(w, "entrypoint", image, DEF_ENTRYPOINT);
	json_strings(w, "environment", image, DEF_ENVIRONMENT);
	json_strings(w, "working_directory", image, DEF_WORKDIR);
	json_strings(w, "allow_environment", image, DEF_ALLOW_ENV);
	json_mounts(w, image);
}

static void json_image(struct json_writer *w, const struct inspection *i)
{
	const struct image_header *h = &i->image.plan.header;
	struct definition_verity v;
	uint64_t pages = 0;

	for (uint32_t s = 0; s < h->segment_count; s++)
		pages += i->image.plan.segments[s].pages;
	json_put_string(w, "label", (const char *)h->label);
	json_put_hex(w, "mrenclave", i->image.mrenclave, 32);
	json_put_bool(w, "signed", i->image.is_signed);
	json_identity(w, &i->sigstruct);
	if (image_verity(&i->image, &v))
		json_put_hex(w, "root_hash", v.root_hash, 32);
	else
		json_put_null(w, "root_hash");
	json_put_u64(w, "root_size", h->root_size);
	json_put_bool(w, "verified", i->verified);
	json_attributes(w, &h->attributes, h->misc_select);
	json_put_u64(w, "elrange", h->elrange);
	json_put_u64(w, "pages", pages);
	json_definition(w, &i->image);
	json_segments(w, &i->image.plan);
}

static void json_sgxs(struct json_writer *w, const struct sgxs *s)
{
	json_put_hex(w, "mrenclave", s->mrenclave, 32);
	json_put_u64(w, "elrange", s->elrange);
	json_put_u64(w, "ssa_frame_size", s->ssa_frame_size);
	json_put_u64(w, "pages", s->pages);
	json_put_u64(w, "measured_chunks", s->measured_chunks);
	json_put_u64(w, "unmeasured_chunks", s->unmeasured_chunks);
}

static void json_sigstruct(struct json_writer *w, const struct inspection *i)
{
	json_put_hex(w, "mrenclave", i->sigstruct.enclave_hash, 32);
	json_identity(w, &i->sigstruct);
	json_attributes(w, &i->sigstruct.attributes, i->sigstruct.misc_select);
	json_put_bool(w, "valid", i->sigstruct_code == 0);
	json_put_u64(w, "einit", (uint64_t)i->sigstruct_code);
	if (i->sigstruct_code)
		json_put_string(w, "reason", i->sigstruct_why.text);
}

char *inspect_json(const struct inspection *i, struct fail *f)
{
	static const char *const kinds[] = { "image", "sgxs", "sigstruct" };
	char *buffer = malloc(JSON_MAX);
	struct json_writer w;

	if (!buffer) {
		(void)fail(f, "%s: out of memory", i->path);
		return NULL;
	}
	json_write_init(&w, buffer, JSON_MAX, true);
	json_object(&w, NULL);
	json_put_string(&w, "kind", kinds[i->kind]);
	if (i->kind == INSPECT_IMAGE)
		json_image(&w, i);
	else if (i->kind == INSPECT_SGXS)
		json_sgxs(&w, &i->sgxs);
	else
		json_sigstruct(&w, i);
	json_array(&w, "insecure");
	inspect_weaknesses(i, json_weakness, &w);
	json_close(&w);
	json_close(&w);
	if (json_write_end(&w) >= 0)
		return buffer;
	free(buffer);
	(void)fail(f, "%s: its description does not fit into JSON", i->path);
	return NULL;
}
