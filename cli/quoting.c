/* `adyton platform init`, `install` and `machine`, `adyton quote`: adyton-quoting does the work, in our place. */
#include "cli/cli.h"
#include "image/paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUOTING_ARGUMENTS 32

/* Become adyton-quoting WHAT DIR [ARGUMENT]... */
static int quoting_exec(const char *what, int argc, char **argv)
{
	char program[PATHS_MAX], dir[PATHS_MAX], *list[QUOTING_ARGUMENTS] = { program, (char *)(uintptr_t)what, dir };
	struct fail f;

	if (argc > QUOTING_ARGUMENTS - 4)
		return cli_usage("", "too many arguments");
	if (!paths_beside(program, "quoting/", "adyton-quoting"))
		return cli_fail("quoting: expected adyton-quoting beside this command (quoting/ or "
				"../libexec/adyton/), found none");
	if (paths_platform(dir, &f))
		return cli_fail("%s", f.text);
	for (int i = 0; i < argc; i++)
		list[3 + i] = argv[i];
	execv(program, list);
	return cli_fail("quoting: cannot execute %s: %s", program, strerror(errno));
}

int platform_init(int argc, char **argv)
{
	if (argc == 1)
		return quoting_exec("init", 0, NULL);
	if (argc == 3 && (strcmp(argv[1], "-o") == 0 || strcmp(argv[1], "--output") == 0))
		return quoting_exec("init", 1, argv + 2);
	if (argc == 2 && strncmp(argv[1], "--output=", 9) == 0) {
		char *out[] = { argv[1] + 9 };

		return quoting_exec("init", 1, out);
	}
	return cli_usage("platform", "platform init: expected nothing more, or -o FILE");
}

int platform_install(int argc, char **argv)
{
	if (argc != 2)
		return cli_usage("platform", "platform install: expected the folder that the operator's CA wrote");
	return quoting_exec("install", 1, argv + 1);
}

int platform_machine(int argc, char **argv)
{
	if (argc == 1)
		return quoting_exec("machine", 0, NULL);
	if (argc == 2 && strcmp(argv[1], "--forget") == 0) {
		char *forget[] = { (char *)(uintptr_t)"forget" };

		return quoting_exec("machine", 1, forget);
	}
	return cli_usage("platform", "platform machine: expected nothing more, or --forget");
}

int verb_quote(int argc, char **argv)
{
	return quoting_exec("once", argc - 1, argv + 1);
}
