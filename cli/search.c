#include "cli/search.h"
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 0, or why this file cannot be executed. */
static int search_try(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	if (!S_ISREG(st.st_mode) || access(path, X_OK))
		return EACCES;
	return 0;
}

static int search_found(char out[PATHS_MAX], const char *path, struct fail *f)
{
	if (snprintf(out, PATHS_MAX, "%s", path) < PATHS_MAX)
		return 0;
	(void)fail(f, "%s: the path is too long", path);
	return EXIT_NOT_FOUND;
}

/* A file that is there but cannot be executed does not end the search; it is remembered. */
static int search_path(const char *name, char found[PATHS_MAX], const char *path)
{
	int result = ENOENT, err;

	for (;;) {
		size_t n = strcspn(path, ":");

		if ((size_t)snprintf(found, PATHS_MAX, "%.*s%s%s", (int)n, path, n ? "/" : "./", name) < PATHS_MAX) {
			err = search_try(found);
			if (!err)
				return 0;
			if (err == EACCES)
				result = err;
		}
		if (!path[n])
			return result;
		path += n + 1;
	}
}

int search_program(const char *operand, char out[PATHS_MAX], struct fail *f)
{
	const char *path = getenv("PATH");
	char found[PATHS_MAX];
	int err;

	if (!*operand) {
		err = ENOENT;
	} else if (strchr(operand, '/')) {
		err = search_try(operand);
	} else {
		err = search_path(operand, found, path ? path : "/usr/local/bin:/usr/bin:/bin");
		if (!err)
			return search_found(out, found, f);
		if (err == ENOENT) {
			(void)fail(f, "%s: not found in PATH", operand);
			return EXIT_NOT_FOUND;
		}
	}
	if (!err)
		return search_found(out, operand, f);
	(void)fail(f, "%s: %s", operand, strerror(err));
	return err == ENOENT || err == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}
