#include "cli/cli.h"
#include "image/paths.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Another program does it: this one is static, and libcurl is not. */
int verb_collateral(int argc, char **argv)
{
	char path[PATHS_MAX];

	(void)argc;
	if (!paths_beside(path, "collateral/", "adyton-collateral"))
		return cli_fail("collateral: adyton-collateral is not installed (../libexec/adyton)");
	execv(path, argv);
	return cli_fail("collateral: cannot execute %s: %s", path, strerror(errno));
}
