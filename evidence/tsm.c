/*
 * One folder per request, so that no other writer's report data comes in between; `generation` tells when one did all
 * the same. Linux makes the report when outblob is read, and answers EWOULDBLOCK while another is being made.
 */
#include "evidence/tsm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TSM_TRIES 50
#define TSM_WAIT_NS 20000000L

const struct tsm_system tsm_linux = { TSM_REPORTS, mkdir, rmdir };

struct tsm_request {
	char folder[PATH_MAX / 2];
	struct fail *fail;
};

static int tsm_open(const struct tsm_request *r, const char *name, int flags)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", r->folder, name);
	return open(path, flags | O_CLOEXEC);
}

static int tsm_write(struct tsm_request *r, const char *name, const void *bytes, size_t size)
{
	int fd = tsm_open(r, name, O_WRONLY);
	ssize_t n = fd < 0 ? -1 : write(fd, bytes, size);
	int error = errno;

	if (fd >= 0)
		close(fd);
	if (n == (ssize_t)size)
		return 0;
	return fail(r->fail, "machine evidence: cannot write %s/%s: %s", r->folder, name,
		    n < 0 ? strerror(error) : "it took only a part");
}

/* All of an attribute: its size, or -errno. */
static ssize_t tsm_read_all(const struct tsm_request *r, const char *name, uint8_t *to, size_t room)
{
	int fd = tsm_open(r, name, O_RDONLY);
	ssize_t n = fd < 0 ? -errno : 1;
	uint8_t more;
	size_t used = 0;

	while (n > 0) {
		n = used < room ? read(fd, to + used, room - used) : read(fd, &more, 1);
		if (n == -1)
			n = -errno;
		else if (n > 0 && used == room)
			n = -EFBIG;
		else if (n > 0)
			used += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	return n < 0 ? n : (ssize_t)used;
}

/* The same, again while Linux is busy with another request; an absent optional attribute is empty. */
static ssize_t tsm_read(struct tsm_request *r, const char *name, bool optional, uint8_t *to, size_t room)
{
	static const struct timespec pause = { 0, TSM_WAIT_NS };
	ssize_t n = -EAGAIN;

	for (int i = 0; i < TSM_TRIES && (n == -EAGAIN || n == -EBUSY || n == -EINTR); i++) {
		if (i)
			(void)nanosleep(&pause, NULL);
		n = tsm_read_all(r, name, to, room);
	}
	if (n >= 0 || (n == -ENOENT && optional))
		return n < 0 ? 0 : n;
	return fail(r->fail, "machine evidence: cannot read %s/%s: %s", r->folder, name, strerror((int)-n));
}

/* A line of text without its end. */
static int tsm_read_text(struct tsm_request *r, const char *name, char *to, size_t room)
{
	ssize_t n = tsm_read(r, name, false, (uint8_t *)to, room - 1);

	if (n < 0)
		return -1;
	to[n] = 0;
	to[strcspn(to, "\n")] = 0;
	return 0;
}

static int tsm_blobs(struct tsm_request *r, struct tsm_evidence *to)
{
	ssize_t report = tsm_read(r, "outblob", false, to->bytes, TSM_BLOB_MAX), table;

	if (report < 0)
		return -1;
	if (report == 0)
		return fail(r->fail, "machine evidence: %s/outblob is empty", r->folder);
	table = tsm_read(r, "auxblob", true, to->bytes + report, TSM_BLOB_MAX);
	if (table < 0)
		return -1;
	to->size = (size_t)report + (size_t)table;
	return tsm_read_text(r, "provider", to->provider, sizeof(to->provider));
}

static int tsm_ask(struct tsm_request *r, const uint8_t *report_data, int privlevel, struct tsm_evidence *to)
{
	char before[32], after[32], level[16];

	if (privlevel != TSM_PRIVLEVEL_DEFAULT) {
		int size = snprintf(level, sizeof(level), "%d", privlevel);

		if (tsm_write(r, "privlevel", level, (size_t)size))
			return -1;
	}
	if (tsm_write(r, "inblob", report_data, TSM_REPORT_DATA) ||
	    tsm_read_text(r, "generation", before, sizeof(before)) || tsm_blobs(r, to) ||
	    tsm_read_text(r, "generation", after, sizeof(after)))
		return -1;
	if (strcmp(before, after))
		return fail(r->fail, "machine evidence: another writer changed %s while it was read", r->folder);
	return 0;
}

int tsm_evidence_get(const struct tsm_system *system, const uint8_t report_data[TSM_REPORT_DATA], int privlevel,
		     struct tsm_evidence *to, struct fail *f)
{
	static unsigned int serial;
	struct tsm_request r = { .fail = f };
	int result;

	(void)snprintf(r.folder, sizeof(r.folder), "%s/adyton-%ld-%u", system->reports, (long)getpid(),
		       __atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED));
	if (system->make(r.folder, 0700))
		return fail(f, "machine evidence: cannot make %s: %s%s", r.folder, strerror(errno),
			    errno == ENOENT ? " (is this a TDX or SEV-SNP guest, with configfs and tsm_report?)" : "");
	to->size = 0;
	result = tsm_ask(&r, report_data, privlevel, to);
	(void)system->remove(r.folder);
	return result;
}
