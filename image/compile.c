/* The compiled definition: records that the kernel reads and MRENCLAVE covers. */
#include "base/escape.h"
#include "image/definition.h"

#include <string.h>

#define DEFINITION_VERSION 1

static void record_begin(struct bytes_writer *w, uint32_t type, size_t length)
{
	bytes_put_le(w, type, 4);
	bytes_put_le(w, length, 4);
}

static void record_end(struct bytes_writer *w)
{
	bytes_put_zero(w, -w->used & 7);
}

static void record_put(struct bytes_writer *w, uint32_t type, const void *data, size_t length)
{
	record_begin(w, type, length);
	bytes_put(w, data, length);
	record_end(w);
}

static void record_string(struct bytes_writer *w, uint32_t type, const char *s)
{
	record_put(w, type, s, strlen(s));
}

static void record_strings(struct bytes_writer *w, uint32_t type, const struct strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		record_string(w, type, list->at[i]);
}

static void record_u64(struct bytes_writer *w, uint32_t type, uint64_t value)
{
	record_begin(w, type, 8);
	bytes_put_le(w, value, 8);
	record_end(w);
}

static void record_mount(struct bytes_writer *w, const struct definition_volume *v)
{
	struct definition_mount m = { .type = v->type, .flags = v->read_only, .path_length = (uint32_t)strlen(v->path),
				      .source_length = (uint32_t)strlen(v->source) };

	record_begin(w, DEF_MOUNT, sizeof(m) + m.path_length + m.source_length);
	bytes_put(w, &m, sizeof(m));
	bytes_put(w, v->path, m.path_length);
	bytes_put(w, v->source, m.source_length);
	record_end(w);
}

static uint32_t definition_flags(const struct definition *d)
{
	return (d->allow_arguments ? DEF_FLAG_ALLOW_ARGUMENTS : 0) | (d->quick ? DEF_FLAG_QUICK : 0) |
	       (d->debug ? DEF_FLAG_DEBUG : 0) | (d->ordinary_memory ? DEF_FLAG_ORDINARY_MEMORY : 0) |
	       (d->provisioning ? DEF_FLAG_PROVISIONING : 0) | (d->init.count ? DEF_FLAG_LOGIN : 0) |
	       (d->development ? DEF_FLAG_DEVELOPMENT : 0);
}

int definition_compile(const struct definition *d, struct bytes_writer *w, struct fail *f)
{
	record_begin(w, DEF_BEGIN, 8);
	bytes_put_le(w, DEFINITION_VERSION, 4);
	bytes_put_le(w, definition_flags(d), 4);
	record_u64(w, DEF_MEMORY, d->memory);
	record_u64(w, DEF_THREADS, d->threads);
	if (d->has_verity)
		record_put(w, DEF_ROOT_VERITY, &d->verity, sizeof(d->verity));
	if (d->root_host)
		record_string(w, DEF_ROOT_HOST, d->root_host);
	record_strings(w, DEF_ENTRYPOINT, &d->entrypoint);
	record_strings(w, DEF_ENVIRONMENT, &d->environment);
	if (d->workdir)
		record_string(w, DEF_WORKDIR, d->workdir);
	record_strings(w, DEF_ALLOW_ENV, &d->allow_environment);
	for (size_t i = 0; i < d->mount_count; i++)
		record_mount(w, &d->mounts[i]);
	record_begin(w, DEF_END, 0);
	if (w->failed)
		return fail(f, "cannot compile the definition: expected at most %zu bytes", w->size);
	return 0;
}

int definition_next(struct bytes_reader *r, struct definition_record *record)
{
	record->type = bytes_u32(r);
	record->length = bytes_u32(r);
	record->at = bytes_take(r, record->length);
	for (size_t i = -(size_t)record->length & 7; i && !r->failed; i--)
		if (bytes_u8(r))
			return -1;
	if (r->failed)
		return -1;
	return record->type == DEF_END ? 0 : 1;
}

static bool bytes_are_text(const uint8_t *bytes, size_t size)
{
	const char *at = (const char *)bytes, *end = at + size;
	size_t n;

	for (; at < end; at += n) {
		n = utf8_length(at, end);
		if (!n || !*at)
			return false;
	}
	return true;
}

static bool record_is_string(const struct definition_record *r)
{
	return bytes_are_text(r->at, r->length);
}

static bool record_mount_is_good(const struct definition_record *r)
{
	struct definition_mount m;

	if (r->length < sizeof(m))
		return false;
	memcpy(&m, r->at, sizeof(m));
	return (m.type == MOUNT_HOST || m.type == MOUNT_TMPFS) && m.flags <= 1 && m.path_length > 1 &&
	       (uint64_t)m.path_length + m.source_length == r->length - sizeof(m) && r->at[sizeof(m)] == '/' &&
	       bytes_are_text(r->at + sizeof(m), m.path_length) &&
	       bytes_are_text(r->at + sizeof(m) + m.path_length, m.source_length);
}

static bool record_begin_is_good(const struct definition_record *r)
{
	struct bytes_reader b = { r->at, r->length, false };

	return r->length == 8 && bytes_u32(&b) == DEFINITION_VERSION &&
	       !(bytes_u32(&b) &
		 ~(DEF_FLAG_ALLOW_ARGUMENTS | DEF_FLAG_QUICK | DEF_FLAG_DEBUG | DEF_FLAG_ORDINARY_MEMORY |
		   DEF_FLAG_DEVELOPMENT | DEF_FLAG_PROVISIONING | DEF_FLAG_LOGIN));
}

static bool record_is_good(const struct definition_record *r)
{
	switch (r->type) {
	case DEF_BEGIN:
		return record_begin_is_good(r);
	case DEF_MEMORY:
	case DEF_THREADS:
		return r->length == 8;
	case DEF_ROOT_VERITY:
		return r->length == sizeof(struct definition_verity);
	case DEF_ENVIRONMENT:
		return record_is_string(r) && memchr(r->at, '=', r->length);
	case DEF_NAME:
	case DEF_ROOT_HOST:
	case DEF_ENTRYPOINT:
	case DEF_WORKDIR:
	case DEF_ALLOW_ENV:
		return record_is_string(r);
	case DEF_MOUNT:
		return record_mount_is_good(r);
	case DEF_END:
		return r->length == 0;
	default:
		return false;
	}
}

static bool record_may_repeat(uint32_t type)
{
	return type == DEF_ENTRYPOINT || type == DEF_ENVIRONMENT || type == DEF_ALLOW_ENV || type == DEF_MOUNT;
}

int definition_check(const uint8_t *compiled, size_t size, struct fail *f)
{
	struct bytes_reader r = { compiled, size, false };
	struct definition_record record;
	uint32_t last = 0;
	int more;

	do {
		size_t at = size - r.left;

		more = definition_next(&r, &record);
		if (more < 0 || !record_is_good(&record))
			return fail(f, "compiled definition: record at byte %zu is malformed (type %u, length %u)", at,
				    record.type, record.length);
		if (record.type < last || (record.type == last && !record_may_repeat(last)) ||
		    (!last && record.type != DEF_BEGIN))
			return fail(f, "compiled definition: record at byte %zu is out of order (type %u after %u)", at,
				    record.type, last);
		last = record.type;
	} while (more);
	if (r.left)
		return fail(f, "compiled definition: expected the end after its last record, found %zu more bytes",
			    r.left);
	return 0;
}
