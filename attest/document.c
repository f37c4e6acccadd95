#include "attest/document.h"
#include "attest/moment.h"

#include <stdlib.h>

size_t document_values(size_t size)
{
	size_t count = size / 4 + 16; /* {"svn":0}, is what comes densest */

	return count < DOCUMENT_VALUES_MAX ? count : DOCUMENT_VALUES_MAX;
}

bool document_wrong(const struct document *d, const char *name, const char *found)
{
	return refuse(d->why, d->malformed, name, "%s", found);
}

const struct json *document_get(const struct document *d, const struct json *object, const char *name,
				enum json_kind kind)
{
	const struct json *v = json_member(object, name);

	if (v && v->kind == kind)
		return v;
	(void)refuse(d->why, d->malformed, name, "%s where %s is expected", v ? json_kind_name(v->kind) : "nothing",
		     json_kind_name(kind));
	return NULL;
}

bool document_number(const struct document *d, const struct json *object, const char *name, uint64_t max, uint64_t *to)
{
	const struct json *v = document_get(d, object, name, JSON_NUMBER);

	if (!v)
		return false;
	if (!json_u64(v, to) || *to > max)
		return refuse(d->why, d->malformed, name, "%.*s where a whole number up to %llu is expected",
			      v->span.size < 40 ? (int)v->span.size : 40, v->span.at, (unsigned long long)max);
	return true;
}

/* No document has escapes (document_read() looks), so that a string is what stands between the quotes. */
static struct attest_bytes document_text(const struct json *string)
{
	struct json_span s = json_inside(string);

	return bytes_of(s.at, s.size);
}

bool document_hex(const struct document *d, const struct json *object, const char *name, void *to, size_t size)
{
	const struct json *v = document_get(d, object, name, JSON_STRING);

	if (!v)
		return false;
	if (!hex_decode(json_inside(v).at, json_inside(v).size, to, size))
		return refuse(d->why, d->malformed, name, "something other than %zu hex digits", 2 * size);
	return true;
}

bool document_moment(const struct document *d, const struct json *object, const char *name, int64_t *to)
{
	const struct json *v = document_get(d, object, name, JSON_STRING);

	if (!v)
		return false;
	return moment_read(document_text(v), to) || document_wrong(d, name, "no moment such as 2026-05-01T12:00:00Z");
}

bool document_dates(const struct document *d, const struct json *object, struct document_dates *to)
{
	uint64_t number;

	if (!document_moment(d, object, "issueDate", &to->issued) ||
	    !document_moment(d, object, "nextUpdate", &to->next_update) ||
	    !document_number(d, object, "tcbEvaluationDataNumber", UINT32_MAX, &number))
		return false;
	to->evaluation_number = (uint32_t)number;
	return true;
}

static bool document_status(const struct document *d, const struct json *level, enum attest_status *to)
{
	/* What Intel gives to levels; the others are conclusions. */
	static const struct {
		const char *name;
		enum attest_status status;
	} known[] = {
		{ "UpToDate", ATTEST_UpToDate },
		{ "SWHardeningNeeded", ATTEST_SWHardeningNeeded },
		{ "ConfigurationNeeded", ATTEST_ConfigurationNeeded },
		{ "ConfigurationAndSWHardeningNeeded", ATTEST_ConfigurationAndSWHardeningNeeded },
		{ "OutOfDate", ATTEST_OutOfDate },
		{ "OutOfDateConfigurationNeeded", ATTEST_OutOfDateConfigurationNeeded },
		{ "Revoked", ATTEST_Revoked },
	};
	const struct json *v = document_get(d, level, "tcbStatus", JSON_STRING);

	for (size_t i = 0; v && i < sizeof(known) / sizeof(known[0]); i++)
		if (bytes_equal(document_text(v), bytes_of(known[i].name, strlen(known[i].name)))) {
			*to = known[i].status;
			return true;
		}
	return v && document_wrong(d, "tcbStatus", "an unknown status");
}

/* Its index, added when it is new; -1: the name is none, or there are too many. */
static int advisory_find(struct advisories *all, struct attest_bytes id)
{
	if (id.size == 0 || id.size >= ATTEST_ADVISORY_SIZE)
		return -1;
	for (uint32_t i = 0; i < all->count; i++)
		if (memcmp(all->id[i], id.at, id.size) == 0 && all->id[i][id.size] == '\0')
			return (int)i;
	for (size_t i = 0; i < id.size; i++)
		if (id.at[i] <= 0x20 || id.at[i] >= 0x7f)
			return -1;
	if (all->count == ATTEST_ADVISORIES_MAX)
		return -1;
	memcpy(all->id[all->count], id.at, id.size);
	all->id[all->count][id.size] = '\0';
	return (int)all->count++;
}

static bool document_advisories(const struct document *d, const struct json *level, struct advisory_set *to)
{
	memset(to, 0, sizeof(*to));
	if (!json_member(level, "advisoryIDs"))
		return true;
	level = document_get(d, level, "advisoryIDs", JSON_ARRAY);
	if (!level)
		return false;
	for (const struct json *v = level->first; v; v = v->next) {
		int i = v->kind == JSON_STRING ? advisory_find(d->advisories, document_text(v)) : -1;

		if (i < 0)
			return document_wrong(d, "advisoryIDs", "what is no advisory, or more than 128 of them");
		to->word[i / 64] |= (uint64_t)1 << (i % 64);
	}
	return true;
}

bool document_verdict(const struct document *d, const struct json *level, struct tcb_verdict *to)
{
	return document_moment(d, level, "tcbDate", &to->date) && document_status(d, level, &to->status) &&
	       document_advisories(d, level, &to->advisories);
}

void advisories_add(struct advisory_set *to, const struct advisory_set *from)
{
	for (int i = 0; i < ADVISORIES_WORDS; i++)
		to->word[i] |= from->word[i];
}

static int advisories_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

void advisories_put(const struct advisories *all, const struct advisory_set *set, struct attest_verdict *v)
{
	v->advisory_count = 0;
	for (uint32_t i = 0; i < all->count; i++)
		if (set->word[i / 64] >> (i % 64) & 1)
			memcpy(v->advisories[v->advisory_count++], all->id[i], ATTEST_ADVISORY_SIZE);
	qsort(v->advisories, v->advisory_count, sizeof(v->advisories[0]), advisories_compare);
}
