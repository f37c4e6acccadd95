#include "kernel/exec/definition.h"
#include "abi/layout.h"
#include "abi/linux/errno.h"
#include "base/mem.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"

/* The records being walked. */
struct definition_reader {
	struct definition *d;
	char *(*keep)(const void *bytes, size_t size);
	const uint8_t *bytes; /* of the current record */
	uint32_t type, length;
};

static int definition_u64(const struct definition_reader *r, uint64_t *to)
{
	if (r->length != sizeof(*to))
		return -EINVAL;
	memcpy(to, r->bytes, sizeof(*to));
	return 0;
}

static int definition_string(const struct definition_reader *r, const uint8_t *bytes, size_t size, const char **to)
{
	if (memchr(bytes, 0, size))
		return -EINVAL;
	*to = r->keep(bytes, size);
	return *to ? 0 : -ENOMEM;
}

static int definition_list(const struct definition_reader *r, const char **list, uint32_t *count)
{
	if (*count == DEFINITION_LIST_MAX)
		return -E2BIG;
	return definition_string(r, r->bytes, r->length, &list[(*count)++]);
}

static int definition_begin(const struct definition_reader *r)
{
	uint32_t word[2];

	if (r->length != sizeof(word))
		return -EINVAL;
	memcpy(word, r->bytes, sizeof(word));
	r->d->flags = word[1];
	return word[0] == 1 ? 0 : -EINVAL;
}

static int definition_verity(const struct definition_reader *r)
{
	if (r->length != sizeof(r->d->verity))
		return -EINVAL;
	memcpy(&r->d->verity, r->bytes, sizeof(r->d->verity));
	r->d->has_verity = true;
	return 0;
}

static int definition_mount(const struct definition_reader *r)
{
	struct definition_mount m;
	struct definition_place *place;
	int error;

	if (r->length < sizeof(m) || r->d->mount_count == DEFINITION_MOUNTS_MAX)
		return -EINVAL;
	memcpy(&m, r->bytes, sizeof(m));
	if ((uint64_t)m.path_length + m.source_length != r->length - sizeof(m))
		return -EINVAL;
	if (m.type != MOUNT_TMPFS && m.type != MOUNT_HOST)
		return -EINVAL;
	place = &r->d->mounts[r->d->mount_count++];
	place->type = m.type;
	place->read_only = m.flags & 1;
	error = definition_string(r, r->bytes + sizeof(m), m.path_length, &place->path);
	return error ? error
		     : definition_string(r, r->bytes + sizeof(m) + m.path_length, m.source_length, &place->source);
}

static int definition_record(const struct definition_reader *r)
{
	struct definition *d = r->d;

	switch (r->type) {
	case DEF_BEGIN:
		return definition_begin(r);
	case DEF_NAME:
		return definition_string(r, r->bytes, r->length, &d->name);
	case DEF_MEMORY:
		return definition_u64(r, &d->memory);
	case DEF_THREADS:
		return definition_u64(r, &d->threads);
	case DEF_ROOT_VERITY:
		return definition_verity(r);
	case DEF_ROOT_HOST:
		return definition_string(r, r->bytes, r->length, &d->root_host);
	case DEF_ENTRYPOINT:
		return definition_list(r, d->argv, &d->argc);
	case DEF_ENVIRONMENT:
		return definition_list(r, d->envp, &d->envc);
	case DEF_WORKDIR:
		return definition_string(r, r->bytes, r->length, &d->workdir);
	case DEF_ALLOW_ENV:
		return definition_list(r, d->allow_env, &d->allow_envc);
	case DEF_MOUNT:
		return definition_mount(r);
	}
	return -EINVAL;
}

int definition_parse(struct definition *d, const uint8_t *from, size_t size,
		     char *(*keep)(const void *bytes, size_t size), const char **why)
{
	struct definition_reader r = { .d = d, .keep = keep };
	size_t at = 0;

	for (;;) {
		if (size - at < 8) {
			*why = "no end record";
			return -EINVAL;
		}
		memcpy(&r.type, from + at, 4);
		memcpy(&r.length, from + at + 4, 4);
		at += 8;
		if (r.length > size - at) {
			*why = "a record runs over the end";
			return -EINVAL;
		}
		if (at == 8 && r.type != DEF_BEGIN) {
			*why = "it does not begin with a begin record";
			return -EINVAL;
		}
		if (r.type == DEF_END)
			return 0;
		r.bytes = from + at;
		if (definition_record(&r)) {
			*why = "a record is malformed or of unknown type";
			return -EINVAL;
		}
		at += ((size_t)r.length + 7) & ~7UL;
		if (at > size)
			at = size;
	}
}

static struct definition *definition_it;

const struct definition *definition(void)
{
	return definition_it;
}

static char *definition_keep(const void *bytes, size_t size)
{
	char *copy = heap_alloc(size + 1);

	if (copy)
		memcpy(copy, bytes, size);
	return copy;
}

void definition_start(void)
{
	const char *why = "";

	definition_it = heap_alloc(sizeof(*definition_it));
	if (!definition_it)
		kernel_die("no memory for the definition");
	if (definition_parse(definition_it, (const uint8_t *)KERNEL_DEFINITION, KERNEL_THREAD0 - KERNEL_DEFINITION,
			     definition_keep, &why))
		kernel_die("definition: %s", why);
}
