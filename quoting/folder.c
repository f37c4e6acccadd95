#include "quoting/service.h"
#include "image/io.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FOLDER_FILE_MAX (64UL << 10)

int folder_path(char out[PATHS_MAX], const struct service *s, const char *name, struct fail *f)
{
	if ((size_t)snprintf(out, PATHS_MAX, "%s/%s", s->dir, name) >= PATHS_MAX)
		return fail(f, "platform: the path %s is too long", s->dir);
	return 0;
}

bool folder_has(const struct service *s, const char *name)
{
	char path[PATHS_MAX];
	struct fail ignored;

	return folder_path(path, s, name, &ignored) == 0 && access(path, R_OK) == 0;
}

int folder_write(const struct service *s, const char *name, unsigned int mode, const void *data, size_t size,
		 struct fail *f)
{
	char path[PATHS_MAX];
	struct io_new n;
	int error;

	if (folder_path(path, s, name, f) || io_new_open(&n, path, mode, f))
		return -1;
	error = io_write(n.fd, data, size);
	if (error)
		(void)fail(f, "platform: cannot write %s: %s", path, strerror(-error));
	else
		error = io_new_commit(&n, path, f);
	io_new_drop(&n);
	return error ? -1 : 0;
}

bool folder_read(const struct service *s, const char *name, uint8_t **data, size_t *size)
{
	char path[PATHS_MAX];
	struct fail ignored;

	return folder_has(s, name) && folder_path(path, s, name, &ignored) == 0 &&
	       io_read_file(path, FOLDER_FILE_MAX, data, size, &ignored) == 0;
}
