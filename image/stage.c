/*
 * A root with adyton-init in it: a folder of links to the user's files, so that theirs stays as it is, for as long as
 * mkfs.erofs reads it. Where links are not possible (another file system, another owner) the files are copied.
 */
#include "image/stage.h"
#include "image/secrets.h"

#include <errno.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(char *const argv[])
{
	pid_t pid;
	int status, err = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);

	if (err)
		return -err;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

void stage_free(struct stage *s)
{
	if (*s->path)
		(void)nftw(s->path, remove_one, 32, FTW_DEPTH | FTW_PHYS);
	*s->path = '\0';
}

static int stage_copy(struct stage *s, const char *rootfs, const char *how, struct fail *f)
{
	char from[PATHS_MAX];
	char *argv[] = {
		(char *)(uintptr_t) "cp", (char *)(uintptr_t)how, (char *)(uintptr_t) "--", from, s->path, NULL
	};

	if ((size_t)snprintf(from, sizeof(from), "%s/.", rootfs) >= sizeof(from))
		return fail(f, "root file system: the path %s is too long", rootfs);
	return run(argv);
}

static int stage_add_init(const struct stage *s, const char *program, struct fail *f)
{
	char folder[PATHS_MAX + 16], file[PATHS_MAX + 32];
	char *argv[] = { (char *)(uintptr_t)"install", (char *)(uintptr_t)"-m755", (char *)(uintptr_t)"--",
			 (char *)(uintptr_t)program, file, NULL };

	(void)snprintf(folder, sizeof(folder), "%s/.adyton", s->path);
	(void)snprintf(file, sizeof(file), "%s%s", s->path, SECRETS_INIT);
	if (mkdir(folder, 0755))
		return fail(f, "root file system: %s", errno == EEXIST ? "its folder .adyton is kept for adyton-init" :
									 strerror(errno));
	return run(argv) ? fail(f, "root file system: cannot copy %s into it", program) : 0;
}

int stage_make(struct stage *s, const char *rootfs, const char *scratch, struct fail *f)
{
	char program[PATHS_MAX];
	struct stat st;

	*s->path = '\0';
	if (stat(rootfs, &st) || !S_ISDIR(st.st_mode))
		return fail(f, "root file system: expected a folder where the definition has secrets, found %s",
			    rootfs);
	if (!paths_beside(program, "init/", "adyton-init"))
		return fail(f, "root file system: adyton-init is not installed beside this command");
	if ((size_t)snprintf(s->path, sizeof(s->path), "%s/.adyton-root-XXXXXX", scratch) >= sizeof(s->path))
		return fail(f, "root file system: the path %s is too long", scratch);
	if (!mkdtemp(s->path)) {
		*s->path = '\0';
		return fail(f, "root file system: cannot make a folder in %s: %s", scratch, strerror(errno));
	}
	if (stage_copy(s, rootfs, "-al", f) && stage_copy(s, rootfs, "-a", f))
		return fail(f, "root file system: cannot copy %s", rootfs);
	return stage_add_init(s, program, f);
}
