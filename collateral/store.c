#include "collateral/store.h"
#include "base/bytes.h"
#include "image/cleanup.h"
#include "image/io.h"
#include "platform/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>

static int store_trust(struct store *s, const char *path, struct fail *f)
{
	_cleanup_free_ uint8_t *pem = NULL;
	struct attest_refusal why;
	size_t size;

	s->trust = attest_new();
	if (!s->trust)
		return fail(f, "making a verifier: out of memory");
	if (!path)
		return 0;
	if (io_read_file(path, 1 * MIB, &pem, &size, f))
		return -1;
	if (attest_trust(s->trust, pem, size, &why))
		return fail(f, "%s: expected %s", path, why.expected);
	return 0;
}

int store_open(struct store *s, const char *dir, const char *trust, int64_t now, struct fail *f)
{
	char cache[PATHS_MAX];

	*s = (struct store){ .now = now };
	if (!dir)
		dir = getenv("ADYTON_COLLATERAL");
	if (!dir && paths_cache(cache, f))
		return -1;
	if ((size_t)snprintf(s->dir, sizeof(s->dir), "%s%s", dir ? dir : cache, dir ? "" : "/collateral") >=
	    sizeof(s->dir))
		return fail(f, "the cache: its path is too long");
	return io_make_dirs(s->dir, f) ?: store_trust(s, trust, f);
}

void store_close(struct store *s)
{
	attest_free(s->trust);
	s->trust = NULL;
}

void store_path(const struct store *s, const struct subject *who, char path[PATHS_MAX])
{
	char name[SUBJECT_NAME_MAX];

	subject_name(who, name);
	if ((size_t)snprintf(path, PATHS_MAX, "%s/%s.json", s->dir, name) >= PATHS_MAX)
		path[0] = '\0';
}

int store_get(const struct store *s, const struct subject *who, char **json, struct contents *c, struct fail *f)
{
	char path[PATHS_MAX];
	uint8_t *text;
	size_t size;

	*json = NULL;
	store_path(s, who, path);
	if (io_read_file(path, ATTEST_COLLATERAL_MAX, &text, &size, f))
		return -1;
	if (contents_read(c, (char *)text, size, f)) {
		free(text);
		return -1;
	}
	*json = (char *)text;
	return 0;
}

static void store_report_name(const struct subject *who, char name[SUBJECT_NAME_MAX + 8])
{
	subject_name(who, name);
	(void)snprintf(name + strlen(name), 8, ".report");
}

int store_put_report(const struct store *s, const struct subject *who, const uint8_t *report, size_t size,
		     struct fail *f)
{
	char name[SUBJECT_NAME_MAX + 8];
	_cleanup_free_ char *hex = malloc(2 * size + 1);

	if (!hex)
		return fail(f, "keeping the report: out of memory");
	hex_encode(report, size, hex);
	store_report_name(who, name);
	return state_put_file(s->dir, name, hex, 0644, f);
}

/* Of an SNP chip: the report that is kept must be genuine with these documents. */
static int store_check_report(const struct store *s, const struct subject *who, const struct attest_collateral *c,
			      struct fail *f)
{
	char path[PATHS_MAX + SUBJECT_NAME_MAX + 16], name[SUBJECT_NAME_MAX + 8], text[1024];
	_cleanup_free_ struct attest_verdict *v = calloc(1, sizeof(*v));
	_cleanup_free_ uint8_t *report = NULL;
	struct attest_request r = { .collateral = c, .now = s->now };
	size_t size;

	store_report_name(who, name);
	(void)snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	if (!v || io_read_file(path, ATTEST_EVIDENCE_MAX, &report, &size, f))
		return v ? -1 : fail(f, "verifying: out of memory");
	r.evidence = (struct attest_bytes){ report, size };
	attest_verify(s->trust, &r, v);
	refusal_text(&v->refusal, text, sizeof(text));
	return v->genuine ? 0 : fail(f, "%s", text);
}

static int store_check_signatures(const struct store *s, const struct subject *who, const char *json, struct fail *f)
{
	struct attest_collateral *c;
	struct attest_refusal why = { 0 };
	char text[1024];
	int err = 0;

	if (attest_collateral_parse(s->trust, json, strlen(json), &c, &why)) {
		refusal_text(&why, text, sizeof(text));
		return fail(f, "%s", text);
	}
	if (who->tee == ATTEST_SNP)
		err = store_check_report(s, who, c, f);
	attest_collateral_free(c);
	return err;
}

static int store_check_dates(const struct store *s, const struct contents *c, struct fail *f)
{
	char from[STAMP_SIZE], until[STAMP_SIZE];

	for (size_t i = 0; i < c->count; i++) {
		if (c->items[i].issued <= s->now && s->now <= c->items[i].until)
			continue;
		stamp_text(c->items[i].issued, from);
		stamp_text(c->items[i].until, until);
		return fail(f, "%s: it holds from %s until %s, and not now", c->items[i].what, from, until);
	}
	return 0;
}

static int store_check_subject(const struct subject *who, const struct contents *c, struct fail *f)
{
	char name[SUBJECT_NAME_MAX];

	subject_name(who, name);
	if (who->tee == ATTEST_SNP)
		return 0;
	if (strcasecmp(c->id, who->tee == ATTEST_TDX ? "TDX" : "SGX") || strncasecmp(name + 4, c->fmspc, 12) ||
	    strlen(c->fmspc) != 12)
		return fail(f, "the TCB info is for %s %s, and %s was asked for", c->id, c->fmspc, name);
	if (!strstr(c->issuer, who->processor ? "Processor" : "Platform"))
		return fail(f, "the PCK CRL is of \"%s\", and %s was asked for", c->issuer, name);
	return 0;
}

int store_verify(const struct store *s, const struct subject *who, const char *json, struct contents *c,
		 struct fail *f)
{
	return store_check_signatures(s, who, json, f) || contents_read(c, json, strlen(json), f) ||
			       store_check_dates(s, c, f) || store_check_subject(who, c, f) ?
		       -1 :
		       0;
}

/* A source that shows yesterday's list hides what was revoked today. */
static int store_check_newer(const struct contents *fresh, const struct contents *old, struct fail *f)
{
	for (size_t i = 0; i < fresh->count; i++)
		for (size_t k = 0; k < old->count; k++)
			if (strcmp(fresh->items[i].member, old->items[k].member) == 0 &&
			    !strstr(fresh->items[i].member, "chain") && fresh->items[i].issued < old->items[k].issued)
				return fail(f, "%s: the source's is older than the one that is cached",
					    fresh->items[i].what);
	return old->has_list && !fresh->has_list ? fail(f, "the source gives no revocation list any more") : 0;
}

int store_put(const struct store *s, const struct subject *who, const char *json, struct fail *f)
{
	_cleanup_close_ int lock = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *cached = NULL;
	char name[SUBJECT_NAME_MAX + 8];
	struct contents fresh, old;
	struct fail ignored;

	if (lock < 0 || flock(lock, LOCK_EX))
		return fail(f, "cannot lock the cache %s: %s", s->dir, strerror(errno));
	if (store_verify(s, who, json, &fresh, f))
		return -1;
	if (store_get(s, who, &cached, &old, &ignored) == 0 && store_check_signatures(s, who, cached, &ignored) == 0 &&
	    store_check_newer(&fresh, &old, f))
		return -1;
	subject_name(who, name);
	(void)snprintf(name + strlen(name), 8, ".json");
	return state_put_file(s->dir, name, json, 0644, f);
}

static int store_filter(const struct dirent *e)
{
	size_t n = strlen(e->d_name);
	struct subject who;

	return n > 5 && strcmp(e->d_name + n - 5, ".json") == 0 && subject_parse(&who, e->d_name, n - 5);
}

int store_each(const struct store *s, int (*visit)(const struct store *s, const struct subject *who, void *data),
	       void *data)
{
	struct dirent **entries;
	int count = scandir(s->dir, &entries, store_filter, alphasort), err = 0;
	struct subject who;

	for (int i = 0; i < count; i++) {
		if (!err && subject_parse(&who, entries[i]->d_name, strlen(entries[i]->d_name) - 5))
			err = visit(s, &who, data);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return err;
}
