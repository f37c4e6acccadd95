/* keys/ of TOTP, and its paths. */
#include <string.h>

#include "crypto/random.h"
#include "server/core/backends.h"
#include "server/engine/base64.h"
#include "server/engine/totp.h"

#define QR_MOST 2048 /* pixels a side */

static const char *key_name(struct request *r, const char *name)
{
	return pool_printf(&r->pool, "key/%s", name);
}

bool totp_key_read(struct request *r, const char *name, struct totp_key *k)
{
	const struct json *entry = entry_read(r, &r->mount->view, key_name(r, name)), *value;
	const char *secret = pool_json_member(&r->pool, entry, "secret");
	struct {
		const char *name;
		uint64_t *to;
	} numbers[] = { { "period", &k->period }, { "digits", &k->digits }, { "skew", &k->skew } };

	*k = (struct totp_key){ .issuer = pool_json_member(&r->pool, entry, "issuer"),
				.account = pool_json_member(&r->pool, entry, "account_name"),
				.algorithm = pool_json_member(&r->pool, entry, "algorithm") };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		value = json_member_of(entry, numbers[i].name, JSON_NUMBER);
		if (!value || !json_u64(value, numbers[i].to))
			return false;
	}
	return secret && k->algorithm && k->period && base32_read(&r->pool, secret, &k->secret);
}

static int keys_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "key/");

	return reply_keys(r, &names);
}

static int key_read(struct request *r)
{
	struct json_writer *w;
	struct totp_key k;

	if (!totp_key_read(r, ask_text(r, "name"), &k))
		return 404;
	w = reply_data(r);
	json_put_string(w, "account_name", k.account);
	json_put_string(w, "algorithm", k.algorithm);
	json_put_u64(w, "digits", k.digits);
	json_put_string(w, "issuer", k.issuer);
	json_put_u64(w, "period", k.period);
	return 200;
}

static int key_delete(struct request *r)
{
	const char *name = ask_text(r, "name");

	entry_lock(r, LOCK_ENGINE, &r->mount->view, pool_printf(&r->pool, "used/%s", name));
	entry_delete(r, &r->mount->view, key_name(r, name));
	entry_delete(r, &r->mount->view, pool_printf(&r->pool, "used/%s", name));
	return 204;
}

static int settings_check(struct request *r, const struct totp_key *k)
{
	static const char *const algorithms[] = { "SHA1", "SHA256", "SHA512" };
	int64_t qr_size = ask_int(r, "qr_size", 200), key_size = ask_int(r, "key_size", 20);
	bool known = false;

	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		known |= !strcmp(k->algorithm, algorithms[i]);
	if (k->digits != 6 && k->digits != 8)
		return refuse(r, 400, "the digits value can only be 6 or 8");
	if (!known)
		return refuse(r, 400, "the algorithm value is not valid");
	if (!k->period || k->period > INT32_MAX)
		return refuse(r, 400, "the period value must be greater than zero");
	if (k->skew > 1)
		return refuse(r, 400, "the skew value must be 0 or 1");
	if (qr_size < 0)
		return refuse(r, 400, "the qr_size value must be greater than or equal to zero");
	if (qr_size > QR_MOST)
		return refuse(r, 400, "the qr_size value must not be greater than %d", QR_MOST);
	if (key_size <= 0 || key_size > 1024)
		return refuse(r, 400, "the key_size value must be greater than zero%s",
			      key_size > 0 ? " and at most 1024" : "");
	return 0;
}

/* A secret of our own; shown once, unless not even that is wanted. 0, or refused. */
static int key_generate(struct request *r, struct totp_key *k)
{
	size_t size = (size_t)ask_int(r, "key_size", 20);
	int64_t qr_size = ask_int(r, "qr_size", 200);
	uint8_t *secret = pool_take(&r->pool, size);
	struct blob png;
	char *url;

	if (!*k->account)
		return refuse(r, 400, "the account_name value is required for generated keys");
	if (!*k->issuer)
		return refuse(r, 400, "the issuer value is required for generated keys");
	random_bytes(secret, size);
	k->secret = (struct blob){ secret, size };
	if (!ask_bool(r, "exported", true))
		return 0;
	url = totp_url(&r->pool, k);
	if (qr_size && !qr_png(&r->pool, url, (uint32_t)qr_size, &png))
		return refuse(r, 400, "failed to generate QR code image: it does not fit into %ld pixels", qr_size);
	if (qr_size)
		json_put_string(reply_data(r), "barcode", base64_behind(&r->pool, "", png.at, png.size));
	json_put_string(reply_data(r), "url", url);
	return 0;
}

static void key_store(struct request *r, const char *name, const struct totp_key *k)
{
	struct json_writer *w = entry_write(r);

	json_put_string(w, "secret", base32(&r->pool, k->secret));
	json_put_string(w, "issuer", k->issuer);
	json_put_string(w, "account_name", k->account);
	json_put_string(w, "algorithm", k->algorithm);
	json_put_u64(w, "period", k->period);
	json_put_u64(w, "digits", k->digits);
	json_put_u64(w, "skew", k->skew);
	entry_written(r, &r->mount->view, key_name(r, name), w);
}

/* The secret that was brought along, as `key` or in `url`: 0, or refused. */
static int key_take(struct request *r, struct totp_key *k)
{
	const char *text = ask_text_or(r, "key", ""), *url = ask_text_or(r, "url", ""), *wrong = NULL;

	if (*url)
		wrong = totp_url_read(&r->pool, url, k);
	else if (*text && !base32_read(&r->pool, text, &k->secret))
		wrong = "invalid key value: illegal base32 data";
	return wrong ? refuse(r, 400, "%s", wrong) : 0;
}

static int key_create(struct request *r)
{
	bool generate = ask_bool(r, "generate", false);
	struct totp_key k = {
		.issuer = ask_text_or(r, "issuer", ""), .account = ask_text_or(r, "account_name", ""),
		.algorithm = ask_text_or(r, "algorithm", "SHA1"), .period = ask_seconds(r, "period", 30),
		.digits = (uint64_t)ask_int(r, "digits", 6), .skew = (uint64_t)ask_int(r, "skew", 1),
	};
	int status;

	if (generate && *ask_text_or(r, "key", ""))
		return refuse(r, 400, "a key should not be passed if generate is true");
	if (generate && *ask_text_or(r, "url", ""))
		return refuse(r, 400, "a url should not be passed if generate is true");
	status = generate ? 0 : key_take(r, &k);
	if (!status)
		status = settings_check(r, &k);
	if (!status && generate)
		status = key_generate(r, &k);
	if (!status && !k.secret.size)
		status = refuse(r, 400, "the key value is required");
	if (status)
		return status;
	key_store(r, ask_text(r, "name"), &k);
	return r->reply.has_data ? 200 : 204;
}

static const struct field key_fields[] = {
	{ "generate", FIELD_BOOL, "Make the secret here." },
	{ "exported", FIELD_BOOL, "Answer with the secret that was made." },
	{ "key_size", FIELD_INT, "Bytes of a secret that is made." },
	{ "url", FIELD_STRING, "A secret that is brought along, as otpauth://." },
	{ "key", FIELD_STRING, "A secret that is brought along, base32." },
	{ "issuer", FIELD_STRING, "Whose service it is." },
	{ "account_name", FIELD_STRING, "Whose account it is." },
	{ "period", FIELD_SECONDS, "How long a code stands." },
	{ "algorithm", FIELD_STRING, "SHA1, SHA256 or SHA512." },
	{ "digits", FIELD_INT, "6 or 8." },
	{ "skew", FIELD_INT, "Periods to either side that count: 0 or 1." },
	{ "qr_size", FIELD_INT, "Pixels of a side of the QR code; 0: none." },
	{ NULL, FIELD_ANY, NULL },
};

static const struct field code_fields[] = {
	{ "code", FIELD_STRING, "The code to check." },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route totp_routes[] = {
	{ .pattern = "keys", .list = keys_list, .text = "Names of keys." },
	{ .pattern = "keys/{name}", .read = key_read, .update = key_create, .delete = key_delete, .fields = key_fields,
	  .text = "Make, show, delete a key." },
	{ .pattern = "code/{name}", .read = totp_code_read, .update = totp_code_check, .fields = code_fields,
	  .text = "The code of now; check a code." },
};

static const struct route_table totp_tables[] = { ROUTES(totp_routes), { .routes = NULL } };

const struct backend totp_backend = { .type = "totp", .class = MOUNT_SECRET, .tables = totp_tables };
