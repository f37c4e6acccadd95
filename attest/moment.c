/* Moments as documents write them: seconds since 1970 in UTC, by the Gregorian calendar. */
#include "attest/moment.h"

/* Days since 1970-01-01 by the civil calendar, counted in eras of 400 years that begin in March. */
static int64_t moment_days(int64_t year, int64_t month, int64_t day)
{
	int64_t shifted = year - (month <= 2), era = shifted / 400, of_era = shifted % 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool moment_is_leap(int year)
{
	return year % 4 == 0 && (year % 100 || year % 400 == 0);
}

bool moment_make(int year, int month, int day, int hour, int minute, int second, int64_t *at)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 ||
	    minute > 59 || second < 0 || second > 59 || day > days[month - 1] + (month == 2 && moment_is_leap(year)))
		return false;
	*at = moment_days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return true;
}

/* `count` digits, or -1. */
static int moment_digits(const uint8_t *at, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (at[i] < '0' || at[i] > '9')
			return -1;
		value = value * 10 + at[i] - '0';
	}
	return value;
}

bool moment_read(struct attest_bytes text, int64_t *at)
{
	const uint8_t *t = text.at;

	return text.size == 20 && t[4] == '-' && t[7] == '-' && t[10] == 'T' && t[13] == ':' && t[16] == ':' &&
	       t[19] == 'Z' &&
	       moment_make(moment_digits(t, 4), moment_digits(t + 5, 2), moment_digits(t + 8, 2),
			   moment_digits(t + 11, 2), moment_digits(t + 14, 2), moment_digits(t + 17, 2), at);
}

/* RFC 5280 4.1.2.5: UTCTime with seconds until 2049, GeneralizedTime without fractions. */
bool moment_take(struct der *d, int64_t *at)
{
	bool utc = der_peek(d) == DER_UTC_TIME;
	struct attest_bytes b = der_take(d, utc ? DER_UTC_TIME : DER_GENERALIZED_TIME);
	const uint8_t *t = b.at;
	int year;

	if (d->failed || b.size != (utc ? 13 : 15) || t[b.size - 1] != 'Z')
		return false;
	year = moment_digits(t, utc ? 2 : 4);
	if (utc && year >= 0)
		year += year < 50 ? 2000 : 1900;
	t += utc ? 2 : 4;
	return moment_make(year, moment_digits(t, 2), moment_digits(t + 2, 2), moment_digits(t + 4, 2),
			   moment_digits(t + 6, 2), moment_digits(t + 8, 2), at);
}

static char *moment_put(char *to, int64_t value, int count, char behind)
{
	for (int i = count; i; i--, value /= 10)
		to[i - 1] = (char)('0' + value % 10);
	to[count] = behind;
	return to + count + 1;
}

const char *attest_moment_text(int64_t at, char *to)
{
	int64_t days = at / 86400, seconds = at % 86400, era, of_era, of_year, year, month;
	char *t = to;

	if (at < 0 || at > 253402300799) /* 9999-12-31T23:59:59Z */
		return at < 0 ? "before 1970" : "never";
	days += 719468;
	era = days / 146097;
	days %= 146097;
	of_era = (days - days / 1460 + days / 36524 - days / 146096) / 365;
	of_year = days - (of_era * 365 + of_era / 4 - of_era / 100);
	month = (5 * of_year + 2) / 153;
	year = era * 400 + of_era + (month >= 10);
	t = moment_put(t, year, 4, '-');
	t = moment_put(t, month < 10 ? month + 3 : month - 9, 2, '-');
	t = moment_put(t, of_year - (153 * month + 2) / 5 + 1, 2, 'T');
	t = moment_put(t, seconds / 3600, 2, ':');
	t = moment_put(t, seconds / 60 % 60, 2, ':');
	t = moment_put(t, seconds % 60, 2, 'Z');
	*t = '\0';
	return to;
}
