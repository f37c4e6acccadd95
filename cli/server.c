/* `adyton server`: the secrets server. in an enclave, unless -dev or -native run it as an ordinary program. */
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

/* In an enclave: a script makes the image, or finds the one that it made, and runs it. */
static int server_enclave(const char *server, int argc, char **argv)
{
	char script[PATHS_MAX], self[PATHS_MAX];
	char *all[256] = { script, self, (char *)(uintptr_t)server };
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0 || argc > 250)
		return cli_fail("server: too many arguments");
	self[n] = '\0';
	if (!paths_beside(script, "../deploy/", "server-enclave") && !paths_beside(script, "", "server-enclave"))
		return cli_fail("server: server-enclave is not installed (../libexec/adyton)");
	for (int i = 1; i < argc; i++)
		all[i + 2] = argv[i];
	execv(script, all);
	return cli_fail("server: cannot execute %s: %s", script, strerror(errno));
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
	if (!paths_beside(path, "", "adyton-server"))
		return cli_fail("server: adyton-server is not installed (../libexec/adyton)");
	if (!native)
		return server_enclave(path, kept, argv);
	execv(path, argv);
	return cli_fail("server: cannot execute %s: %s", path, strerror(errno));
}
