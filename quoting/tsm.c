#include "quoting/tsm.h"
#include "abi/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TSM_FOLDER "/sys/kernel/config/tsm/report"
#define TSM_ATTEMPTS 8
#define TSM_PAUSE_NS 20000000L
#define TSM_PATH 256

/* Bytes read, at most size; or -errno. */
static long tsm_get(const char *entry, const char *name, void *to, size_t size)
{
	char path[TSM_PATH];
	uint8_t *at = to;
	ssize_t n = 1;
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", entry, name) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (size && n > 0) {
		n = read(fd, at, size);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0) {
			at += n;
			size -= (size_t)n;
		}
	}
	if (n < 0)
		n = -errno;
	close(fd);
	return n < 0 ? n : at - (uint8_t *)to;
}

static int tsm_put(const char *entry, const char *name, const void *from, size_t size)
{
	char path[TSM_PATH];
	int fd, error = 0;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", entry, name) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, from, size) != (ssize_t)size)
		error = -errno;
	close(fd);
	return error;
}

/* A number that grows with each write to the entry, whoever makes it. */
static long tsm_generation(const char *entry, char text[32])
{
	long n = tsm_get(entry, "generation", text, 31);

	text[n > 0 ? n : 0] = '\0';
	return n;
}

/*
 * One attempt. -EAGAIN: somebody else wrote meanwhile, so the report may be over other data. -EWOULDBLOCK, which is the
 * same number, is how Linux says that a report is being made; so is an empty one.
 */
static int tsm_once(struct tsm *t, const char *entry, const uint8_t data[64])
{
	char before[32], after[32];
	uint8_t more;
	long n = tsm_put(entry, "inblob", data, 64);

	if (!n)
		n = tsm_generation(entry, before);
	if (n >= 0)
		n = tsm_get(entry, "outblob", t->report, sizeof(t->report));
	if (n < 0)
		return (int)n;
	t->report_size = (size_t)n;
	n = tsm_get(entry, "auxblob", t->auxiliary, sizeof(t->auxiliary));
	t->auxiliary_size = n > 0 ? (size_t)n : 0;
	n = tsm_generation(entry, after);
	if (n < 0)
		return (int)n;
	if (!t->report_size || strcmp(before, after))
		return -EAGAIN;
	return t->report_size == sizeof(t->report) && tsm_get(entry, "outblob", &more, 1) != 0 ? -EFBIG : 0;
}

/* Where the report data lie, by what reports of that kind look like; NULL: unknown or too short. */
static const uint8_t *tsm_data(const struct tsm *t)
{
	const size_t tdx = sizeof(struct quote_header) + offsetof(struct tdx_report_body, report_data);
	uint16_t version;

	if (strcmp(t->provider, "sev_guest") == 0)
		return t->report_size >= sizeof(struct snp_report) ?
			       t->report + offsetof(struct snp_report, report_data) :
			       NULL;
	if (strcmp(t->provider, "tdx_guest") || t->report_size < tdx + 64 + sizeof(struct quote_body_descriptor))
		return NULL;
	memcpy(&version, t->report, sizeof(version));
	return t->report + tdx + (version == QUOTE_V5 ? sizeof(struct quote_body_descriptor) : 0);
}

int tsm_check(const struct tsm *t, const uint8_t data[64], struct fail *f)
{
	if (!tsm_data(t))
		return fail(f, "machine: expected a TDX quote or a SNP report, found %zu bytes of %s", t->report_size,
			    t->provider);
	if (memcmp(tsm_data(t), data, 64))
		return fail(f, "machine: the report is over other data than were asked for");
	return 0;
}

static int tsm_provider(struct tsm *t, const char *entry, struct fail *f)
{
	long n = tsm_get(entry, "provider", t->provider, sizeof(t->provider) - 1);

	if (n < 0)
		return fail(f, "machine: cannot read %s/provider: %s", entry, strerror((int)-n));
	t->provider[n] = '\0';
	t->provider[strcspn(t->provider, "\n")] = '\0';
	return 0;
}

static int tsm_report(struct tsm *t, const char *entry, const uint8_t data[64], struct fail *f)
{
	const struct timespec pause = { .tv_nsec = TSM_PAUSE_NS };
	int error = -EAGAIN;

	if (tsm_provider(t, entry, f))
		return -1;
	for (int i = 0; error == -EAGAIN && i < TSM_ATTEMPTS; i++) {
		if (i)
			(void)nanosleep(&pause, NULL);
		error = tsm_once(t, entry, data);
	}
	if (error == -EAGAIN)
		return fail(f, "machine: others keep asking for reports through %s, expected one of our own", entry);
	if (error == -EFBIG)
		return fail(f, "machine: expected a report of at most %lu bytes, found a longer one", TSM_BLOB_MAX);
	if (error)
		return fail(f, "machine: no report through %s: %s", entry, strerror(-error));
	return tsm_check(t, data, f);
}

int tsm_read(struct tsm *t, const char *entry, const uint8_t data[64], struct fail *f)
{
	char own[64];
	int error;

	if (entry)
		return tsm_report(t, entry, data, f);
	if (access(TSM_FOLDER, F_OK))
		return fail(f, "machine: this is no guest with evidence of its own, or configfs is not mounted "
			    "(%s is missing; TDX and SEV-SNP guests with Linux 6.7 have it)", TSM_FOLDER);
	(void)snprintf(own, sizeof(own), TSM_FOLDER "/adyton-%d", (int)getpid());
	if (mkdir(own, 0700))
		return fail(f, "machine: cannot make %s: %s", own, strerror(errno));
	error = tsm_report(t, own, data, f);
	(void)rmdir(own);
	return error;
}
