#include "cli/cli.h"
#include "cli/server_client.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage, *summary, *options;
} verbs[] = {
#define V(name, usage, summary, options) { #name, verb_##name, usage, summary, options },
#include "cli/verbs.def"
#undef V
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void cli_say(const char *format, va_list args)
{
	(void)fputs("adyton: ", stderr);
	(void)vfprintf(stderr, format, args);
	(void)fputc('\n', stderr);
}

int cli_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cli_say(format, args);
	va_end(args);
	return EXIT_OWN_FAILURE;
}

int cli_usage(const char *verb, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cli_say(format, args);
	va_end(args);
	(void)fprintf(stderr, "Try: adyton help%s%s\n", *verb ? " " : "", verb);
	return EXIT_OWN_FAILURE;
}

int cli_bad_option(const char *verb, int result, char **argv)
{
	if (result == ':')
		return cli_usage(verb, "%s: the option %s needs a value", verb, argv[optind - 1]);
	if (optopt && optopt < 256)
		return cli_usage(verb, "%s: there is no option -%c", verb, optopt);
	return cli_usage(verb, "%s: there is no option %s, or it takes no value", verb, argv[optind - 1]);
}

int cli_finish(void)
{
	if (fflush(stdout) || ferror(stdout))
		return cli_fail("cannot write the output: %s", strerror(errno));
	return 0;
}

int cli_print(char *text)
{
	size_t n = strlen(text);

	(void)fputs(text, stdout);
	if (n && text[n - 1] != '\n')
		(void)fputc('\n', stdout);
	free(text);
	return cli_finish();
}

static const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static int help_all(void)
{
	(void)printf("Adyton runs unmodified programs inside enclaves.\n\nusage: adyton VERB ...\n\n");
	for (size_t i = 0; i < VERBS; i++)
		(void)printf("  %-10s %s\n", verbs[i].name, verbs[i].summary);
	(void)printf("\nThe secrets server's command line (its address in VAULT_ADDR; adyton VERB -help):\n\n");
	server_client_help();
	(void)printf("\nadyton help VERB shows a verb's options; adyton --version the version.\n");
	return cli_finish();
}

static int help_verb(const char *name)
{
	const struct verb *v = verb_find(name);

	if (!v && server_client_has(name))
		return server_client_run((char *[]){ (char *)"adyton", (char *)name, (char *)"-help", NULL });
	if (!v)
		return cli_usage("", "there is no verb %s", name);
	(void)printf("usage: adyton %s %s\n\n%s\n\n%s", v->name, v->usage, v->summary, v->options);
	return cli_finish();
}

/* The descriptors 0 to 2 must be taken, lest a file that is opened later is written to as stderr. */
static void keep_standard_descriptors(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", O_RDWR);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	const struct verb *v = verb_find(name);

	if (v && argc > 2 && (strcmp(argv[2], "--help") == 0 || (strcmp(argv[2], "-h") == 0)))
		return help_verb(name);
	if (v) {
		if (strcmp(name, "run"))
			keep_standard_descriptors();
		return v->run(argc - 1, argv + 1);
	}
	if (server_client_has(name)) {
		keep_standard_descriptors();
		return server_client_run(argv);
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || (strcmp(name, "help") == 0 && argc == 2))
		return help_all();
	if (strcmp(name, "help") == 0)
		return help_verb(argv[2]);
	if (strcmp(name, "--version") == 0) {
		(void)printf("adyton %s\n", ADYTON_VERSION);
		return cli_finish();
	}
	return argc > 1 ? cli_usage("", "there is no verb %s", name) : cli_usage("", "expected a verb");
}
