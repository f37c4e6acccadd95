/*
 * adyton-quoting serve DIR soft|hw secret|ordinary | init DIR [OUT] | install DIR FROM | machine DIR [forget] |
 *                once DIR [OPTION]...
 *
 * The host half starts `serve` with a socket as descriptor 3; the others are behind `adyton platform` and
 * `adyton quote`. A program of its own, so that neither needs the library.
 */
#include "quoting/service.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "", *more = argc > 3 ? argv[3] : NULL;
	struct service s = { .dir = argc > 2 ? argv[2] : "", .fd = -1, .pid = -1 };
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < 2);
	if (s.dir[0] != '/' || setenv("ADYTON_PLATFORM", s.dir, 1))
		what = "";
	if (strcmp(what, "serve") == 0 && argc == 5) {
		s.silicon = strcmp(more, "hw") == 0;
		s.ordinary_memory = strcmp(argv[4], "ordinary") == 0;
		return serve_main(&s);
	}
	if (strcmp(what, "init") == 0)
		return init_main(&s, more);
	if (strcmp(what, "install") == 0 && more)
		return install_main(&s, more);
	if (strcmp(what, "machine") == 0)
		return machine_main(&s, more ? more : "");
	if (strcmp(what, "once") == 0)
		return once_main(&s, argc - 2, argv + 2);
	(void)fprintf(stderr, "adyton-quoting is started by adyton\n");
	return 2;
}
