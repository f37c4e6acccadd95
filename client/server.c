/* vault server ...: the server itself, which is another program. */
#include "client/client.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* From where this program really is: an installation's libexec folder, or a build. */
int server_become(int argc, char **argv)
{
	static const char *const places[] = { "adyton-server", "../adyton-server", "../../bin/adyton-server" };
	char self[PATH_MAX] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash = n > 0 ? strrchr(self, '/') : NULL;

	(void)argc;
	if (!slash)
		return complain(1, "server: cannot tell where this program is");
	*slash = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *path = keep_format("%s/%s", self, places[i]);

		if (access(path, X_OK) == 0) {
			execv(path, argv);
			return complain(1, "server: cannot execute %s: %s", path, strerror(errno));
		}
	}
	return complain(1, "server: adyton-server is not installed beside %s", self);
}
