/* Durations and moments as Go writes and reads them, because Vault's clients are held to its forms. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "server/core/request.h"

#define SECOND 1000000000LL

static const struct {
	const char *name;
	int64_t nanoseconds;
} units[] = {
	/* "ms" before "m": the first that fits counts */
	{ "ns", 1 }, { "us", 1000 }, { "\xc2\xb5s", 1000 }, { "ms", 1000000 }, { "s", SECOND }, { "m", 60 * SECOND },
	{ "h", 3600 * SECOND },
};

/* Digits with at most one point: the whole part and the fraction in billionths. */
static const char *number_read(const char *at, int64_t *whole, int64_t *billionths)
{
	int64_t scale = SECOND / 10;
	const char *start = at;

	*whole = *billionths = 0;
	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(*whole, 10, whole) || __builtin_add_overflow(*whole, *at - '0', whole))
			return NULL;
	if (*at == '.') {
		start++;
		for (at++; *at >= '0' && *at <= '9'; at++, scale /= 10)
			*billionths += (*at - '0') * scale;
	}
	return at > start ? at : NULL;
}

static bool unit_add(const char **at, int64_t whole, int64_t billionths, int64_t *sum)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t n = strlen(units[i].name);
		int64_t part;

		if (strncmp(*at, units[i].name, n))
			continue;
		*at += n;
		/* The fraction of an hour in nanoseconds fits: 3.6e12 / 1e9 units times less than 1e9. */
		return !__builtin_mul_overflow(whole, units[i].nanoseconds, &part) &&
		       !__builtin_add_overflow(*sum, part, sum) &&
		       !__builtin_add_overflow(*sum, (int64_t)((__int128)billionths * units[i].nanoseconds / SECOND),
					       sum);
	}
	return false;
}

/* "3h25m19s"; "90" are seconds; "7d" stands alone and is whole. */
bool duration_read(const char *text, int64_t *nanoseconds)
{
	bool negative = *text == '-';
	const char *at = text + (*text == '-' || *text == '+');
	int64_t whole, billionths, sum = 0;

	*nanoseconds = 0;
	if (!*text)
		return true;
	do {
		const char *first = at;

		at = number_read(at, &whole, &billionths);
		if (!at)
			return false;
		if (!*at && !billionths && first == text + negative)
			return !__builtin_mul_overflow(negative ? -whole : whole, SECOND, nanoseconds);
		if (!strcmp(at, "d") && !memchr(first, '.', (size_t)(at - first)) && first == text + negative)
			return !__builtin_mul_overflow(negative ? -whole : whole, 86400 * SECOND, nanoseconds);
		if (!unit_add(&at, whole, billionths, &sum))
			return false;
	} while (*at);
	*nanoseconds = negative ? -sum : sum;
	return true;
}

const char *duration_text(struct pool *p, uint64_t seconds)
{
	uint64_t h = seconds / 3600, m = seconds / 60 % 60, s = seconds % 60;

	if (h)
		return pool_printf(p, "%luh%lum%lus", h, m, s);
	return m ? pool_printf(p, "%lum%lus", m, s) : pool_printf(p, "%lus", s);
}

const char *time_text(struct pool *p, int64_t nanoseconds)
{
	time_t seconds = nanoseconds / SECOND;
	long rest = nanoseconds % SECOND;
	char day[32], fraction[16] = "";
	struct tm tm;

	if (rest < 0) {
		rest += SECOND;
		seconds--;
	}
	gmtime_r(&seconds, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	if (rest) {
		size_t n = (size_t)snprintf(fraction, sizeof(fraction), ".%09ld", rest);

		while (fraction[n - 1] == '0')
			fraction[--n] = '\0';
	}
	return pool_printf(p, "%s%sZ", day, fraction);
}
