#include "kernel/ipc/anon.h"
#include "abi/linux/errno.h"
#include "base/mem.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"
#include "kernel/task/process.h"

static uint64_t anon_last_ino;

uint64_t anon_ino(void)
{
	return __atomic_add_fetch(&anon_last_ino, 1, __ATOMIC_RELAXED);
}

static char *anon_name(const char *pattern, uint64_t ino)
{
	size_t size = strlen(pattern) + 24;
	const char *mark = strchr(pattern, '%');
	char *name = heap_alloc(size);

	if (!name)
		return NULL;
	if (mark)
		format(name, size, "%.*s%lu]", (int)(mark - pattern), pattern, ino);
	else
		str_copy(name, size, pattern);
	return name;
}

struct file *anon_file(const struct file_ops *ops, uint32_t flags, void *data, const char *name, uint64_t ino)
{
	struct file *f = file_new(ops, flags, data);

	if (f)
		f->name = anon_name(name, ino);
	return f;
}

void anon_stat(struct stat *st, uint32_t mode, uint64_t ino)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = ino;
	st->st_mode = mode;
	st->st_nlink = 1;
	st->st_uid = init_process.cred.fsuid;
	st->st_gid = init_process.cred.fsgid;
	st->st_blksize = 4096;
}

int anon_getattr(struct file *f, struct stat *st)
{
	(void)f;
	anon_stat(st, 0600, 0);
	return 0;
}

int anon_install(struct file *f, bool close_on_exec)
{
	int fd = fd_install(f, close_on_exec ? FD_CLOEXEC : 0, 0);

	if (fd < 0)
		file_put(f);
	return fd;
}

int anon_install_pair(struct file *first, struct file *second, bool close_on_exec, uint64_t to)
{
	int32_t fds[2];
	int error;

	fds[0] = anon_install(first, close_on_exec);
	if (fds[0] < 0) {
		file_put(second);
		return fds[0];
	}
	fds[1] = anon_install(second, close_on_exec);
	error = fds[1] < 0 ? fds[1] : copy_to_user(to, fds, sizeof(fds));
	if (!error)
		return 0;
	fd_close(fds[0]);
	if (fds[1] >= 0)
		fd_close(fds[1]);
	return error;
}
