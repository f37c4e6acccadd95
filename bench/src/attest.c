/*
 * Nanoseconds of one verification: with collateral that is parsed once, and with collateral that is parsed each time.
 * attest ROUNDS, and on standard input lines QUOTE BUNDLE SECONDS; prints both figures.
 */
#include "attest/attest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CASES_MAX 128

struct bench_case {
	uint8_t *quote, *bundle;
	size_t quote_size, bundle_size;
	int64_t at;
	struct attest_collateral *parsed;
};

static struct bench_case cases[CASES_MAX];

static _Noreturn void die(const char *what)
{
	(void)fprintf(stderr, "attest: %s\n", what);
	exit(1);
}

static uint8_t *read_file(const char *path, size_t *size)
{
	uint8_t *data = malloc(4 << 20);
	FILE *f = fopen(path, "rb");

	if (!data || !f)
		die(path);
	*size = fread(data, 1, 4 << 20, f);
	(void)fclose(f);
	return data;
}

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static size_t read_cases(struct attest *a)
{
	char quote[1024], bundle[1024];
	struct attest_refusal why;
	long long at;
	size_t n = 0;

	while (n < CASES_MAX && scanf("%1023s %1023s %lld", quote, bundle, &at) == 3) {
		struct bench_case *c = &cases[n++];

		c->quote = read_file(quote, &c->quote_size);
		c->bundle = read_file(bundle, &c->bundle_size);
		c->at = at;
		if (attest_collateral_parse(a, c->bundle, c->bundle_size, &c->parsed, &why))
			die(attest_reason_token(why.reason));
	}
	return n;
}

static void verify(struct attest *a, const struct bench_case *c, const struct attest_collateral *collateral)
{
	static struct attest_verdict v;
	struct attest_request r = { .evidence = { c->quote, c->quote_size }, .collateral = collateral, .now = c->at };

	attest_verify(a, &r, &v);
	if (!v.genuine)
		die(attest_reason_token(v.refusal.reason));
}

static void verify_fresh(struct attest *a, const struct bench_case *c)
{
	struct attest_collateral *collateral;
	struct attest_refusal why;

	if (attest_collateral_parse(a, c->bundle, c->bundle_size, &collateral, &why))
		die(attest_reason_token(why.reason));
	verify(a, c, collateral);
	attest_collateral_free(collateral);
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 20;
	struct attest *a = attest_new();
	size_t count = a ? read_cases(a) : 0;
	double start, parsed, fresh;

	if (!count || rounds < 1)
		die("nothing to verify");
	start = now();
	for (long r = 0; r < rounds; r++)
		for (size_t i = 0; i < count; i++)
			verify(a, &cases[i], cases[i].parsed);
	parsed = (now() - start) / (double)rounds / (double)count;
	start = now();
	for (long r = 0; r < rounds; r++)
		for (size_t i = 0; i < count; i++)
			verify_fresh(a, &cases[i]);
	fresh = (now() - start) / (double)rounds / (double)count;
	(void)printf("%.0f %.0f\n", parsed, fresh);
	return 0;
}
