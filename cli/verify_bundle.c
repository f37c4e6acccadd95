/* Which bundle of collateral: the one that is named, or the one in a folder that fits. */
#include "cli/verify.h"
#include "base/bytes.h"
#include "base/json.h"
#include "image/cleanup.h"
#include "image/io.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BUNDLE_MAX (4 << 20)

/*
 * The machine's bundle as the member of the other one. Text that does not end as an object does stays as it is: reading
 * it says what is wrong. Must be freed; NULL: unchanged.
 */
static uint8_t *bundle_with_machine(struct attest_bytes *text, struct attest_bytes machine)
{
	static const char member[] = ", \"machine\": ";
	size_t before = text->size, room = text->size + machine.size + sizeof(member);
	struct bytes_writer w = { .at = malloc(room), .size = room };

	while (before && strchr(" \t\r\n", text->at[before - 1]))
		before--;
	if (!w.at || !before || text->at[before - 1] != '}') {
		free(w.at);
		return NULL;
	}
	bytes_put(&w, text->at, before - 1);
	bytes_put(&w, member, sizeof(member) - 1);
	bytes_put(&w, machine.at, machine.size);
	bytes_put(&w, "}", 1);
	*text = (struct attest_bytes){ w.at, w.used };
	return w.at;
}

/* The bundle's own refusal counts, unless the evidence has one that comes before all collateral. */
static void verify_with_text(struct attest *a, struct attest_request r, struct attest_bytes text,
			     struct attest_bytes machine, struct attest_verdict *v)
{
	uint8_t *both = machine.size ? bundle_with_machine(&text, machine) : NULL;
	struct attest_collateral *collateral = NULL;
	struct attest_refusal why = { 0 };
	int err = attest_collateral_parse(a, text.at, text.size, &collateral, &why);

	r.collateral = collateral;
	attest_verify(a, &r, v);
	if (err && (v->refusal.reason == ATTEST_OK || v->refusal.reason >= ATTEST_R_collateral_missing)) {
		v->genuine = v->accepted = false;
		v->refusal = why;
	}
	attest_collateral_free(collateral);
	free(both);
}

int verify_with_bundle(struct attest *a, const struct attest_request *r, const char *path, struct attest_bytes machine,
		       struct attest_verdict *v, struct fail *f)
{
	_cleanup_free_ uint8_t *text = NULL;
	size_t size;

	if (io_read_file(path, BUNDLE_MAX, &text, &size, f))
		return -1;
	verify_with_text(a, *r, (struct attest_bytes){ text, size }, machine, v);
	return 0;
}

static struct json *json_of(const char *text, size_t size)
{
	struct json_reader r = { calloc(size + 1, sizeof(struct json)), size + 1, 0 };
	struct text_error error;

	if (r.values && json_read(&r, text, size, &error) == 0)
		return r.values;
	free(r.values);
	return NULL;
}

/* TCB info without `id` is version 2, which only SGX had. */
static bool tcb_info_fits(const struct json *info, const struct attest_verdict *v)
{
	const struct json *fmspc = json_member_of(info, "fmspc", JSON_STRING);
	const struct json *id = json_member_of(info, "id", JSON_STRING);
	char ours[13];

	hex_encode(v->claims.platform.fmspc, sizeof(v->claims.platform.fmspc), ours);
	if ((v->tee == ATTEST_TDX) != (id && json_equals(id, "TDX")))
		return false;
	return !v->claims.platform.known || (fmspc && fmspc->span.size == 14 &&
					      strncasecmp(fmspc->span.at + 1, ours, 12) == 0);
}

/* A bundle is for this evidence if its TCB info is; one without is for SNP. */
static bool bundle_fits(const uint8_t *text, size_t size, const struct attest_verdict *v)
{
	_cleanup_free_ struct json *bundle = json_of((const char *)text, size);
	const struct json *info = json_member(bundle, "tcb_info");
	_cleanup_free_ struct json *inner = NULL;
	_cleanup_free_ char *inside = NULL;
	long n;

	if (!bundle)
		return false;
	if (!info)
		return v->tee == ATTEST_SNP;
	if (v->tee == ATTEST_SNP)
		return false;
	if (info->kind == JSON_OBJECT)
		return tcb_info_fits(info, v);
	if (info->kind != JSON_STRING)
		return false;
	inside = malloc(info->span.size + 1);
	n = inside ? json_decode(json_inside(info), inside, info->span.size) : -1;
	inner = n >= 0 ? json_of(inside, (size_t)n) : NULL;
	return inner && tcb_info_fits(inner, v);
}

/* Accepted before genuine; among refusals the one that came later. */
static bool verdict_is_better(const struct attest_verdict *v, const struct attest_verdict *than)
{
	if (v->accepted != than->accepted)
		return v->accepted;
	if (v->genuine != than->genuine)
		return v->genuine;
	return v->refusal.reason > than->refusal.reason;
}

static int is_bundle(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return entry->d_name[0] != '.' && n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

static void folder_entry(struct attest *a, const struct attest_request *r, const char *path,
			 struct attest_bytes machine, const struct attest_verdict *bare, struct attest_verdict *trial,
			 struct attest_verdict *best, size_t *fitting)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct fail ignored;
	size_t size;

	if (io_read_file(path, BUNDLE_MAX, &text, &size, &ignored) || !bundle_fits(text, size, bare))
		return;
	verify_with_text(a, *r, (struct attest_bytes){ text, size }, machine, trial);
	if ((*fitting)++ == 0 || verdict_is_better(trial, best))
		*best = *trial;
}

static void none_fits(const char *path, size_t count, struct attest_verdict *v)
{
	char fmspc[13];

	if (v->refusal.reason != ATTEST_R_collateral_missing)
		return;
	hex_encode(v->claims.platform.fmspc, sizeof(v->claims.platform.fmspc), fmspc);
	(void)snprintf(v->refusal.expected, sizeof(v->refusal.expected), "a bundle for %s%s%s",
		       v->tee == ATTEST_TDX ? "TDX" : "SGX", v->claims.platform.known ? ", FMSPC " : "",
		       v->claims.platform.known ? fmspc : "");
	(void)snprintf(v->refusal.found, sizeof(v->refusal.found), "none among %zu in %.128s", count, path);
}

int verify_with_folder(struct attest *a, const struct attest_request *r, const char *path, struct attest_bytes machine,
		       struct attest_verdict *v, struct fail *f)
{
	_cleanup_free_ struct attest_verdict *trial = calloc(2, sizeof(*trial));
	struct attest_verdict *bare = trial + 1;
	struct dirent **entries;
	size_t fitting = 0;
	int count = trial ? scandir(path, &entries, is_bundle, alphasort) : -1;

	if (count < 0)
		return fail(f, "verify: %s: %s", path, strerror(errno));
	attest_verify(a, r, bare);
	*v = *bare;
	for (int i = 0; i < count; i++) {
		char name[4096];

		if (snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name) < (int)sizeof(name))
			folder_entry(a, r, name, machine, bare, trial, v, &fitting);
		free(entries[i]);
	}
	free(entries);
	if (!fitting)
		none_fits(path, (size_t)count, v);
	return 0;
}
