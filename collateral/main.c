/*
 * adyton-collateral: what `adyton collateral` executes. A program of its own, because it needs libcurl and its
 * libraries, and the command is static.
 */
#include "base/bytes.h"
#include "collateral/collateral.h"
#include "platform/stamp.h"

#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct option options[] = {
	{ "cache", required_argument, NULL, 'c' },
	{ "trust", required_argument, NULL, 't' },
	{ "output", required_argument, NULL, 'o' },
	{ "evidence", required_argument, NULL, 'e' },
	{ "from", required_argument, NULL, 'F' },
	{ "url", required_argument, NULL, 'u' },
	{ "kds-url", required_argument, NULL, 'k' },
	{ "product", required_argument, NULL, 'P' },
	{ "root-crl-url", required_argument, NULL, 'R' },
	{ "update", required_argument, NULL, 'U' },
	{ "fmspc", required_argument, NULL, 'f' },
	{ "ca", required_argument, NULL, 'C' },
	{ "tee", required_argument, NULL, 'T' },
	{ "at", required_argument, NULL, 'a' },
	{ "days", required_argument, NULL, 'd' },
	{ "early", required_argument, NULL, 'E' },
	{ "interval", required_argument, NULL, 'i' },
	{ "patience", required_argument, NULL, 'p' },
	{ "timeout", required_argument, NULL, 'm' },
	{ "refresh", no_argument, NULL, 'r' },
	{ "once", no_argument, NULL, '1' },
	{ "json", no_argument, NULL, 'j' },
	{ 0 },
};

static const struct command {
	const char *name;
	int (*run)(struct arguments *a);
	int operands, more; /* at least, at most */
} commands[] = {
	{ "get", command_get, 0, 0 }, { "show", command_show, 0, 1 }, { "check", command_check, 1, 1 },
	{ "pack", command_pack, 0, 0 }, { "watch", command_watch, 0, 0 },
};

int say(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fputs("adyton: ", stderr);
	(void)vfprintf(stderr, format, args);
	(void)fputc('\n', stderr);
	va_end(args);
	return status;
}

int64_t moment_of(const struct arguments *a)
{
	return a->at ? a->at : (int64_t)time(NULL);
}

static bool main_number(const char *value, int64_t max, int64_t unit, int64_t *to)
{
	char *end;
	unsigned long number;

	if (*value < '0' || *value > '9')
		return false;
	number = strtoul(value, &end, 10);
	*to = (int64_t)number * unit;
	return !*end && number <= (unsigned long)max;
}

static bool main_subject(struct arguments *a, int option, const char *value)
{
	if (option == 'f') {
		a->has_subject = true;
		return hex_decode(value, strlen(value), a->subject.fmspc, 6);
	}
	if (option == 'P')
		return subject_product(&a->subject, value);
	if (option == 'C') {
		a->subject.processor = strcmp(value, "processor") == 0;
		return a->subject.processor || strcmp(value, "platform") == 0;
	}
	a->subject.tee = strcmp(value, "tdx") == 0 ? ATTEST_TDX : ATTEST_SGX;
	return a->subject.tee == ATTEST_TDX || strcmp(value, "sgx") == 0;
}

static bool main_value(struct arguments *a, int option, const char *value)
{
	int64_t number;

	switch (option) {
	case 'a':
		return stamp_parse(value, strlen(value), &a->at);
	case 'd':
		return main_number(value, 3650, STAMP_DAY, &a->days);
	case 'E':
		return main_number(value, 3650, STAMP_DAY, &a->early);
	case 'i':
		return main_number(value, 86400, 1, &a->interval) && a->interval;
	case 'p':
		return main_number(value, 86400, 1, &a->patience);
	case 'm':
		if (!main_number(value, 3600, 1, &number) || !number)
			return false;
		a->timeout = number;
		return true;
	case 'U':
		a->source.update = value;
		return strcmp(value, "early") == 0 || strcmp(value, "standard") == 0;
	default:
		return main_subject(a, option, value);
	}
}

static bool main_option(struct arguments *a, int option, const char *value)
{
	const struct {
		int option;
		const char **to;
	} texts[] = { { 'c', &a->dir }, { 't', &a->trust }, { 'o', &a->output }, { 'e', &a->evidence },
		      { 'F', &a->from }, { 'u', &a->source.url }, { 'R', &a->source.root_crl }, { 'k', &a->kds } };
	const struct {
		int option;
		bool *to;
	} flags[] = { { 'r', &a->refresh }, { '1', &a->once }, { 'j', &a->json } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].option == option) {
			*texts[i].to = value;
			return true;
		}
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (flags[i].option == option) {
			*flags[i].to = true;
			return true;
		}
	return main_value(a, option, value);
}

static int main_usage(const char *what, const char *found)
{
	return say(EXIT_USAGE, "collateral: %s%s%s\nTry: adyton help collateral", what, found ? " " : "",
		   found ? found : "");
}

static int main_run(const struct command *c, struct arguments *a)
{
	int status;

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return say(1, "collateral: libcurl does not start");
	status = c->run(a);
	curl_global_cleanup();
	if (fflush(stdout) || ferror(stdout))
		return say(1, "cannot write the output: %s", strerror(errno));
	return status;
}

int main(int argc, char **argv)
{
	struct arguments a = { .days = 7 * STAMP_DAY, .early = 10 * STAMP_DAY, .interval = 3600, .patience = 60,
			       .timeout = 30, .subject.tee = ATTEST_SGX };
	const struct command *c = NULL;
	int o;

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, argv[1]) == 0)
			c = &commands[i];
	if (!c)
		return main_usage("expected get, show, check, pack or watch", NULL);
	argc--, argv++;
	while ((o = getopt_long(argc, argv, ":o:", options, NULL)) >= 0) {
		if (o == '?' || o == ':')
			return main_usage(o == ':' ? "a value is missing:" : "there is no option", argv[optind - 1]);
		if (!main_option(&a, o, optarg))
			return main_usage("this value is out of range or of another form:", optarg);
	}
	if (argc - optind < c->operands || argc - optind > c->more)
		return main_usage("wrong number of operands", NULL);
	a.operand = argc > optind ? argv[optind] : NULL;
	return main_run(c, &a);
}
