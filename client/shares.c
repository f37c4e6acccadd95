/* What is done with shares of the key: init, rekey, generate-root. */
#include "client/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *shown(const struct json *object, const char *name)
{
	return value_show(json_member(object, name));
}

/* Keys in files, as -pgp-keys names them: base64 of what they hold. gpg's armour is taken off by the server. */
static void pgp_keys(const struct client *c, struct json_writer *w, const char *name, const char *member)
{
	struct answer list;
	struct json_writer names;

	if (!flag(c, name))
		return;
	body_start(&names);
	flags_body(c, &names, keep_format("%s:keys", name));
	list = (struct answer){ .body = body_end(&names) };
	list.size = strlen(list.body);
	answer_parse(&list);
	json_array(w, member);
	for (const struct json *k = json_member(list.json, "keys")->first; k; k = k->next) {
		const char *path = value_text(k);
		size_t size;
		char *text = file_read(path + (*path == '@'), &size);

		if (!text)
			exit(complain(1, "%s: %s", path, strerror(errno)));
		text[strcspn(text, "\r\n")] = '\0';
		json_put_string(w, NULL, text);
	}
	json_close(w);
}

static const char *number_of(const struct client *c, const char *name, const char *brief, const char *otherwise)
{
	const char *value = flag(c, name);

	if (!value && brief)
		value = flag(c, brief);
	return value ? value : otherwise;
}

static void put_number(struct json_writer *w, const char *name, const char *value)
{
	json_put_i64(w, name, strtol(value, NULL, 10));
}

static void keys_print(const struct json *answer, const char *base64, const char *hex, const char *what)
{
	const struct json *keys = json_member_of(answer, base64, JSON_ARRAY);
	int i = 0;

	if (!keys)
		keys = json_member_of(answer, hex, JSON_ARRAY);
	for (const struct json *k = keys ? keys->first : NULL; k; k = k->next)
		(void)printf("%s %d: %s\n", what, ++i, value_text(k));
}

static int init_status(const struct client *c)
{
	struct answer a;
	bool done;

	if (ask(c, "GET", "sys/init", NULL, &a))
		return complain(1, "Error checking init status: %s", a.error);
	done = json_true(json_member(a.json, "initialized"));
	if (output_is_table(c))
		(void)printf("Vault is %sinitialized\n", done ? "" : "not ");
	else
		output_json(c, a.json);
	return done ? 0 : 2;
}

struct shares {
	const char *shares, *threshold, *recovery_shares, *recovery_threshold;
};

static void put_list(struct json_writer *w, const char *name, const struct json *list)
{
	if (list && list->kind == JSON_ARRAY)
		value_write(w, name, list);
	else
		json_put_raw(w, name, "[]", 2);
}

static int init_json(const struct client *c, const struct json *answer, const struct shares *s)
{
	const struct json *keys = json_member(answer, "keys");
	struct json_writer w;
	struct answer out = { 0 };

	json_write_init(&w, keep(256), 256, true);
	w.text.grow = keep_grow;
	json_object(&w, NULL);
	put_list(&w, "unseal_keys_b64", json_member(answer, "keys_base64"));
	put_list(&w, "unseal_keys_hex", keys);
	put_number(&w, "unseal_shares", keys && keys->first ? s->shares : "1");
	put_number(&w, "unseal_threshold", keys && keys->first ? s->threshold : "1");
	put_list(&w, "recovery_keys_b64", json_member(answer, "recovery_keys_base64"));
	put_list(&w, "recovery_keys_hex", json_member(answer, "recovery_keys"));
	put_number(&w, "recovery_keys_shares", s->recovery_shares);
	put_number(&w, "recovery_keys_threshold", s->recovery_threshold);
	json_put_string(&w, "root_token", value_text(json_member(answer, "root_token")));
	out.body = body_end(&w);
	out.size = strlen(out.body);
	answer_parse(&out);
	if (c->field)
		return output_field(c, out.json, c->field);
	if (strcmp(c->format, "yaml") == 0)
		yaml_print(out.json);
	else
		(void)puts(out.body);
	return 0;
}

static int init_show(const struct client *c, const struct json *answer, const struct shares *s)
{
	const struct json *keys = json_member_of(answer, "keys", JSON_ARRAY);

	if (!output_is_table(c) || c->field)
		return init_json(c, answer, s);
	keys_print(answer, "keys_base64", "keys", "Unseal Key");
	keys_print(answer, "recovery_keys_base64", "recovery_keys", "Recovery Key");
	(void)printf("\nInitial Root Token: %s\n\n", value_text(json_member(answer, "root_token")));
	if (keys && keys->first)
		(void)printf(
			"Vault initialized with %s key shares and a key threshold of %s. Give the shares above to\n"
			"different people: after every start at least %s of them are needed before it can serve.\n"
			"Nobody can help who has fewer.\n",
			s->shares, s->threshold, s->threshold);
	else
		(void)puts("Success! Vault is initialized");
	return 0;
}

int operator_init_run(struct client *c)
{
	struct shares s = { "5", "3", "0", "0" };
	struct json_writer w;
	struct answer a;
	bool recovery;

	if (flag_true(c, "status"))
		return init_status(c);
	if (ask(c, "GET", "sys/seal-status", NULL, &a))
		return complain(2, "%s", a.error);
	recovery = json_true(json_member(a.json, "recovery_seal"));
	s.shares = number_of(c, "key-shares", "n", recovery ? "0" : "5");
	s.threshold = number_of(c, "key-threshold", "t", recovery ? "0" : "3");
	if (recovery) {
		s.recovery_shares = number_of(c, "recovery-shares", NULL, "5");
		s.recovery_threshold = number_of(c, "recovery-threshold", NULL, "3");
	}
	body_start(&w);
	put_number(&w, "secret_shares", s.shares);
	put_number(&w, "secret_threshold", s.threshold);
	if (recovery) {
		put_number(&w, "recovery_shares", s.recovery_shares);
		put_number(&w, "recovery_threshold", s.recovery_threshold);
	}
	pgp_keys(c, &w, "pgp-keys", "pgp_keys");
	pgp_keys(c, &w, "recovery-pgp-keys", "recovery_pgp_keys");
	flags_body(c, &w, "root-token-pgp-key");
	if (ask(c, "PUT", "sys/init", body_end(&w), &a))
		return output_error(&a, "initializing");
	return init_show(c, a.json, &s);
}

/* A share: an operand, "-", or asked for. *nonce: -nonce, or when it is asked for what the server says. */
static const char *share_take(const struct client *c, const char **nonce, const char *said, const char *what)
{
	const char *key = c->count ? c->operands[0] : NULL;
	size_t size;

	*nonce = flag(c, "nonce");
	if (!key) {
		(void)fprintf(stderr, "Operation nonce: %s\n", said);
		*nonce = *nonce ? *nonce : said;
		key = secret_prompt(what);
	} else if (strcmp(key, "-") == 0) {
		key = file_read("-", &size);
	}
	if (!key || !*nonce) {
		(void)complain(1, key ? "Missing nonce value: specify it via the -nonce flag" : "No key was given");
		return NULL;
	}
	key += strspn(key, " \t\r\n");
	return keep_bytes(key, strcspn(key, " \t\r\n"));
}

static const char *share_body(const char *key, const char *nonce)
{
	struct json_writer w;

	body_start(&w);
	json_put_string(&w, "key", key);
	json_put_string(&w, "nonce", nonce);
	return body_end(&w);
}

static void row_unless_empty(struct table *t, const char *title, const struct json *s, const char *member)
{
	if (*value_text(json_member(s, member)) && strcmp(value_text(json_member(s, member)), "0"))
		TABLE_ROW(t, title, shown(s, member));
}

static int rekey_show(const struct client *c, const struct json *s)
{
	struct table t = { 0 };

	if (!output_is_table(c)) {
		output_json(c, s);
		return 0;
	}
	TABLE_ROW(&t, "Nonce", value_text(json_member(s, "nonce")));
	TABLE_ROW(&t, "Started", shown(s, "started"));
	if (json_true(json_member(s, "started"))) {
		TABLE_ROW(&t, "Rekey Progress", keep_format("%s/%s", shown(s, "progress"), shown(s, "required")));
		TABLE_ROW(&t, "New Shares", shown(s, "n"));
		TABLE_ROW(&t, "New Threshold", shown(s, "t"));
		TABLE_ROW(&t, "Verification Required", shown(s, "verification_required"));
	}
	row_unless_empty(&t, "Verification Nonce", s, "verification_nonce");
	if (json_member_of(s, "pgp_fingerprints", JSON_ARRAY))
		TABLE_ROW(&t, "PGP Fingerprints", shown(s, "pgp_fingerprints"));
	table_print(&t, false);
	return 0;
}

static int rekey_done(const struct client *c, const struct json *s)
{
	if (!output_is_table(c)) {
		output_json(c, s);
		return 0;
	}
	keys_print(s, "keys_base64", "keys", "Key");
	(void)printf("\nOperation nonce: %s\n\n", value_text(json_member(s, "nonce")));
	if (json_true(json_member(s, "verification_required")))
		(void)printf(
			"The shares above hold only once they are verified: \"%s operator rekey -verify\", nonce %s.\n"
			"Until then the old ones hold.\n",
			c->called, value_text(json_member(s, "verification_nonce")));
	else
		(void)puts("Vault rekeyed: from now on the shares above hold, and the old ones no more.");
	return 0;
}

static int rekey_backup(const struct client *c, const char *target, const char *method)
{
	struct answer a;

	if (ask(c, method, strcmp(target, "recovery") ? "sys/rekey/backup" : "sys/rekey/recovery-key-backup", NULL, &a))
		return output_error(&a, *method == 'G' ? "retrieving rekey stored keys" : "deleting rekey stored keys");
	return *method == 'G' ? output_secret(c, &a) : output_success(c, "Delete stored keys (if they existed)");
}

static int rekey_start(const struct client *c, const char *path)
{
	struct json_writer w;
	struct answer a;

	body_start(&w);
	put_number(&w, "secret_shares", number_of(c, "key-shares", "n", "5"));
	put_number(&w, "secret_threshold", number_of(c, "key-threshold", "t", "3"));
	pgp_keys(c, &w, "pgp-keys", "pgp_keys");
	flags_body(c, &w, "backup verify:require_verification");
	if (ask(c, "PUT", path, body_end(&w), &a))
		return output_error(&a, "initializing rekey");
	return a.size ? rekey_show(c, a.json) : 0;
}

static int rekey_provide(const struct client *c, const char *path, const char *update, bool verify)
{
	const char *key, *nonce;
	struct answer a;

	if (ask(c, "GET", path, NULL, &a))
		return output_error(&a, "getting rekey status");
	if (!verify && !json_true(json_member(a.json, "started")))
		return complain(1, "No rekey is in progress. Start one by running \"%s operator rekey -init\".",
				c->called);
	key = share_take(c, &nonce, value_text(json_member(a.json, "nonce")), "Rekey Key");
	if (!key)
		return 1;
	if (ask(c, "PUT", update, share_body(key, nonce), &a))
		return output_error(&a, "posting unseal key");
	if (json_true(json_member(a.json, "complete")))
		return verify ? output_success(c, "Rekey verification successful: the new shares hold now.") :
				rekey_done(c, a.json);
	return rekey_show(c, a.json);
}

int operator_rekey_run(struct client *c)
{
	const char *target = flag(c, "target") ? flag(c, "target") : "barrier", *base, *path;
	bool verify = flag_true(c, "verify");
	struct answer a;

	if (strcmp(target, "barrier") && strcmp(target, "recovery") && strcmp(target, "hsm"))
		return complain(1, "Unknown target: %s", target);
	base = strcmp(target, "barrier") ? "sys/rekey-recovery-key" : "sys/rekey";
	if (flag_true(c, "backup-delete") || flag_true(c, "backup-retrieve"))
		return rekey_backup(c, target, flag_true(c, "backup-delete") ? "DELETE" : "GET");
	if (flag_true(c, "init"))
		return rekey_start(c, keep_format("%s/init", base));
	path = keep_format("%s/%s", base, verify ? "verify" : "init");
	if (flag_true(c, "cancel"))
		return ask(c, "DELETE", path, NULL, &a) ? output_error(&a, "canceling rekey") :
							  output_success(c, "Canceled rekeying (if it was started)");
	if (flag_true(c, "status"))
		return ask(c, "GET", path, NULL, &a) ? output_error(&a, "reading rekey status") : rekey_show(c, a.json);
	return rekey_provide(c, path, keep_format("%s/%s", base, verify ? "verify" : "update"), verify);
}
