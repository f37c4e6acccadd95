#include "image/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CACHE_STALE 3600 /* seconds: a use is noted when the last note is older */

struct cached {
	time_t used;
	char *name;
};

int cache_open(const char *path)
{
	int fd = open(path, O_RDONLY); /* for adyton-host, too */
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && time(NULL) - st.st_mtime > CACHE_STALE)
		(void)futimens(fd, NULL); /* somebody else's cache: then it is his to keep */
	return fd;
}

static bool cache_is_complete(const char *name)
{
	size_t n = strlen(name), suffix = strlen(CACHE_SUFFIX);

	return n > suffix && strcmp(name + n - suffix, CACHE_SUFFIX) == 0;
}

/* Put it among the newest, in order; what falls out at the end goes. */
static void cache_place(int folder, struct cached newest[CACHE_KEPT + 1], struct cached one)
{
	size_t i = CACHE_KEPT;

	if (!one.name) /* no memory: it stays */
		return;
	for (; i && (!newest[i - 1].name || newest[i - 1].used < one.used); i--)
		newest[i] = newest[i - 1];
	newest[i] = one;
	if (newest[CACHE_KEPT].name)
		(void)unlinkat(folder, newest[CACHE_KEPT].name, 0);
	free(newest[CACHE_KEPT].name);
	newest[CACHE_KEPT].name = NULL;
}

void cache_trim(const char *folder)
{
	struct cached newest[CACHE_KEPT + 1] = { 0 };
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, CACHE_PREFIX, strlen(CACHE_PREFIX)) != 0 ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (cache_is_complete(entry->d_name))
			cache_place(dirfd(dir), newest, (struct cached){ st.st_mtime, strdup(entry->d_name) });
		else if (time(NULL) - st.st_mtime > CACHE_STALE) /* who was writing it never finished */
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	}
	for (size_t i = 0; i < CACHE_KEPT; i++)
		free(newest[i].name);
	if (dir)
		(void)closedir(dir);
}
