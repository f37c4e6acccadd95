/* random, hash/, hmac/ and the verifying of HMACs. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "server/engine/base64.h"
#include "server/engine/transit.h"

#define RANDOM_MOST (128 << 10)

/*
 * "random", "random/{urlbytes}", "random/{source}", "random/{source}/{urlbytes}": a word that is no source is a count.
 */
static int64_t random_count(struct request *r)
{
	const char *text = ask_text(r, "urlbytes"), *source = ask_text(r, "source");
	char *end;
	long count;

	if (!text && source && strcmp(source, "platform") && strcmp(source, "all") && strcmp(source, "seal"))
		text = source;
	if (!text)
		return ask_int(r, "bytes", 32);
	count = strtol(text, &end, 10);
	return *end || !*text ? -1 : count;
}

int transit_random(struct request *r)
{
	const char *format = ask_text_or(r, "format", "base64");
	int64_t count = random_count(r);
	uint8_t *bytes;

	if (count < 0)
		return refuse(r, 400, "error parsing url-set byte count");
	if (count < 1)
		return refuse(r, 400, "'bytes' cannot be less than 1");
	if (count > RANDOM_MOST)
		return refuse(r, 400, "'bytes' should be less than %d", RANDOM_MOST);
	if (strcmp(format, "hex") && strcmp(format, "base64"))
		return refuse(r, 400, "unsupported encoding format \"%s\"; must be \"hex\" or \"base64\"", format);
	bytes = pool_take(&r->pool, (size_t)count);
	random_bytes(bytes, (size_t)count);
	json_put_string(reply_data(r), "random_bytes",
			*format == 'h' ? pool_hex(&r->pool, bytes, (size_t)count) :
					 base64_behind(&r->pool, "", bytes, (size_t)count));
	return 200;
}

const char *transit_hash_name(struct request *r)
{
	static const char *const places[] = { "urlalgorithm", "hash_algorithm", "algorithm" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *name = ask_text(r, places[i]);

		if (name && *name)
			return name;
	}
	return "sha2-256";
}

int transit_hash(struct request *r)
{
	const char *format = ask_text_or(r, "format", "hex"), *wrong;
	const EVP_MD *md = crypto_digest(transit_hash_name(r));
	struct blob input, sum;

	if (!asked(r, "input"))
		return refuse(r, 400, "input missing");
	wrong = base64_read(&r->pool, ask_text(r, "input"), &input);
	if (wrong)
		return refuse(r, 400, "unable to decode input as base64: %s", wrong);
	if (strcmp(format, "hex") && strcmp(format, "base64"))
		return refuse(r, 400, "unsupported encoding format %s; must be \"hex\" or \"base64\"", format);
	if (!md)
		return refuse(r, 400, "unsupported algorithm %s", transit_hash_name(r));
	sum = crypto_hash(&r->pool, md, input);
	json_put_string(reply_data(r), "sum", *format == 'h' ? pool_hex(&r->pool, sum.at, sum.size) :
							       base64_behind(&r->pool, "", sum.at, sum.size));
	return 200;
}

static const char *input_read(struct request *r, const struct json *item, struct blob *input)
{
	const char *wrong = base64_read(&r->pool, item_text(r, item, "input"), input);

	return wrong ? pool_printf(&r->pool, "unable to decode input as base64: %s", wrong) : NULL;
}

static void hmac_item(struct request *r, struct transit_batch *b, const struct transit_version *v, const EVP_MD *md,
		      const struct json *item)
{
	const char *wrong = item_has(item, "input") ? NULL : "missing input for HMAC";
	struct json_writer *w;
	struct blob input, mac;

	if (!wrong)
		wrong = input_read(r, item, &input);
	w = item_answer(r, b, wrong);
	if (!wrong) {
		mac = crypto_hmac(&r->pool, md, v->hmac, input);
		json_put_string(
			w, "hmac",
			base64_behind(&r->pool, pool_printf(&r->pool, "vault:v%lu:", v->number), mac.at, mac.size));
	}
	item_end(r, b, w, item, wrong);
}

int transit_hmac(struct request *r)
{
	const EVP_MD *md = crypto_digest(transit_hash_name(r));
	_cleanup_transit_ struct transit_key *k = transit_named(r);
	int64_t number = ask_int(r, "key_version", 0);
	const struct transit_version *v;
	struct transit_batch b;
	int status;

	if (!k)
		return refuse(r, 400, "encryption key not found");
	if (number < 0)
		return refuse(r, 400, "key version does not exist (cannot be negative)");
	if ((uint64_t)number > k->latest)
		return refuse(r, 400, "key version does not exist; latest key version is %lu", k->latest);
	if (number && (uint64_t)number != k->latest && (uint64_t)number < k->min_encryption)
		return refuse(r, 400, "cannot generate HMAC: version is too old (disallowed by policy)");
	v = transit_version(k, number ? (uint64_t)number : k->latest);
	if (!v || !v->hmac.size)
		return refuse(r, 400, "no HMAC key exists for that key version");
	if (!md)
		return refuse(r, 400, "unsupported algorithm \"%s\"", transit_hash_name(r));
	status = transit_batch(r, &b);
	if (status)
		return status;
	transit_batch_begin(r, &b);
	for (const struct json *item = b.first; item; item = item_next(&b, item))
		hmac_item(r, &b, v, md, item);
	return transit_batch_end(r, &b, false);
}

static const char *hmac_check(struct request *r, const struct transit_key *k, const EVP_MD *md, const struct json *item,
			      bool *valid)
{
	const char *text = item_text(r, item, "hmac"), *rest = NULL, *wrong;
	const struct transit_version *v;
	struct blob input, given, mac;
	uint64_t number = 0;

	wrong = input_read(r, item, &input);
	if (!wrong && !text)
		wrong = "missing hmac";
	if (!wrong)
		wrong = transit_split(&r->pool, k, "HMAC", text, &number, &rest);
	if (wrong)
		return wrong;
	wrong = base64_read(&r->pool, rest, &given);
	if (wrong)
		return pool_printf(&r->pool, "unable to decode verification HMAC as base64: %s", wrong);
	v = transit_version(k, number);
	if (!v->hmac.size)
		return "no HMAC key exists for that key version";
	mac = crypto_hmac(&r->pool, md, v->hmac, input);
	*valid = given.size == mac.size && !CRYPTO_memcmp(given.at, mac.at, mac.size);
	return NULL;
}

int transit_hmac_verify(struct request *r)
{
	const EVP_MD *md = crypto_digest(transit_hash_name(r));
	_cleanup_transit_ struct transit_key *k = transit_named(r);
	struct transit_batch b;
	int status;

	if (!k)
		return refuse(r, 400, "encryption key not found");
	if (!md)
		return refuse(r, 400, "invalid hash algorithm \"%s\"", transit_hash_name(r));
	status = transit_batch(r, &b);
	if (status)
		return status;
	transit_batch_begin(r, &b);
	for (const struct json *item = b.first; item; item = item_next(&b, item)) {
		bool valid = false;
		const char *wrong = hmac_check(r, k, md, item, &valid);
		struct json_writer *w = item_answer(r, &b, wrong);

		if (w)
			json_put_bool(w, "valid", valid);
		item_end(r, &b, w, item, wrong);
	}
	return transit_batch_end(r, &b, false);
}
