#include "image/inspect.h"
#include "image/cleanup.h"
#include "image/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define SGXS_MAX (1UL << 32)

static int inspect_file(struct inspection *i, struct fail *f)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	size_t size;

	if (io_read_file(i->path, SGXS_MAX, &bytes, &size, f))
		return -1;
	if (size >= 8 && memcmp(bytes, "ECREATE", 8) == 0) {
		i->kind = INSPECT_SGXS;
		return sgxs_read(&i->sgxs, bytes, size, f);
	}
	if (size != sizeof(i->sigstruct))
		return fail(
			f,
			"%s: expected an image, a measured stream (.sgxs) or a SIGSTRUCT, found neither",
			i->path);
	i->kind = INSPECT_SIGSTRUCT;
	memcpy(&i->sigstruct, bytes, sizeof(i->sigstruct));
	i->sigstruct_code = sigstruct_verify(&i->sigstruct, &i->sigstruct_why);
	return 0;
}

int inspect_open(struct inspection *i, const char *path, bool verify, struct fail *f)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	memset(i, 0, sizeof(*i));
	i->path = path;
	if (fd < 0)
		return fail(f, "cannot read %s: %s", path, strerror(errno));
	if (!image_has_magic(fd))
		return inspect_file(i, f);
	if (image_open(&i->image, path, f))
		return -1;
	i->sigstruct = *i->image.sigstruct;
	if (verify && image_verify_root(&i->image, f)) {
		image_close(&i->image);
		return -1;
	}
	i->verified = verify;
	return 0;
}

void inspect_close(struct inspection *i)
{
	image_close(&i->image);
}

static const struct { uint32_t flag; const char *sentence; } flag_weaknesses[] = {
	{ DEF_FLAG_DEBUG, "debug: the host can read and change the enclave's memory" },
	{ DEF_FLAG_ORDINARY_MEMORY, "ordinary memory: on the software processor the machine's root can read it" },
	{ DEF_FLAG_PROVISIONING, "provisioning: it may derive the keys by which the platform is known to its signer" },
	{ DEF_FLAG_QUICK, "quick run: the host chooses the program, its arguments and its folder" },
	{ DEF_FLAG_ALLOW_ARGUMENTS, "host arguments: the host may append arguments" },
};

static void weakness_mount(const struct definition_record *r, inspect_weakness_fn fn, void *context)
{
	struct definition_mount m;
	char sentence[10000];

	memcpy(&m, r->at, sizeof(m));
	if (m.type != MOUNT_HOST)
		return;
	(void)snprintf(sentence, sizeof(sentence), "host folder: %.*s is the host's %.*s, unmeasured%s",
		       (int)m.path_length, r->at + sizeof(m), (int)m.source_length, r->at + sizeof(m) + m.path_length,
		       m.flags & 1 ? " (read only)" : "");
	fn(context, sentence);
}

static void weakness_record(const struct definition_record *r, inspect_weakness_fn fn, void *context)
{
	char sentence[10000];
	uint32_t flags;

	if (r->type == DEF_BEGIN) {
		memcpy(&flags, r->at + 4, 4);
		for (size_t i = 0; i < sizeof(flag_weaknesses) / sizeof(flag_weaknesses[0]); i++)
			if (flags & flag_weaknesses[i].flag)
				fn(context, flag_weaknesses[i].sentence);
	} else if (r->type == DEF_ROOT_HOST) {
		(void)snprintf(sentence, sizeof(sentence),
			       "host root: the root file system is the host's %.*s, unmeasured", (int)r->length, r->at);
		fn(context, sentence);
	} else if (r->type == DEF_ALLOW_ENV) {
		bool any = r->length == 1 && r->at[0] == '*';

		(void)snprintf(sentence, sizeof(sentence), "host environment: the host may set %s%.*s",
			       any ? "any variable " : "the variable ", any ? 0 : (int)r->length, r->at);
		if (any)
			sentence[strlen(sentence) - 1] = '\0';
		fn(context, sentence);
	} else if (r->type == DEF_MOUNT) {
		weakness_mount(r, fn, context);
	}
}

void inspect_weaknesses(const struct inspection *i, inspect_weakness_fn fn, void *context)
{
	struct bytes_reader r = { i->image.definition, i->image.plan.header.definition_size, false };
	struct definition_record record;

	if (i->kind == INSPECT_SIGSTRUCT && i->sigstruct.attributes.flags & SGX_ATTR_DEBUG)
		fn(context, flag_weaknesses[0].sentence);
	if (i->kind != INSPECT_IMAGE)
		return;
	if (!i->image.is_signed)
		fn(context, "unsigned: no processor starts it");
	else if (i->sigstruct.swdefined == SIGSTRUCT_DEVELOPMENT)
		fn(context, "development key: it was signed with a key that one user's account made for itself");
	while (definition_next(&r, &record) > 0)
		weakness_record(&record, fn, context);
}
