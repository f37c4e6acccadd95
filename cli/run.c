/* adyton run: read the options, find image or program, become adyton-host. This path decides how long a start takes:
 * no RSA, no hashing of the kernel, nothing of the image is read but its first page. */
#include "cli/cli.h"
#include "cli/launch.h"
#include "cli/probe.h"
#include "cli/search.h"
#include "image/io.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

struct run {
	struct launch_request launch;
	const char *stats;
	bool memory_given;
	struct fail fail;
};

static const struct { const char *name; uint32_t flag; } trace_kinds[] = {
	{ "syscall", LAUNCH_TRACE_SYSCALL },
	{ "hostcall", LAUNCH_TRACE_HOSTCALL },
	{ "fault", LAUNCH_TRACE_FAULT },
	{ "signal", LAUNCH_TRACE_SIGNAL },
	{ "all", LAUNCH_TRACE_SYSCALL | LAUNCH_TRACE_HOSTCALL | LAUNCH_TRACE_FAULT | LAUNCH_TRACE_SIGNAL },
};

static bool is_syscall(const char *name, size_t size)
{
	static const char *const names[] = {
#define S(number, name, arguments, support, caveat) #name,
#include "abi/syscall.def"
#undef S
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0)
			return true;
	return false;
}

/* A comma-separated list of kinds and of names of system calls; the names go on as they are. */
static int run_trace(struct run *r, const char *what)
{
	static char names[4096];
	size_t used = 0;

	if (!what) {
		r->launch.trace |= LAUNCH_TRACE_SYSCALL;
		return 0;
	}
	for (const char *at = what;; at++) {
		size_t n = strcspn(at, ","), i;

		for (i = 0; i < sizeof(trace_kinds) / sizeof(trace_kinds[0]); i++)
			if (strlen(trace_kinds[i].name) == n && memcmp(trace_kinds[i].name, at, n) == 0)
				break;
		if (i < sizeof(trace_kinds) / sizeof(trace_kinds[0])) {
			r->launch.trace |= trace_kinds[i].flag;
		} else if (is_syscall(at, n) && used + n + 2 < sizeof(names)) {
			r->launch.trace |= LAUNCH_TRACE_SYSCALL;
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%.*s", used ? "," : "", (int)n,
						 at);
			r->launch.trace_names = names;
		} else {
			return cli_usage(
				"run",
				"run: --trace: expected syscall, hostcall, fault, signal, all or the name of a system "
				"call, found %.*s",
				(int)n, at);
		}
		at += n;
		if (!*at)
			return 0;
	}
}

static int run_choice(const char *option, const char *value, const char *const names[], uint32_t *out)
{
	for (uint32_t i = 0; names[i]; i++) {
		if (strcmp(names[i], value) == 0) {
			*out = i;
			return 0;
		}
	}
	return cli_usage("run", "run: --%s: there is no such choice: %s", option, value);
}

static int run_option(struct run *r, int o, char **argv)
{
	static const char *const memories[] = { "secret", "ordinary", NULL }, *const processors[] = { "auto", "soft",
												      "hw", NULL };

	switch (o) {
	case 's':
		r->stats = optarg;
		return 0;
	case 't':
		return run_trace(r, optarg);
	case 'm':
		r->memory_given = true;
		return run_choice("memory", optarg, memories, &r->launch.memory);
	case 'p':
		return run_choice("processor", optarg, processors, &r->launch.processor);
	case 'x':
		r->launch.flags |= LAUNCH_STRICT;
		return 0;
	default:
		return cli_bad_option("run", o, argv);
	}
}

/* An image whose definition says ordinary memory is run on it without being asked to. */
static uint32_t run_image_flags(int fd)
{
	struct image_header h;
	struct image_segment s;
	uint32_t record[4];

	if (io_pread(fd, &h, sizeof(h), 0))
		return 0;
	for (uint32_t i = 0; i < h.segment_count && i < IMAGE_SEGMENTS_MAX; i++) {
		if (io_pread(fd, &s, sizeof(s), sizeof(h) + i * sizeof(s)))
			return 0;
		if (s.address == h.definition && s.file_offset &&
		    io_pread(fd, record, sizeof(record), s.file_offset) == 0)
			return record[0] == DEF_BEGIN ? record[3] : 0;
	}
	return 0;
}

/* True when the operand is an image; its descriptor then is in the request. */
static bool run_open_image(struct run *r, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return false;
	if (!image_has_magic(fd)) {
		close(fd);
		return false;
	}
	r->launch.image_fd = fd;
	r->launch.image_path = path;
	if (!r->memory_given && run_image_flags(fd) & DEF_FLAG_ORDINARY_MEMORY)
		r->launch.memory = LAUNCH_MEMORY_ORDINARY;
	return true;
}

static int run_open_quick(struct run *r, const char *operand)
{
	static char program[PATHS_MAX], image[PATHS_MAX];
	int status = search_program(operand, program, &r->fail);

	if (status)
		return status;
	if (run_open_image(r, program))
		return 0;
	r->launch.image_fd = build_quick(image, r->launch.memory == LAUNCH_MEMORY_ORDINARY, &r->fail);
	if (r->launch.image_fd < 0)
		return EXIT_OWN_FAILURE;
	r->launch.image_path = image;
	r->launch.program = program;
	r->launch.flags |= LAUNCH_QUICK;
	return 0;
}

/* Silicon where it is complete: what it protects, software only imitates. Strict emulation is software's alone. */
static void run_processor(struct launch_request *l)
{
	if (l->processor == LAUNCH_PROCESSOR_AUTO && !(l->flags & LAUNCH_STRICT) && probe_available("hw"))
		l->processor = LAUNCH_PROCESSOR_HW;
}

static int run_operands(struct run *r, char **operands)
{
	int status = run_open_image(r, operands[0]) ? 0 : run_open_quick(r, operands[0]);

	if (status)
		return status;
	r->launch.argv = operands;
	if (!(r->launch.flags & LAUNCH_QUICK)) {
		r->launch.argv++;
		if (r->launch.argv[0] && strcmp(r->launch.argv[0], "--") == 0)
			r->launch.argv++;
	}
	if (r->stats) {
		r->launch.stats_fd = open(r->stats, O_WRONLY | O_CREAT | O_TRUNC, 0666);
		if (r->launch.stats_fd < 0) {
			(void)fail(&r->fail, "run: cannot write %s: %s", r->stats, strerror(errno));
			return EXIT_OWN_FAILURE;
		}
	}
	run_processor(&r->launch);
	if (personality(UINT32_MAX) & ADDR_NO_RANDOMIZE)
		r->launch.flags |= LAUNCH_NO_RANDOMIZE;
	(void)launch_exec(&r->launch, &r->fail);
	return EXIT_OWN_FAILURE;
}

int verb_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "stats", required_argument, NULL, 's' }, { "trace", optional_argument, NULL, 't' },
		{ "memory", required_argument, NULL, 'm' }, { "processor", required_argument, NULL, 'p' },
		{ "strict", no_argument, NULL, 'x' }, { 0 },
	};
	struct run r = { .launch = { .image_fd = -1, .stats_fd = -1, .envp = environ } };
	int o, status;

	while ((o = getopt_long(argc, argv, "+:", options, NULL)) >= 0) {
		status = run_option(&r, o, argv);
		if (status)
			return status;
	}
	if (optind == argc)
		return cli_usage("run", "run: expected a program or an image");
	status = run_operands(&r, argv + optind);
	(void)cli_fail("%s", r.fail.text);
	return status;
}
