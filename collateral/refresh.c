#include "collateral/collateral.h"
#include "base/bytes.h"
#include "image/cleanup.h"
#include "image/io.h"
#include "collateral/amd.h"

#include <string.h>

/* Early: so long before the end, but not before two thirds of the time have gone. */
static bool refresh_is_due(const struct store *s, const struct contents *c, const struct arguments *a)
{
	for (size_t i = 0; i < c->count; i++) {
		int64_t life = c->items[i].until - c->items[i].issued,
			early = life / 3 < a->early ? life / 3 : a->early;

		/* A certificate is not renewed by asking again. */
		if (!strstr(c->items[i].member, "chain") && strcmp(c->items[i].member, "vek") &&
		    s->now >= c->items[i].until - early)
			return true;
	}
	return false;
}

static int refresh_fetch(struct store *s, const struct subject *who, const struct arguments *a, struct fail *f)
{
	const struct fetch fetch = { .state = s->dir, .patience = a->patience, .timeout = a->timeout };
	_cleanup_free_ char *json = NULL;

	struct fail missing;

	if (who->tee == ATTEST_SNP) {
		if (amd_get(a->kds, who, &fetch, &json, &missing, f) || store_put(s, who, json, f))
			return -1;
		if (*missing.text)
			(void)say(0, "collateral: without a revocation list: %s", missing.text);
		return 0;
	}
	return intel_get(&a->source, who, &fetch, &json, f) || store_put(s, who, json, f) ? -1 : 0;
}

enum refreshed refresh_subject(struct store *s, const struct subject *who, const struct arguments *a, struct fail *f)
{
	_cleanup_free_ char *cached = NULL;
	struct contents c;
	struct fail ignored;
	bool holds = store_get(s, who, &cached, &c, &ignored) == 0 && store_verify(s, who, cached, &c, &ignored) == 0;

	if (holds && !a->refresh && !refresh_is_due(s, &c, a))
		return REFRESHED_NOT_DUE;
	if (refresh_fetch(s, who, a, f) == 0)
		return REFRESHED_NEW;
	return holds ? REFRESHED_STALE : REFRESHED_FAILED;
}

/* A bundle names its subject itself. */
static int refresh_put(struct store *s, const char *json, size_t size, struct fail *f)
{
	struct subject who = { .tee = ATTEST_SGX };
	struct contents c;

	if (contents_read(&c, json, size, f))
		return -1;
	if (strcmp(c.id, "TDX") == 0)
		who.tee = ATTEST_TDX;
	if (strlen(c.fmspc) != 12 || !hex_decode(c.fmspc, 12, who.fmspc, 6))
		return fail(f, "the bundle does not say for which FMSPC it is");
	who.processor = strstr(c.issuer, "Processor");
	return store_put(s, &who, json, f);
}

int refresh_from_file(struct store *s, const char *path, struct fail *f)
{
	_cleanup_free_ uint8_t *text = NULL;
	const struct json *bundles;
	struct contents_text t;
	int count = 0;
	size_t size;

	if (io_read_file(path, 64 * MIB, &text, &size, f) || contents_parse(&t, (char *)text, size, f))
		return -1;
	bundles = json_member_of(t.values, "bundles", JSON_ARRAY);
	if (!bundles) {
		count = refresh_put(s, t.text, t.size, f) ? -1 : 1;
	} else {
		for (const struct json *b = bundles->first; bundles->count && b && count >= 0; b = b->next) {
			_cleanup_free_ char *one = strndup(b->span.at, b->span.size);

			count = one && refresh_put(s, one, b->span.size, f) == 0 ? count + 1 : -1;
		}
	}
	contents_free(&t);
	return count;
}
