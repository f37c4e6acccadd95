#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "init/init.h"

int main(int argc, char **argv)
{
	struct init_options options;
	struct connection c;

	/* Nothing of a file or a variable changes what is negotiated. */
	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	options_read(&options, argc, argv);
	(void)signal(SIGPIPE, SIG_IGN);
	connection_open(&c, &options);
	init_login(&c);
	items_deliver(&c);
	arguments_fill(&c, options.program);
	connection_close(&c);
	(void)signal(SIGPIPE, SIG_DFL);
	execvp(options.program[0], options.program);
	init_fail("%s: %s", options.program[0], strerror(errno));
}
