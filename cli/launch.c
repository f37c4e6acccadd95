#include "cli/launch.h"
#include "image/io.h"
#include "image/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define LAUNCH_LOWEST_FD 1000
#define LAUNCH_OWN_FDS 8 /* image, statistics, the launch block, and room */

/* The text that grows behind struct launch. */
struct blob {
	uint8_t *at;
	size_t size, used;
	bool failed;
};

static uint32_t blob_put(struct blob *b, const void *bytes, size_t size)
{
	size_t offset = (b->used + 3) & ~(size_t)3;

	if (size > 1UL << 30 || offset + size > b->size) {
		size_t grown = 2 * (offset + size);
		uint8_t *at = b->failed || size > 1UL << 30 || grown > UINT32_MAX ? NULL : realloc(b->at, grown);

		if (!at) {
			b->failed = true;
			return 0;
		}
		memset(at + b->used, 0, grown - b->used);
		b->at = at;
		b->size = grown;
	}
	if (bytes)
		memcpy(b->at + offset, bytes, size);
	b->used = offset + size;
	return (uint32_t)offset;
}

static uint32_t blob_string(struct blob *b, const char *s)
{
	return s ? blob_put(b, s, strlen(s) + 1) : 0;
}

static uint32_t blob_strings(struct blob *b, char **strings, uint32_t *count)
{
	uint32_t list, offset;

	for (*count = 0; strings[*count];)
		++*count;
	list = blob_put(b, NULL, (*count + 1) * sizeof(uint32_t));
	for (uint32_t i = 0; i < *count; i++) {
		offset = blob_string(b, strings[i]);
		if (!b->failed)
			memcpy(b->at + list + i * sizeof(offset), &offset, sizeof(offset));
	}
	return list;
}

static uint32_t blob_program(struct blob *b, const char *folder, const char *name)
{
	char path[PATHS_MAX];

	return paths_beside(path, folder, name) ? blob_string(b, path) : 0;
}

/*
 * Our own descriptors cross exec far above those that the program inherits, or finds closed. Whatever the limit, it is
 * at its upper end.
 */
static int launch_high(int fd)
{
	struct rlimit limit;
	rlim_t lowest = LAUNCH_LOWEST_FD;
	int high;

	if (fd < 0)
		return fd;
	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < lowest + LAUNCH_OWN_FDS)
		lowest = limit.rlim_cur > LAUNCH_OWN_FDS ? limit.rlim_cur - LAUNCH_OWN_FDS : 0;
	high = fcntl(fd, F_DUPFD, (int)lowest);
	if (high < 0)
		return fd;
	close(fd);
	return high;
}

static int launch_fill(struct blob *b, const struct launch_request *r, struct fail *f)
{
	struct launch l = { .magic = LAUNCH_MAGIC, .version = LAUNCH_VERSION, .image_fd = launch_high(r->image_fd),
			    .stats_fd = launch_high(r->stats_fd), .trace = r->trace, .memory = r->memory,
			    .processor = r->processor, .flags = r->flags };
	char cwd[PATHS_MAX], data[PATHS_MAX];

	if (!getcwd(cwd, sizeof(cwd)) && r->program) /* an image has a working directory of its own */
		return fail(f, "working directory: %s", strerror(errno));
	if (paths_platform(data, f))
		return -1;
	(void)blob_put(b, NULL, sizeof(l));
	l.trace_names = blob_string(b, r->trace_names);
	l.argv = blob_strings(b, r->argv, &l.argc);
	l.envp = blob_strings(b, r->envp, &l.envc);
	l.cwd = r->program ? blob_string(b, cwd) : 0;
	l.program = blob_string(b, r->program);
	l.image_path = blob_string(b, r->image_path);
	l.guard = blob_program(b, "host/", "adyton-guard");
	l.keys = blob_program(b, "cpu/", "adyton-keys");
	l.quoting = blob_program(b, "quoting/", "adyton-quoting");
	l.data_dir = blob_string(b, data);
	l.size = (uint32_t)b->used;
	if (b->failed)
		return fail(f, "launch: out of memory for arguments and environment");
	memcpy(b->at, &l, sizeof(l));
	return 0;
}

/* A memfd that nobody can change any more. It stays open across exec. */
static int launch_memfd(const struct blob *b, struct fail *f)
{
	int fd = memfd_create("adyton-launch", MFD_ALLOW_SEALING);
	int err = fd < 0 ? -errno : io_write(fd, b->at, b->used);

	if (!err && fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
		err = -errno;
	if (!err)
		return launch_high(fd);
	if (fd >= 0)
		close(fd);
	return fail(f, "launch: cannot make its memory: %s", strerror(-err));
}

int launch_exec(const struct launch_request *request, struct fail *f)
{
	char host[PATHS_MAX], number[16];
	char *argv[] = { (char *)(uintptr_t)"adyton-host", number, NULL }, *envp[] = { NULL };
	struct blob b = { 0 };
	int fd;

	if (!paths_beside(host, "host/", "adyton-host"))
		return fail(f,
			    "launch: expected adyton-host beside this command (host/ or ../lib/adyton/), found none");
	if (launch_fill(&b, request, f))
		return -1;
	fd = launch_memfd(&b, f);
	free(b.at);
	if (fd < 0)
		return -1;
	(void)snprintf(number, sizeof(number), "%d", fd);
	execve(host, argv, envp);
	return fail(f, "launch: cannot execute %s: %s", host, strerror(errno));
}
