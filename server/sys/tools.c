/* sys/tools: random bytes and hashes. */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "crypto/random.h"
#include "server/sys/sys.h"

#define RANDOM_MAX (128 * 1024)

static int put_encoded(struct request *r, const char *name, const char *format, const void *bytes, size_t size)
{
	if (!strcmp(format, "hex"))
		json_put_string(reply_data(r), name, pool_hex(&r->pool, bytes, size));
	else if (!strcmp(format, "base64"))
		json_put_string(reply_data(r), name, pool_base64(&r->pool, bytes, size));
	else
		return refuse(r, 400, "unsupported encoding format \"%s\"; must be \"hex\" or \"base64\"", format);
	return 200;
}

static bool is_source(const char *text)
{
	return !strcmp(text, "platform") || !strcmp(text, "seal") || !strcmp(text, "all");
}

/* One segment of the path is a source or a number; two are both. */
static int tools_random(struct request *r)
{
	const char *first = ask_text(r, "first"), *count = ask_text(r, "urlbytes");
	const char *source = ask_text_or(r, "source", "platform");
	int64_t bytes = ask_int(r, "bytes", 32);
	uint8_t *out;
	char *end;

	if (first && (count || is_source(first)))
		source = first;
	else if (first)
		count = first;
	if (count) {
		bytes = strtol(count, &end, 10);
		if (*end || !*count)
			return refuse(r, 400, "error parsing url-set byte count: \"%s\"", count);
	}
	if (!is_source(source))
		return refuse(r, 400, "unsupported entropy source \"%s\"; must be \"platform\" or \"seal\", or \"all\"",
			      source);
	if (bytes < 1)
		return refuse(r, 400, "\"bytes\" cannot be less than 1");
	if (bytes > RANDOM_MAX)
		return refuse(r, 400, "\"bytes\" should be less than %d", RANDOM_MAX);
	out = pool_take(&r->pool, (size_t)bytes);
	random_bytes(out, (size_t)bytes);
	return put_encoded(r, "random_bytes", ask_text_or(r, "format", "base64"), out, (size_t)bytes);
}

static int tools_hash(struct request *r)
{
	static const char *const algorithms[] = { "sha2-224", "sha2-256", "sha2-384", "sha2-512", "sha3-224",
		"sha3-256", "sha3-384", "sha3-512" };
	const char *algorithm = ask_text(r, "urlalgorithm"), *input = ask_text(r, "input");
	uint8_t digest[EVP_MAX_MD_SIZE];
	struct blob bytes;
	size_t size = sizeof(digest);

	if (!algorithm)
		algorithm = ask_text_or(r, "algorithm", "sha2-256");
	if (!input || !pool_base64_read(&r->pool, input, &bytes))
		return refuse(r, 400, "unable to decode input as base64: expected standard base64");
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (strcmp(algorithms[i], algorithm))
			continue;
		if (EVP_Q_digest(NULL, algorithm, NULL, bytes.at, bytes.size, digest, &size) != 1)
			return refuse(r, 500, "hashing failed");
		return put_encoded(r, "sum", ask_text_or(r, "format", "hex"), digest, size);
	}
	return refuse(r, 400, "unsupported algorithm %s", algorithm);
}

static const struct field random_fields[] = {
	{ "bytes", FIELD_INT, "how many; 32" }, { "format", FIELD_STRING, "base64 or hex" },
	{ "source", FIELD_STRING, "platform, seal or all" }, { NULL },
};
static const struct field hash_fields[] = {
	{ "input", FIELD_STRING, "base64" }, { "algorithm", FIELD_STRING, "sha2-256 by default; sha2- or sha3-" },
	{ "format", FIELD_STRING, "hex or base64" }, { NULL },
};

static const struct route routes[] = {
	{ "tools/random", 0, .update = tools_random, .fields = random_fields, .text = "random bytes" },
	{ "tools/random/{first}", 0, .update = tools_random, .fields = random_fields, .text = "random bytes" },
	{ "tools/random/{first}/{urlbytes}", 0, .update = tools_random, .fields = random_fields,
	  .text = "random bytes" },
	{ "tools/hash", 0, .update = tools_hash, .fields = hash_fields, .text = "the hash of a text" },
	{ "tools/hash/{urlalgorithm}", 0, .update = tools_hash, .fields = hash_fields, .text = "the hash of a text" },
};
const struct route_table sys_tools_tables[] = { ROUTES(routes), { NULL } };
