#include "collateral/collateral.h"
#include "image/cleanup.h"
#include "image/io.h"
#include "platform/stamp.h"
#include "platform/state.h"

#include <stdio.h>
#include <string.h>

static int get_subject(const struct store *s, struct arguments *a, struct fail *f)
{
	_cleanup_free_ uint8_t *evidence = NULL;
	size_t size;

	if (a->has_subject || !a->evidence)
		return a->has_subject ? 0 : fail(f, "collateral get: expected --evidence, --fmspc or --from");
	if (io_read_file(a->evidence, ATTEST_EVIDENCE_MAX, &evidence, &size, f))
		return -1;
	if (subject_of_evidence(&a->subject, evidence, size, f))
		return -1;
	return a->subject.tee == ATTEST_SNP ? store_put_report(s, &a->subject, evidence, size, f) : 0;
}

static int get_output(const struct store *s, const struct arguments *a, struct fail *f)
{
	_cleanup_free_ char *json = NULL;
	char path[PATHS_MAX], dir[PATHS_MAX];
	struct contents c;
	char *slash;

	store_path(s, &a->subject, path);
	if (!a->output) {
		(void)printf("%s\n", path);
		return 0;
	}
	(void)snprintf(dir, sizeof(dir), "%s%s", *a->output == '/' ? "" : "./", a->output);
	slash = strrchr(dir, '/');
	*slash = '\0';
	if (store_get(s, &a->subject, &json, &c, f))
		return -1;
	return state_put_file(*dir ? dir : "/", slash + 1, json, 0644, f);
}

static void get_warn(const struct store *s, const struct arguments *a)
{
	_cleanup_free_ char *json = NULL;
	char until[STAMP_SIZE];
	struct contents c;
	struct fail f;

	if (store_get(s, &a->subject, &json, &c, &f))
		return;
	for (size_t i = 0; i < c.count; i++)
		if (c.items[i].until < s->now + a->days) {
			stamp_text(c.items[i].until, until);
			(void)say(0, "%s expires at %s", c.items[i].what, until);
		}
}

/* A bundle for an SNP chip does not say so itself: it comes with a report. */
static int get_for_evidence(struct store *s, struct arguments *a, struct fail *f)
{
	_cleanup_free_ uint8_t *json = NULL;
	size_t size;

	if (get_subject(s, a, f) || io_read_file(a->from, ATTEST_COLLATERAL_MAX, &json, &size, f))
		return -1;
	return store_put(s, &a->subject, (char *)json, f) ? -1 : 1;
}

static int get_from_file(struct store *s, struct arguments *a, struct fail *f)
{
	int count = a->evidence ? get_for_evidence(s, a, f) : refresh_from_file(s, a->from, f);

	if (count < 0)
		return say(EXIT_REFUSED, "%s: %s", a->from, f->text);
	(void)printf("%d\n", count);
	return 0;
}

static int get_answer(struct store *s, struct arguments *a, struct fail *f)
{
	switch (refresh_subject(s, &a->subject, a, f)) {
	case REFRESHED_FAILED:
		return say(1, "collateral: %s", f->text);
	case REFRESHED_STALE:
		(void)say(0, "collateral: %s; answering from the cache, which still holds", f->text);
		break;
	default:
		break;
	}
	get_warn(s, a);
	return get_output(s, a, f) ? say(1, "collateral: %s", f->text) : 0;
}

int command_get(struct arguments *a)
{
	struct store s;
	struct fail f;
	int status;

	if (store_open(&s, a->dir, a->trust, moment_of(a), &f))
		status = say(1, "collateral: %s", f.text);
	else if (a->from)
		status = get_from_file(&s, a, &f);
	else if (get_subject(&s, a, &f))
		status = say(1, "%s", f.text);
	else
		status = get_answer(&s, a, &f);
	store_close(&s);
	return status;
}
