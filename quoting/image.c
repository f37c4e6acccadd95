/* Images of our own small programs: a folder with one static file in it becomes the root file system. */
#include "quoting/service.h"
#include "image/cleanup.h"
#include "image/io.h"
#include "image/keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMAGE_PROGRAM_MAX (64UL << 20)

static int image_copy_program(const struct service *s, const struct service_image *image, struct fail *f)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	char from[PATHS_MAX], to[PATHS_MAX];
	size_t size;

	if (!paths_beside(from, "", image->program))
		return fail(f, "platform: expected %s beside adyton-quoting, found none", image->program);
	if ((size_t)snprintf(to, sizeof(to), "%s.d/root/enclave", image->name) >= sizeof(to) ||
	    io_read_file(from, IMAGE_PROGRAM_MAX, &bytes, &size, f))
		return -1;
	return folder_write(s, to, 0755, bytes, size, f);
}

static int image_folders(const struct service *s, const char *name, struct fail *f)
{
	static const char *const folders[] = { ".d/root", ".d/root/proc", ".d/root/dev", ".d/root/tmp" };
	char path[PATHS_MAX], part[64];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		(void)snprintf(part, sizeof(part), "%s%s", name, folders[i]);
		if (folder_path(path, s, part, f) || io_make_dirs(path, f))
			return -1;
		/* Modes are measured with the files: the same everywhere. */
		if (chmod(path, 0755))
			return fail(f, "platform: cannot set the mode of %s: %s", path, strerror(errno));
	}
	return 0;
}

static int image_definition(const struct service *s, const struct service_image *image, struct fail *f)
{
	char text[1024], name[64];
	int n = snprintf(text, sizeof(text),
			 "image \"%s\" {\n  rootfs = \"root\"\n  entrypoint = [\"/enclave\"]\n  memory = \"64MiB\"\n"
			 "  threads = 4\n%s}\n", image->name, image->keys);

	(void)snprintf(name, sizeof(name), "%s.d/image.hcl", image->name);
	return folder_write(s, name, 0644, text, (size_t)n, f);
}

int image_make(const struct service *s, const struct service_image *image, struct fail *f)
{
	char definition[PATHS_MAX], output[PATHS_MAX], name[64];
	struct build_result result;
	struct build b = { .definition = definition, .output = output, .key = image->key_file };

	if (image_folders(s, image->name, f) || image_copy_program(s, image, f) || image_definition(s, image, f))
		return -1;
	(void)snprintf(name, sizeof(name), "%s.d/image.hcl", image->name);
	if (folder_path(definition, s, name, f))
		return -1;
	(void)snprintf(name, sizeof(name), "%s.adyton", image->name);
	return folder_path(output, s, name, f) || build_image(&b, &result, f) ? -1 : 0;
}
