#include "platform/stamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Digits where the form has '0', the form's own characters elsewhere. */
static bool stamp_has_form(const char *text, size_t size, const char *form)
{
	if (size != strlen(form))
		return false;
	for (size_t i = 0; i < size; i++)
		if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	return true;
}

static int stamp_number(const char *at, int digits)
{
	int value = 0;

	while (digits--)
		value = value * 10 + (*at++ - '0');
	return value;
}

bool stamp_parse(const char *text, size_t size, int64_t *moment)
{
	bool day = stamp_has_form(text, size, "0000-00-00");
	struct tm given = { 0 }, normal;
	time_t seconds;

	if (!day && !stamp_has_form(text, size, "0000-00-00T00:00:00Z"))
		return false;
	given.tm_year = stamp_number(text, 4) - 1900;
	given.tm_mon = stamp_number(text + 5, 2) - 1;
	given.tm_mday = stamp_number(text + 8, 2);
	if (!day) {
		given.tm_hour = stamp_number(text + 11, 2);
		given.tm_min = stamp_number(text + 14, 2);
		given.tm_sec = stamp_number(text + 17, 2);
	}
	normal = given;
	seconds = timegm(&normal);
	*moment = seconds;
	return normal.tm_year == given.tm_year && normal.tm_mon == given.tm_mon && normal.tm_mday == given.tm_mday &&
	       normal.tm_hour == given.tm_hour && normal.tm_min == given.tm_min && normal.tm_sec == given.tm_sec;
}

void stamp_text(int64_t moment, char text[STAMP_SIZE])
{
	time_t seconds = moment;
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099 ||
	    !strftime(text, STAMP_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm))
		(void)snprintf(text, STAMP_SIZE, "%s", "0000-00-00T00:00:00Z");
}

void stamp_put(struct json_writer *w, const char *name, int64_t moment)
{
	char text[STAMP_SIZE];

	stamp_text(moment, text);
	json_put_string(w, name, text);
}
