/* What the verbs share. Each verb is a file with `int verb_NAME(int argc, char **argv)`: the exit status. */
#ifndef ADYTON_CLI_CLI_H
#define ADYTON_CLI_CLI_H

#include "image/build.h"

#define EXIT_OWN_FAILURE 125
#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND 127

#define V(name, usage, summary, options) int verb_##name(int argc, char **argv);
#include "cli/verbs.def"
#undef V

/* Of `adyton platform`: argv[0] is the command. */
int platform_ca(int argc, char **argv);
int platform_init(int argc, char **argv);
int platform_install(int argc, char **argv);
int platform_machine(int argc, char **argv);

/* "adyton: <sentence>" on stderr; returns EXIT_OWN_FAILURE. */
int cli_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* For a wrong command line: also where help is. */
int cli_usage(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* getopt_long has met something wrong (and says nothing itself). */
int cli_bad_option(const char *verb, int result, char **argv);
/* Flush stdout; a full disk or closed pipe is a failure. */
int cli_finish(void);
/* Print malloc'd text and free it. */
int cli_print(char *text);

/* Print what build and sign made. */
int cli_report(const struct build_result *r);

/* Asks on the terminal, or reads the first line of passphrase->file. */
void cli_passphrase(struct passphrase *p, const char *file);
/* For a new key: asked for twice. The length, or -1 with f set. */
int cli_new_passphrase(const char *file, char *buffer, int size, struct fail *f);

#endif
