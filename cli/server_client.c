#include "cli/server_client.h"
#include "cli/cli.h"
#include "image/paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name, *summary;
} verbs[] = {
#define W(name, summary) { name, summary },
#include "cli/server_client.def"
#undef W
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

bool server_client_has(const char *verb)
{
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(verbs[i].name, verb) == 0)
			return true;
	return false;
}

void server_client_help(void)
{
	for (size_t i = 0; i < VERBS; i++)
		(void)printf("  %-10s %s\n", verbs[i].name, verbs[i].summary);
}

int server_client_run(char **argv)
{
	char path[PATHS_MAX];

	if (!paths_beside(path, "client/", "adyton-client"))
		return cli_fail("%s: adyton-client is not installed (../libexec/adyton)", argv[1]);
	execv(path, argv);
	return cli_fail("%s: cannot execute %s: %s", argv[1], path, strerror(errno));
}
