#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/random.h"
#include "server/seal/record.h"

void key_wrap(const struct secret_key *key, const struct secret_key *by, const char *label, struct wrapped_key *out)
{
	uint8_t *body = out->bytes + AES_GCM_NONCE_SIZE;
	struct aes_gcm gcm;

	random_bytes(out->bytes, AES_GCM_NONCE_SIZE);
	aes_gcm_init(&gcm, by->bytes);
	aes_gcm_seal(&gcm, out->bytes, label, strlen(label), key->bytes, SECRET_KEY_MAX, body, body + SECRET_KEY_MAX);
	aes_gcm_wipe(&gcm);
	out->present = true;
}

bool key_unwrap(const struct wrapped_key *w, const struct secret_key *by, const char *label, struct secret_key *key)
{
	const uint8_t *body = w->bytes + AES_GCM_NONCE_SIZE;
	struct aes_gcm gcm;
	bool good;

	if (!w->present || by->size != SECRET_KEY_MAX)
		return false;
	key->size = SECRET_KEY_MAX;
	aes_gcm_init(&gcm, by->bytes);
	good = aes_gcm_open(&gcm, w->bytes, label, strlen(label), body, SECRET_KEY_MAX, key->bytes,
			    body + SECRET_KEY_MAX);
	aes_gcm_wipe(&gcm);
	return good;
}

struct blob record_write(const struct seal_record *record, struct pool *pool)
{
	struct json_writer w;

	pool_json(pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "type", record->type);
	json_put_u64(&w, "shares", record->shares);
	json_put_u64(&w, "threshold", record->threshold);
	if (record->by_shares.present)
		json_put_hex(&w, "by_shares", record->by_shares.bytes, WRAPPED_SIZE);
	if (record->by_seal.present)
		json_put_hex(&w, "by_seal", record->by_seal.bytes, WRAPPED_SIZE);
	json_close(&w);
	return pool_json_end(&w);
}

static bool wrapped_read(const struct json *object, const char *name, struct wrapped_key *w)
{
	const struct json *value = json_member(object, name);
	struct json_span hex;

	w->present = value != NULL;
	if (!value)
		return true;
	if (value->kind != JSON_STRING)
		return false;
	hex = json_inside(value);
	return hex_decode(hex.at, hex.size, w->bytes, WRAPPED_SIZE);
}

static bool count_read(const struct json *object, const char *name, unsigned int *count)
{
	const struct json *value = json_member_of(object, name, JSON_NUMBER);
	uint64_t n;

	if (!value || !json_u64(value, &n) || n > 255)
		return false;
	*count = (unsigned int)n;
	return true;
}

int record_read(struct seal_record *record, struct blob text)
{
	_cleanup_pool_ struct pool pool = { NULL };
	const struct json *root;
	struct text_error error;
	const char *type;

	pool_init(&pool);
	*record = (struct seal_record){ .shares = 0 };
	root = pool_read_json(&pool, (const char *)text.at, text.size, &error);
	type = root ? pool_json_member(&pool, root, "type") : NULL;
	if (!type || strlen(type) >= sizeof(record->type))
		return -EBADMSG;
	memcpy(record->type, type, strlen(type) + 1);
	if (!count_read(root, "shares", &record->shares) || !count_read(root, "threshold", &record->threshold) ||
	    record->threshold > record->shares || !wrapped_read(root, "by_shares", &record->by_shares) ||
	    !wrapped_read(root, "by_seal", &record->by_seal))
		return -EBADMSG;
	return 0;
}
