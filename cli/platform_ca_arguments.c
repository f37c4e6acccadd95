#include "base/bytes.h"
#include "cli/platform_ca.h"

#include <stdlib.h>
#include <string.h>

/* RFC 5280 5.3.1 */
static const char *const reasons[] = { "unspecified", "key-compromise", "ca-compromise", "affiliation-changed",
				       "superseded", "cessation-of-operation" };

static bool argument_reason(const char *value, int *reason)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reasons[i], value) == 0) {
			*reason = (int)i;
			return true;
		}
	return false;
}

static bool argument_number(const char *value, unsigned long max, unsigned long *to)
{
	char *end;

	if (*value < '0' || *value > '9')
		return false;
	*to = strtoul(value, &end, 10);
	return !*end && *to <= max;
}

static bool argument_hex(const char *value, void *to, size_t size)
{
	return hex_decode(value, strlen(value), to, size);
}

static bool argument_flag(bool *flag)
{
	*flag = true;
	return true;
}

static bool argument_level(struct ca_arguments *a, int option, const char *value, const char **expected)
{
	unsigned long number = 0;

	switch (option) {
	case 'c':
		*expected = "16 bytes in hex";
		a->has_components = true;
		return argument_hex(value, a->level.components, 16);
	case 'v':
		*expected = "a number of 0 to 65535";
		a->has_svn = argument_number(value, 0xffff, &number);
		a->level.svn = (uint16_t)number;
		return a->has_svn;
	case 's':
		*expected = "a status such as UpToDate or OutOfDate";
		a->level.status = tcb_status(value, strlen(value));
		return a->level.status;
	case 'D':
		*expected = "a day such as 2026-05-01";
		return stamp_parse(value, strlen(value), &a->level.date);
	case 'A':
		*expected = "an advisory's id of letters, digits and -, at most 16 of them";
		return tcb_advisory_add(&a->level, value);
	default:
		return false;
	}
}

bool ca_argument(struct ca_arguments *a, int option, const char *value, const char **expected)
{
	const struct {
		int option;
		const char **to;
	} texts[] = { { 'd', &a->dir }, { 'n', &a->name }, { 'o', &a->out }, { 'p', &a->passphrase_file },
		      { 'F', &a->serial } };
	const struct {
		int option;
		bool *to;
	} flags[] = { { 'P', &a->passphrase }, { 'j', &a->json }, { 'R', &a->recover }, { 'q', &a->qe },
		      { 'x', &a->remove } };
	unsigned long number = 0;
	bool good;

	*expected = "";
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].option == option) {
			*texts[i].to = value;
			return true;
		}
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (flags[i].option == option)
			return argument_flag(flags[i].to);
	switch (option) {
	case 'a':
		*expected = "a moment such as 2026-05-01T12:00:00Z or 2026-05-01";
		return stamp_parse(value, strlen(value), &a->at);
	case 'y':
		*expected = "a number of days, 1 to 3650";
		good = argument_number(value, 3650, &number) && number;
		a->days = (uint32_t)number;
		return good;
	case 'r':
		*expected = "unspecified, key-compromise, ca-compromise, affiliation-changed, superseded or "
			    "cessation-of-operation";
		return argument_reason(value, &a->reason);
	case 'f':
		*expected = "6 bytes in hex";
		a->has_fmspc = true;
		return argument_hex(value, a->fmspc, 6);
	default:
		return argument_level(a, option, value, expected);
	}
}
