/*
 * mkfs.erofs makes the image. What must not matter is taken away: owners (--all-root), times (-T0), extended attributes
 * (-x-1: labels of the machine's security module are no part of a program), the file system's own id (-U). It sorts
 * directories by itself.
 */
#include "image/root.h"
#include "image/cleanup.h"
#include "image/io.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define EROFS_SUPER_OFFSET 1024
#define EROFS_MAGIC 0xe0f5e1e2U
#define EROFS_UUID "00000000-0000-0000-0000-000000000000"

extern char **environ;

static const char *root_find_mkfs(void)
{
	static const char *const places[] = { "/usr/bin/mkfs.erofs", "/usr/sbin/mkfs.erofs", "/sbin/mkfs.erofs",
					      "/usr/local/bin/mkfs.erofs", "/usr/local/sbin/mkfs.erofs" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

/* An open file without a name on the scratch folder's disk. */
static int root_scratch(const char *folder, struct fail *f)
{
	char path[4096];
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	if ((size_t)snprintf(path, sizeof(path), "%s/.adyton-root.XXXXXX", folder) < sizeof(path)) {
		fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0) {
			unlink(path);
			return fd;
		}
	}
	return fail(f, "root file system: cannot make a scratch file in %s: %s", folder, strerror(errno));
}

/* Run mkfs.erofs with what it says collected in log; its exit status, or -errno. */
static int root_run(char *const argv[], int out, int log)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int err, status;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, log, 1);
	posix_spawn_file_actions_adddup2(&actions, log, 2);
	/* The scratch file goes by as descriptor 3; dup2 takes close-on-exec away, also onto itself. */
	posix_spawn_file_actions_adddup2(&actions, out, 3);
	err = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (err)
		return -err;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int root_from_folder(struct root *r, const char *path, const char *scratch, struct fail *f)
{
	const char *mkfs = root_find_mkfs();
	char *argv[] = { (char *)(uintptr_t)mkfs, "-x-1", "-T0", "-U" EROFS_UUID, "--all-root", "--quiet",
			 "/proc/self/fd/3", (char *)(uintptr_t)path, NULL };
	char said[1024] = "";
	ssize_t n;
	int status;

	if (!mkfs)
		return fail(f, "root file system: mkfs.erofs is not installed (Debian: erofs-utils)");
	_cleanup_close_ int log = root_scratch(scratch, f);
	if (log < 0)
		return -1;
	status = root_run(argv, r->fd, log);
	if (status == 0)
		return 0;
	if (status < 0)
		return fail(f, "root file system: cannot run %s: %s", mkfs, strerror(-status));
	n = pread(log, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	said[strcspn(said, "\n")] = '\0';
	return fail(f, "root file system: mkfs.erofs %s ended with status %d: %s", path, status, said);
}

static int root_from_image(struct root *r, const char *path, uint64_t size, struct fail *f)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint32_t magic = 0;
	int err = fd < 0 ? -errno : io_pread(fd, &magic, sizeof(magic), EROFS_SUPER_OFFSET);

	if (err && err != -ENODATA)
		return fail(f, "root file system: cannot read %s: %s", path, strerror(-err));
	if (magic != EROFS_MAGIC)
		return fail(f, "root file system: expected %s to be a folder or an EROFS image, found neither", path);
	err = io_copy(fd, r->fd, size, 0);
	if (err)
		return fail(f, "root file system: cannot copy %s: %s", path, strerror(-err));
	return 0;
}

/* Whole blocks, at least two: zeros behind the end are no part of the file system. */
static int root_hash(struct root *r, struct fail *f)
{
	uint64_t blocks;
	struct stat st;

	if (fstat(r->fd, &st))
		return fail(f, "root file system: %s", strerror(errno));
	blocks = PAGE_UP((uint64_t)st.st_size) / PAGE_SIZE;
	if (blocks < 2)
		blocks = 2;
	if (ftruncate(r->fd, (off_t)(blocks * PAGE_SIZE)))
		return fail(f, "root file system: %s", strerror(errno));
	return verity_build(&r->verity, r->fd, blocks, f);
}

int root_make(struct root *r, const char *path, const char *scratch, struct fail *f)
{
	struct stat st;
	int err;

	*r = (struct root){ .fd = -1 };
	if (stat(path, &st))
		return fail(f, "root file system: cannot read %s: %s", path, strerror(errno));
	r->fd = root_scratch(scratch, f);
	if (r->fd < 0)
		return -1;
	err = S_ISDIR(st.st_mode) ? root_from_folder(r, path, scratch, f) :
				    root_from_image(r, path, (uint64_t)st.st_size, f);
	if (!err)
		err = root_hash(r, f);
	if (err)
		root_free(r);
	return err;
}

void root_free(struct root *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	verity_free(&r->verity);
}
