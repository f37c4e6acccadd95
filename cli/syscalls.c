#include "cli/cli.h"
#include "base/json_write.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum support { FULL, PARTIAL, NONE };

static const struct {
	unsigned int number;
	const char *name;
	enum support support;
	const char *caveat;
} calls[] = {
#define S(number, name, arguments, support, caveat) { number, #name, support, caveat },
#include "abi/syscall.def"
#undef S
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

static const char *const support_names[] = { "full", "partial", "none" };

static char *syscalls_json(void)
{
	size_t size = 256 * CALLS + (64 << 10);
	char *buffer = malloc(size);
	struct json_writer w;

	if (!buffer)
		return NULL;
	json_write_init(&w, buffer, size, true);
	json_array(&w, NULL);
	for (size_t i = 0; i < CALLS; i++) {
		json_object(&w, NULL);
		json_put_u64(&w, "number", calls[i].number);
		json_put_string(&w, "name", calls[i].name);
		json_put_string(&w, "support", support_names[calls[i].support]);
		json_put_string(&w, "caveat", calls[i].caveat);
		json_close(&w);
	}
	json_close(&w);
	if (json_write_end(&w) >= 0)
		return buffer;
	free(buffer);
	return NULL;
}

static int syscalls_text(void)
{
	size_t count[3] = { 0 };

	for (size_t i = 0; i < CALLS; i++) {
		count[calls[i].support]++;
		(void)printf("%4u  %-26s %-8s %s\n", calls[i].number, calls[i].name, support_names[calls[i].support],
			     calls[i].caveat);
	}
	(void)printf("\n%zu full, %zu partial, %zu none\n", count[FULL], count[PARTIAL], count[NONE]);
	return cli_finish();
}

int verb_syscalls(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
	bool json = false;
	char *text;
	int o;

	while ((o = getopt_long(argc, argv, ":", options, NULL)) >= 0) {
		if (o != 'j')
			return cli_bad_option("syscalls", o, argv);
		json = true;
	}
	if (argc != optind)
		return cli_usage("syscalls", "syscalls: expected no operand");
	if (!json)
		return syscalls_text();
	text = syscalls_json();
	return text ? cli_print(text) : cli_fail("syscalls: out of memory");
}
