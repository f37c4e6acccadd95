#include "image/io.h"
#include "image/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int io_read_file(const char *path, size_t max, uint8_t **data, size_t *size, struct fail *f)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ uint8_t *buffer = NULL;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		return fail(f, "cannot read %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(f, "cannot read %s: expected a regular file", path);
	if ((uint64_t)st.st_size > max)
		return fail(f, "cannot read %s: expected at most %zu bytes, found %llu", path, max,
			    (unsigned long long)st.st_size);
	buffer = malloc((size_t)st.st_size + 1);
	if (!buffer)
		return fail(f, "cannot read %s: out of memory", path);
	*size = 0;
	while (*size < (size_t)st.st_size) {
		n = read(fd, buffer + *size, (size_t)st.st_size - *size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(f, "cannot read %s: %s", path, strerror(errno));
		if (n == 0)
			break;
		*size += (size_t)n;
	}
	buffer[*size] = 0;
	*data = buffer;
	buffer = NULL;
	return 0;
}

int io_write(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

int io_pwrite(int fd, const void *data, size_t size, uint64_t offset)
{
	const char *at = data;

	while (size) {
		ssize_t n = pwrite(fd, at, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		offset += (size_t)n;
		size -= (size_t)n;
	}
	return 0;
}

int io_pread(int fd, void *data, size_t size, uint64_t offset)
{
	char *at = data;

	while (size) {
		ssize_t n = pread(fd, at, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		at += n;
		offset += (size_t)n;
		size -= (size_t)n;
	}
	return 0;
}

int io_copy(int from, int to, uint64_t size, uint64_t to_offset)
{
	_cleanup_free_ char *buffer = malloc(1 << 20);
	uint64_t done = 0;
	int err;

	if (!buffer)
		return -ENOMEM;
	while (done < size) {
		size_t n = size - done < 1 << 20 ? (size_t)(size - done) : 1 << 20;

		err = io_pread(from, buffer, n, done);
		if (!err)
			err = io_pwrite(to, buffer, n, to_offset + done);
		if (err)
			return err;
		done += n;
	}
	return 0;
}

int io_new_open(struct io_new *n, const char *target, unsigned int mode, struct fail *f)
{
	mode_t mask;

	n->fd = -1;
	if ((size_t)snprintf(n->path, sizeof(n->path), "%s.XXXXXX", target) >= sizeof(n->path)) {
		n->path[0] = '\0';
		return fail(f, "cannot write %s: the path is too long", target);
	}
	n->fd = mkostemp(n->path, O_CLOEXEC);
	if (n->fd < 0) {
		n->path[0] = '\0';
		return fail(f, "cannot write %s: %s", target, strerror(errno));
	}
	mask = umask(0);
	umask(mask);
	if (fchmod(n->fd, mode & ~mask))
		return fail(f, "cannot write %s: %s", target, strerror(errno));
	return 0;
}

int io_new_commit(struct io_new *n, const char *target, struct fail *f)
{
	if (rename(n->path, target))
		return fail(f, "cannot write %s: %s", target, strerror(errno));
	n->path[0] = '\0';
	io_new_drop(n);
	return 0;
}

void io_new_drop(struct io_new *n)
{
	if (n->fd >= 0)
		close(n->fd);
	if (n->path[0])
		unlink(n->path);
	n->fd = -1;
	n->path[0] = '\0';
}

int io_make_dirs(const char *path, struct fail *f)
{
	char at[4096];

	if ((size_t)snprintf(at, sizeof(at), "%s", path) >= sizeof(at))
		return fail(f, "cannot make the folder %s: the path is too long", path);
	for (char *slash = at + 1;; slash++) {
		slash = strchrnul(slash, '/');
		bool last = !*slash;

		*slash = '\0';
		if (mkdir(at, 0700) && errno != EEXIST)
			return fail(f, "cannot make the folder %s: %s", at, strerror(errno));
		if (last)
			return 0;
		*slash = '/';
	}
}
