/* What clients send to engines, past HTTP and JSON: base64, base32, otpauth URLs, patches, and backups of keys. */
#include <stdlib.h>
#include <string.h>

#include "server/engine/base64.h"
#include "server/engine/json_merge.h"
#include "server/engine/totp.h"
#include "server/engine/transit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

/* What was read and is written again is read again as the same. */
static void texts(struct pool *p, const char *text)
{
	struct totp_key k = { .secret = { NULL, 0 } };
	struct blob first, again;

	if (!base64_read(p, text, &first)) {
		must(!base64_read(p, base64_behind(p, "", first.at, first.size), &again));
		must(first.size == again.size && !memcmp(first.at, again.at, first.size));
	}
	if (!base64_read_url(p, text, &first)) {
		must(!base64_read_url(p, base64_url(p, first.at, first.size), &again));
		must(first.size == again.size && !memcmp(first.at, again.at, first.size));
	}
	if (base32_read(p, text, &first)) {
		must(base32_read(p, base32(p, first), &again));
		must(first.size == again.size && !memcmp(first.at, again.at, first.size));
	}
	(void)totp_url_read(p, text, &k);
}

/* {"target":..., "patch":...}: results are JSON, and a patch that was applied changes nothing when it is again. */
static void merges(struct pool *p, const struct json *root)
{
	const struct json *patch = json_member_of(root, "patch", JSON_OBJECT), *merged;
	struct text_error error;
	struct blob once, twice;

	if (!patch)
		return;
	once = json_merge(p, json_member(root, "target"), patch);
	merged = pool_read_json(p, (const char *)once.at, once.size, &error);
	must(merged != NULL);
	twice = json_merge(p, merged, patch);
	must(once.size == twice.size && !memcmp(once.at, twice.at, once.size));
	once = json_skeleton(p, patch, 2);
	must(pool_read_json(p, (const char *)once.at, once.size, &error) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_pool_ struct pool p = { .last = NULL };
	struct transit_key *key;
	struct text_error error;
	const struct json *root;
	char *text;

	if (size > 1 << 14)
		return 0;
	pool_init(&p);
	text = pool_copy(&p, (const char *)data, size);
	texts(&p, text);
	root = pool_read_json(&p, text, size, &error);
	if (!root || root->kind != JSON_OBJECT)
		return 0;
	merges(&p, root);
	key = transit_parse("k", root);
	transit_release(key);
	return 0;
}
