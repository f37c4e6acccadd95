/* operator generate-root: a new root token, encrypted to a one-time password or a PGP key. */
#include "client/client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define OTP_LENGTH 28 /* where the server does not say */

static const char *shown(const struct json *object, const char *name)
{
	return value_show(json_member(object, name));
}

static int root_show(const struct client *c, const struct json *s)
{
	static const char *const more[][2] = { { "PGP Fingerprint", "pgp_fingerprint" },
					       { "Encoded Token", "encoded_token" },
					       { "OTP", "otp" },
					       { "OTP Length", "otp_length" } };
	struct table t = { 0 };

	if (!output_is_table(c)) {
		output_json(c, s);
		return 0;
	}
	if (*value_text(json_member(s, "otp")))
		(void)complain(
			0, "A one-time password was made and is shown below. Without it the new root token cannot be "
			   "decoded: keep it safe.\n");
	TABLE_ROW(&t, "Nonce", value_text(json_member(s, "nonce")));
	TABLE_ROW(&t, "Started", shown(s, "started"));
	TABLE_ROW(&t, "Progress", keep_format("%s/%s", shown(s, "progress"), shown(s, "required")));
	TABLE_ROW(&t, "Complete", shown(s, "complete"));
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		const char *value = value_text(json_member(s, more[i][1]));

		if (*value && strcmp(value, "0"))
			TABLE_ROW(&t, more[i][0], value);
	}
	table_print(&t, false);
	return 0;
}

static int root_text(const struct client *c, const char *name, const char *value)
{
	struct answer a = { .body = body_of(name, value) };

	a.size = strlen(a.body);
	answer_parse(&a);
	if (!output_is_table(c))
		output_json(c, a.json);
	else
		(void)puts(value);
	return 0;
}

/* Letters and digits; bytes that would favour some of them are thrown away. */
static int root_otp(const struct client *c, size_t length)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char *otp = keep(length + 1);
	size_t n = 0;
	uint8_t byte;

	while (n < length) {
		if (getrandom(&byte, 1, 0) != 1)
			return complain(2, "no random bytes");
		if (byte < 248)
			otp[n++] = digits[byte % 62];
	}
	return root_text(c, "otp", otp);
}

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* The encoded token is base64 without padding of the token XOR the password. */
static int root_decode(const struct client *c, const char *encoded, const char *otp)
{
	size_t n = strcspn(encoded, "=\r\n"), length = n * 6 / 8;
	char *token = keep(length + 1);
	uint32_t bits = 0;
	size_t out = 0;

	if (!otp)
		return complain(1, "Missing otp: use -otp to supply it");
	if (length != strlen(otp))
		return complain(1, "Error decoding root token: it has %zu bytes, the OTP %zu", length, strlen(otp));
	for (size_t i = 0; i < n; i++) {
		int digit = base64_digit(encoded[i]);

		if (digit < 0)
			return complain(1, "Error decoding root token: it is not base64");
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 && out < length) {
			token[out] = (char)((bits >> (6 - 2 * (i % 4))) ^ (uint8_t)otp[out]);
			out++;
		}
	}
	return root_text(c, "token", token);
}

static int root_start(const struct client *c, const char *path)
{
	struct json_writer w;
	struct answer a;

	body_start(&w);
	flags_body(c, &w, "otp pgp-key");
	if (ask(c, "PUT", path, body_end(&w), &a))
		return output_error(&a, "initializing root generation");
	return root_show(c, a.json);
}

static int root_provide(const struct client *c, const char *path, const struct json *status)
{
	const char *key = c->count ? c->operands[0] : NULL, *nonce = flag(c, "nonce");
	struct json_writer w;
	struct answer a;
	size_t size;

	if (!json_true(json_member(status, "started")))
		return complain(
			1,
			"No root generation is in progress. Start one by running \"%s operator generate-root -init\".",
			c->called);
	if (!key) {
		nonce = nonce ? nonce : value_text(json_member(status, "nonce"));
		(void)fprintf(stderr, "Operation nonce: %s\n", nonce);
		key = secret_prompt("Unseal Key");
	} else if (strcmp(key, "-") == 0) {
		key = file_read("-", &size);
	}
	if (!key || !nonce)
		return complain(1, key ? "Missing nonce value: specify it via the -nonce flag" : "No key was given");
	key += strspn(key, " \t\r\n");
	body_start(&w);
	json_put_bytes(&w, "key", key, strcspn(key, " \t\r\n"));
	json_put_string(&w, "nonce", nonce);
	if (ask(c, "PUT", path, body_end(&w), &a))
		return output_error(&a, "posting unseal key");
	return root_show(c, a.json);
}

int operator_generate_root_run(struct client *c)
{
	const char *what = flag_true(c, "recovery-token") ? "generate-recovery-token" : "generate-root", *length;
	const char *attempt = keep_format("sys/%s/attempt", what), *decode = flag(c, "decode");
	struct answer a;
	size_t size;

	if (flag_true(c, "dr-token"))
		return complain(1, "-dr-token: this server has no disaster recovery replication");
	if (decode)
		return root_decode(c, strcmp(decode, "-") ? decode : file_read("-", &size), flag(c, "otp"));
	if (flag_true(c, "init"))
		return root_start(c, attempt);
	if (flag_true(c, "cancel"))
		return ask(c, "DELETE", attempt, NULL, &a) ? output_error(&a, "canceling root token generation") :
			output_success(c, "Root token generation canceled (if it was started)");
	if (ask(c, "GET", attempt, NULL, &a))
		return output_error(&a, "getting root generation status");
	if (flag_true(c, "status"))
		return root_show(c, a.json);
	length = value_text(json_member(a.json, "otp_length"));
	if (flag_true(c, "generate-otp"))
		return root_otp(c, strtoul(length, NULL, 10) > 0 ? strtoul(length, NULL, 10) : OTP_LENGTH);
	return root_provide(c, keep_format("sys/%s/update", what), a.json);
}
