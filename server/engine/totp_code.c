/* code/: what a key says now, and whether a code is right. */
#include <openssl/crypto.h>
#include <string.h>

#include "server/engine/crypto.h"
#include "server/engine/totp.h"

/* RFC 4226 section 5.3: four bytes, from where the last half byte says. */
char *totp_code(struct pool *p, const struct totp_key *k, uint64_t step)
{
	uint8_t counter[8];
	struct blob mac;
	const uint8_t *at;
	uint32_t number;

	for (int i = 0; i < 8; i++)
		counter[i] = (uint8_t)(step >> (56 - 8 * i));
	mac = crypto_hmac(p, crypto_digest(k->algorithm), k->secret, (struct blob){ counter, sizeof(counter) });
	at = mac.at + (mac.at[mac.size - 1] & 15);
	number = ((uint32_t)at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
	return pool_printf(p, "%0*u", (int)k->digits, number % (k->digits == 8 ? 100000000 : 1000000));
}

int totp_code_read(struct request *r)
{
	const char *name = ask_text(r, "name");
	uint64_t now = (uint64_t)request_seconds(r);
	struct totp_key k;
	struct json_writer *w;

	if (!totp_key_read(r, name, &k))
		return refuse(r, 400, "unknown key: %s", name);
	w = reply_data(r);
	json_put_string(w, "code", totp_code(&r->pool, &k, now / k.period));
	json_put_u64(w, "expire_time", (now / k.period + 1) * k.period);
	json_put_u64(w, "generated", now);
	json_put_string(w, "period", duration_text(&r->pool, k.period));
	return 200;
}

/* Steps are tried all, each compared in constant time. */
static bool code_is_right(struct request *r, const struct totp_key *k, const char *code)
{
	uint64_t step = (uint64_t)request_seconds(r) / k->period;
	bool right = false;

	for (uint64_t i = step - k->skew; i != step + k->skew + 1; i++)
		right |= !CRYPTO_memcmp(totp_code(&r->pool, k, i), code, (size_t)k->digits);
	return right;
}

/* Codes that are still remembered, into w; whether this one is among them. */
static bool used_copy(struct request *r, const struct json *entry, const char *code, struct json_writer *w)
{
	bool found = false;

	for (const struct json *m = entry ? entry->first : NULL; m; m = m->next) {
		char *name = pool_take(&r->pool, m->name.size + 1);
		int64_t until = 0;

		if (json_decode(m->name, name, m->name.size + 1) < 0 || m->kind != JSON_NUMBER ||
		    !json_i64(m, &until) || until <= request_seconds(r))
			continue;
		found |= !strcmp(name, code);
		json_put_i64(w, name, until);
	}
	return found;
}

int totp_code_check(struct request *r)
{
	const char *name = ask_text(r, "name"), *code = ask_text_or(r, "code", "");
	const char *used = pool_printf(&r->pool, "used/%s", name);
	struct json_writer *w;
	struct totp_key k;
	bool right;

	if (!totp_key_read(r, name, &k))
		return refuse(r, 400, "unknown key: %s", name);
	if (!*code)
		return refuse(r, 400, "the code value is required");
	if (strlen(code) != k.digits || strspn(code, "0123456789") != k.digits)
		return refuse(r, 400, "invalid number of digits for the code");
	entry_lock(r, LOCK_ENGINE, &r->mount->view, used);
	w = entry_write(r);
	if (used_copy(r, entry_read(r, &r->mount->view, used), code, w))
		return refuse(r, 400, "code already used; wait until the next time period");
	right = code_is_right(r, &k, code);
	if (right) {
		json_put_i64(w, code, request_seconds(r) + (int64_t)(k.period * (2 + k.skew)));
		entry_written(r, &r->mount->view, used, w);
	}
	json_put_bool(reply_data(r), "valid", right);
	return 200;
}
