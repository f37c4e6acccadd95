/* `adyton server`: the secrets server. -dev and -native run it as an ordinary program of this machine. */
#include "cli/cli.h"
#include "image/paths.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Options are Vault's, with one hyphen; two are as good. */
static bool is_option(const char *argument, const char *name)
{
	argument += argument[0] == '-' && argument[1] == '-';
	return strcmp(argument, name) == 0;
}

int verb_server(int argc, char **argv)
{
	char path[PATHS_MAX];
	bool native = false;
	int kept = 1;

	for (int i = 1; i < argc; i++) {
		if (is_option(argv[i], "-native")) {
			native = true;
			continue;
		}
		native |= is_option(argv[i], "-dev") || is_option(argv[i], "-help") || is_option(argv[i], "-version");
		argv[kept++] = argv[i];
	}
	argv[kept] = NULL;
	if (!native)
		return cli_usage("server", "server: expected -dev or -native");
	if (!paths_beside(path, "", "adyton-server"))
		return cli_fail("server: adyton-server is not installed (../libexec/adyton)");
	execv(path, argv);
	return cli_fail("server: cannot execute %s: %s", path, strerror(errno));
}
