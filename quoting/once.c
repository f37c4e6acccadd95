/*
 * `adyton quote`: one quote over the caller's report data, asked for by a small measured program of ours; or the
 * evidence of the machine below.
 */
#include "quoting/service.h"
#include "base/bytes.h"
#include "image/cleanup.h"
#include "image/io.h"
#include "quoting/tsm.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ONCE_FAILED 125
#define ONCE_MAX (64UL << 10)

enum once_form { ONCE_BINARY, ONCE_HEX, ONCE_BASE64 };

struct once {
	uint8_t data[64];
	const char *out;
	const char *certificates; /* SNP: where the host's certificate table goes */
	enum once_form form;
	bool machine;
	uint8_t quote[ONCE_MAX];
	size_t size;
	char text[2 * ONCE_MAX + 2];
};

static int once_options(struct once *o, struct service *s, int argc, char **argv, struct fail *f)
{
	static const struct option options[] = {
		{ "report-data", required_argument, NULL, 'r' }, { "output", required_argument, NULL, 'o' },
		{ "hex", no_argument, NULL, 'x' }, { "base64", no_argument, NULL, 'b' },
		{ "memory", required_argument, NULL, 'm' }, { "machine", no_argument, NULL, 'M' },
		{ "certificates", required_argument, NULL, 'c' }, { 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "o:", options, NULL)) >= 0) {
		if (option == 'r') {
			size_t n = strlen(optarg) / 2;

			if (n > sizeof(o->data) || !hex_decode(optarg, strlen(optarg), o->data, n))
				return fail(f,
					    "quote: --report-data: expected at most 64 bytes in hexadecimal, found %s",
					    optarg);
		} else if (option == 'o') {
			o->out = optarg;
		} else if (option == 'x' || option == 'b') {
			o->form = option == 'x' ? ONCE_HEX : ONCE_BASE64;
		} else if (option == 'M') {
			o->machine = true;
		} else if (option == 'c') {
			o->certificates = optarg;
		} else if (option == 'm' && strcmp(optarg, "ordinary") == 0) {
			s->ordinary_memory = true;
		} else if (option != 'm' || strcmp(optarg, "secret")) {
			return fail(f, "quote: there is no such option or choice; try: adyton help quote");
		}
	}
	if (optind != argc)
		return fail(f, "quote: expected no operand, found %s", argv[optind]);
	/* The kernel would refuse it, too. */
	if (memcmp(o->data, "ADY", 3) == 0)
		return fail(f, "quote: report data that begin with \"ADY\" (414459) are reserved for Adyton's own "
			    "protocols");
	return 0;
}

static int64_t once_age(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : st.st_mtim.tv_sec;
}

/* Made again when a part of it is newer. */
static int once_image(const struct service *s, struct fail *f)
{
	const struct service_image image = { .name = "quoter", .program = "quoter",
					     .keys = "  allow {\n    arguments = true\n  }\n" };
	char own[PATHS_MAX], program[PATHS_MAX], kernel[PATHS_MAX];

	if (folder_path(own, s, "quoter.adyton", f) || paths_kernel(kernel, f))
		return -1;
	if (paths_beside(program, "", "quoter") && once_age(own) > once_age(program) &&
	    once_age(own) > once_age(kernel))
		return 0;
	return image_make(s, &image, f);
}

/* What the program prints, and its exit status. */
static int once_collect(struct once *o, int fd, pid_t pid)
{
	ssize_t n = 1;
	int status = 0;

	while (o->size < sizeof(o->quote) && n) {
		n = read(fd, o->quote + o->size, sizeof(o->quote) - o->size);
		if (n < 0 && errno != EINTR)
			break;
		o->size += n > 0 ? (size_t)n : 0;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : ONCE_FAILED;
}

static int once_run(struct once *o, const struct service *s, struct fail *f)
{
	char hex[2 * sizeof(o->data) + 1];
	int ends[2], status = ONCE_FAILED;
	pid_t pid;

	hex_encode(o->data, sizeof(o->data), hex);
	if (pipe2(ends, O_CLOEXEC))
		return fail(f, "quote: no pipe: %s", strerror(errno));
	_cleanup_close_ int in = ends[0];
	{
		_cleanup_close_ int out = ends[1];

		if (run_image(s, "quoter.adyton", hex, 0, out, &pid, f))
			return -1;
	}
	status = once_collect(o, in, pid);
	return status ? fail(f, "quote: there is none: %s", status < ONCE_FAILED ? strerror(status) : "see above") : 0;
}

static int once_put(const char *out, const void *from, size_t size, struct fail *f)
{
	struct io_new file;
	int error;

	if (!out) {
		error = io_write(1, from, size);
		return error ? fail(f, "quote: cannot write: %s", strerror(-error)) : 0;
	}
	if (io_new_open(&file, out, 0644, f))
		return -1;
	error = io_write(file.fd, from, size);
	if (error)
		(void)fail(f, "quote: cannot write %s: %s", out, strerror(-error));
	else
		error = io_new_commit(&file, out, f);
	io_new_drop(&file);
	return error ? -1 : 0;
}

static int once_write(struct once *o, struct fail *f)
{
	size_t size;

	if (o->form == ONCE_BINARY)
		return once_put(o->out, o->quote, o->size, f);
	if (o->form == ONCE_HEX)
		hex_encode(o->quote, o->size, o->text);
	else
		(void)EVP_EncodeBlock((unsigned char *)o->text, o->quote, (int)o->size);
	size = strlen(o->text);
	o->text[size++] = '\n';
	return once_put(o->out, o->text, size, f);
}

/* $ADYTON_TSM: an entry of configfs-tsm that somebody made for us, as for a container. */
static int once_machine(struct once *o, struct fail *f)
{
	static struct tsm t;

	if (tsm_read(&t, getenv("ADYTON_TSM"), o->data, f))
		return -1;
	memcpy(o->quote, t.report, t.report_size);
	o->size = t.report_size;
	return o->certificates ? once_put(o->certificates, t.auxiliary, t.auxiliary_size, f) : 0;
}

static int once_enclave(struct once *o, const struct service *s, struct fail *f)
{
	return io_make_dirs(s->dir, f) || once_image(s, f) || once_run(o, s, f) ? -1 : 0;
}

int once_main(struct service *s, int argc, char **argv)
{
	static struct once o;
	struct fail f;

	if (!once_options(&o, s, argc, argv, &f) && !(o.machine ? once_machine(&o, &f) : once_enclave(&o, s, &f)) &&
	    !once_write(&o, &f))
		return 0;
	(void)fprintf(stderr, "adyton: %s\n", f.text);
	return ONCE_FAILED;
}
