/*
 * adyton-ratls: makes a TLS identity with evidence inside the enclave, and becomes the program that will use it. The
 * key is only written where the host cannot read it.
 */
#include "base/bytes.h"
#include "ratls/ratls.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_KEY "/dev/shm/ratls/key.pem"
#define DEFAULT_CERTIFICATE "/dev/shm/ratls/certificate.pem"
#define DEFAULT_DAYS 30
#define DAYS_MAX 3650

static const char usage[] =
	"usage: adyton-ratls [OPTION]... [PROGRAM [ARGUMENT]...]\n"
	"Inside an enclave: make a key and a certificate that carries evidence, then become PROGRAM.\n"
	"  --name=NAME         whom the certificate names (localhost)\n"
	"  --key=FILE          where the key goes, on a file system inside the enclave (" DEFAULT_KEY ")\n"
	"  --certificate=FILE  where the certificate goes (" DEFAULT_CERTIFICATE ")\n"
	"  --days=N            how long it is valid (30)\n"
	"  --nonce=HEX         goes into the evidence, for freshness\n";

struct ratls_options {
	struct ratls_request request;
	const char *key, *certificate;
	uint8_t nonce[RATLS_NONCE_MAX];
};

static int complain(const char *format, const char *a, const char *b)
{
	(void)fprintf(stderr, "adyton-ratls: ");
	(void)fprintf(stderr, format, a, b);
	(void)fprintf(stderr, "\n");
	return 125;
}

/* A line of mountinfo(5): its mount point and, behind " - ", its type. */
static bool mount_parse(char *line, char **point, char **type)
{
	char *dash = strstr(line, " - "), *at = line;

	for (int i = 0; i < 4 && at; i++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	if (!at || !dash)
		return false;
	*type = dash + 3;
	(*type)[strcspn(*type, " \n")] = '\0';
	at[strcspn(at, " ")] = '\0';
	*point = at;
	return true;
}

static bool mount_holds(const char *point, const char *folder)
{
	size_t size = strcmp(point, "/") == 0 ? 0 : strlen(point);

	return strncmp(point, folder, size) == 0 && (folder[size] == '/' || folder[size] == '\0' || size == 0);
}

/* Only the enclave's kernel's own tmpfs: everything else ends at the host. Inside, mountinfo is that kernel's word. */
static bool folder_is_inside(const char *folder)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[PATH_MAX + 256], *point, *type;
	size_t best = 0;
	bool inside = false;

	while (mounts && fgets(line, sizeof(line), mounts)) {
		if (!mount_parse(line, &point, &type) || !mount_holds(point, folder) || strlen(point) < best)
			continue;
		best = strlen(point);
		inside = strcmp(type, "tmpfs") == 0;
	}
	if (mounts)
		(void)fclose(mounts);
	return inside && access(RATLS_DEVICES, F_OK) == 0;
}

static int make_folder(const char *file, char folder[PATH_MAX])
{
	char copy[PATH_MAX];
	const char *parent;

	(void)snprintf(copy, sizeof(copy), "%s", file);
	parent = dirname(copy);
	if (mkdir(parent, 0700) && errno != EEXIST)
		return complain("cannot make the folder %s: %s", parent, strerror(errno));
	return realpath(parent, folder) ? 0 : complain("cannot find the folder %s: %s", parent, strerror(errno));
}

static int write_text(const char *path, const char *text, mode_t mode)
{
	size_t size = strlen(text);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	bool good = fd >= 0 && fchmod(fd, mode) == 0 && write(fd, text, size) == (ssize_t)size;
	int error = errno;

	if (fd >= 0 && close(fd))
		good = false;
	return good ? 0 : complain("cannot write %s: %s", path, strerror(error));
}

static int make_identity(const struct ratls_options *o)
{
	static struct ratls_identity identity;
	char folder[PATH_MAX], why[RATLS_WHY_ROOM];
	int result = make_folder(o->key, folder);

	if (!result && !folder_is_inside(folder))
		result = complain("%s is not on a file system inside the enclave, the host could read the key (%s)",
				  o->key, "/dev/shm is, and in images /tmp");
	if (!result && ratls_make(&o->request, &identity, why))
		result = complain("%s%s", why, "");
	if (!result)
		result = write_text(o->key, identity.key, 0600);
	if (!result && !make_folder(o->certificate, folder))
		result = write_text(o->certificate, identity.certificate, 0644);
	ratls_wipe(&identity);
	return result;
}

static bool days_read(const char *text, unsigned int *days)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*days = (unsigned int)value;
	return *text && !*end && value >= 1 && value <= DAYS_MAX;
}

/* 0, or an exit status. */
static int option_take(struct ratls_options *o, int option)
{
	switch (option) {
	case 'n':
		o->request.name = optarg;
		return 0;
	case 'k':
		o->key = optarg;
		return 0;
	case 'c':
		o->certificate = optarg;
		return 0;
	case 'd':
		return days_read(optarg, &o->request.days)
			       ? 0
			       : complain("--days: expected 1 to 3650, found %s%s", optarg, "");
	case 'x':
		o->request.nonce_size = strlen(optarg) / 2;
		return o->request.nonce_size <= RATLS_NONCE_MAX &&
				       hex_decode(optarg, strlen(optarg), o->nonce, o->request.nonce_size) ?
			       0 :
			       complain("--nonce: expected at most 64 bytes in hex, found %s%s", optarg, "");
	}
	(void)fputs(usage, option == 'h' ? stdout : stderr);
	exit(option == 'h' ? 0 : 125);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' }, { "key", required_argument, NULL, 'k' },
		{ "certificate", required_argument, NULL, 'c' }, { "days", required_argument, NULL, 'd' },
		{ "nonce", required_argument, NULL, 'x' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	static struct ratls_options o = { .request = { .name = "localhost", .days = DEFAULT_DAYS },
					  .key = DEFAULT_KEY, .certificate = DEFAULT_CERTIFICATE };
	int option, status;

	o.request.nonce = o.nonce;
	while ((option = getopt_long(argc, argv, "+", options, NULL)) >= 0) {
		status = option_take(&o, option);
		if (status)
			return status;
	}
	status = make_identity(&o);
	if (status || optind == argc)
		return status;
	(void)execvp(argv[optind], argv + optind);
	status = errno == ENOENT ? 127 : 126;
	(void)complain("cannot become %s: %s", argv[optind], strerror(errno));
	return status;
}
