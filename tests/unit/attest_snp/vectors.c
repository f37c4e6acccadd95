#include "tests/unit/attest_snp/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const char *folder(void)
{
	const char *given = getenv("ADYTON_VECTORS");

	return given && *given ? given : SOURCE_ROOT "/../shared/vectors";
}

bool vectors_present(void)
{
	if (access(folder(), R_OK) == 0)
		return true;
	(void)fprintf(stderr, "SKIPPED: there is no real evidence in %s (ADYTON_VECTORS)\n", folder());
	return false;
}

static void path_make(char *to, size_t size, const char *format, va_list args)
{
	int n = snprintf(to, size, "%s/", folder());

	(void)vsnprintf(to + n, size - (size_t)n, format, args);
}

bool vector_exists(const char *format, ...)
{
	char path[4096];
	va_list args;

	va_start(args, format);
	path_make(path, sizeof(path), format, args);
	va_end(args);
	return access(path, R_OK) == 0;
}

void *kept(void *pointer)
{
	static void *all[16384];
	static size_t count;

	assert_true(count < sizeof(all) / sizeof(all[0]));
	all[count++] = pointer;
	return pointer;
}

struct attest_bytes vector(const char *format, ...)
{
	const size_t max = 1 << 20;
	uint8_t *data = malloc(max);
	char path[4096];
	va_list args;
	FILE *file;
	size_t size;

	va_start(args, format);
	path_make(path, sizeof(path), format, args);
	va_end(args);
	file = fopen(path, "rb");
	if (!file)
		fail_msg("cannot open %s", path);
	size = fread(data, 1, max - 1, file);
	assert_false(ferror(file));
	(void)fclose(file);
	data = kept(realloc(data, size + 1));
	data[size] = 0;
	return (struct attest_bytes){ data, size };
}

int64_t moment(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	assert_true(end && !*end);
	return timegm(&tm);
}

void refused_for(struct attest *a, const struct attest_request *r, enum attest_reason reason)
{
	static struct attest_verdict v;

	attest_verify(a, r, &v);
	if (v.refusal.reason != reason)
		fail_msg("expected %s, found %s (%s | %s)", attest_reason_token(reason),
			 attest_reason_token(v.refusal.reason), v.refusal.expected, v.refusal.found);
	assert_false(v.accepted);
	assert_int_equal(v.genuine, reason >= ATTEST_R_tcb_level_not_found);
}

void accepted(struct attest *a, const struct attest_request *r, struct attest_verdict *v)
{
	attest_verify(a, r, v);
	if (v->refusal.reason != ATTEST_OK)
		fail_msg("refused: %s (%s | %s)", attest_reason_token(v->refusal.reason), v->refusal.expected,
			 v->refusal.found);
	assert_true(v->genuine);
	assert_true(v->accepted);
}
