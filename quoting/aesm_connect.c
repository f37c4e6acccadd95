#include "quoting/aesm.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define AESM_TIMEOUT_S 35 /* longer than it is told to take */

int aesm_connect(const char *path, struct fail *f)
{
	struct timeval limit = { .tv_sec = AESM_TIMEOUT_S };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(at.sun_path))
		return fail(f, "AESM: the path of its socket is too long: %s", path);
	memcpy(at.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) &&
	    !connect(fd, (struct sockaddr *)&at, sizeof(at)))
		return fd;
	(void)fail(f, "AESM: cannot connect to %s: %s (is aesmd running?)", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}
