/* Whole reads and writes of files, with the sentence for what went wrong. */
#ifndef ADYTON_IMAGE_IO_H
#define ADYTON_IMAGE_IO_H

#include "abi/types.h"
#include "image/fail.h"

/* Read a file of at most `max` bytes. *data is malloc'd, with a NUL behind it that does not count. */
must_check int io_read_file(const char *path, size_t max, uint8_t **data, size_t *size, struct fail *f);
must_check int io_write(int fd, const void *data, size_t size);            /* all of it, or -errno */
must_check int io_pwrite(int fd, const void *data, size_t size, uint64_t at);
/* all of it, or -errno; -ENODATA at the end */
must_check int io_pread(int fd, void *data, size_t size, uint64_t at);
must_check int io_copy(int from, int to, uint64_t size, uint64_t to_offset); /* from its start, or -errno */

/* A file that takes its name only when it is complete, so that a reader sees the old one or the new one. */
struct io_new {
	int fd;
	char path[4096]; /* while it has no name of its own */
};
must_check int io_new_open(struct io_new *n, const char *target, unsigned int mode, struct fail *f);
must_check int io_new_commit(struct io_new *n, const char *target, struct fail *f);
void io_new_drop(struct io_new *n); /* harmless after the commit */

/* mkdir -p, mode 0700. */
must_check int io_make_dirs(const char *path, struct fail *f);

#endif
