#include "client/client.h"

#include <string.h>

int token_create_run(struct client *c)
{
	const char *role = flag(c, "role");
	struct json_writer w;
	struct answer a;

	body_start(&w);
	flags_body(c, &w, "id display-name ttl explicit-max-ttl period renewable orphan:no_parent no-default-policy "
			  "use-limit:num_uses type metadata:meta policy:policies entity-alias");
	if (ask(c, "POST", role ? keep_format("auth/token/create/%s", ask_path(role)) : "auth/token/create",
		body_end(&w), &a))
		return output_error(&a, "creating token");
	return output_secret(c, &a);
}

int token_lookup_run(struct client *c)
{
	bool accessor = flag_true(c, "accessor");
	struct answer a;
	int failed;

	if (accessor && !c->count)
		return complain(1, "Not enough arguments with -accessor (expected 1, got 0)");
	if (!c->count)
		failed = ask(c, "GET", "auth/token/lookup-self", NULL, &a);
	else if (accessor)
		failed = ask(c, "POST", "auth/token/lookup-accessor", body_of("accessor", c->operands[0]), &a);
	else
		failed = ask(c, "POST", "auth/token/lookup", body_of("token", c->operands[0]), &a);
	if (failed)
		return output_error(&a, "looking up token");
	return output_secret(c, &a);
}

int token_renew_run(struct client *c)
{
	bool accessor = flag_true(c, "accessor");
	struct json_writer w;
	struct answer a;

	if (accessor && !c->count)
		return complain(1, "Not enough arguments with -accessor (expected 1, got 0)");
	body_start(&w);
	flags_body(c, &w, flag(c, "i") ? "i:increment" : "increment");
	if (c->count)
		json_put_string(&w, accessor ? "accessor" : "token", c->operands[0]);
	if (ask(c, "PUT",
		!c->count  ? "auth/token/renew-self"
		: accessor ? "auth/token/renew-accessor"
			   : "auth/token/renew",
		body_end(&w), &a))
		return output_error(&a, "renewing token");
	return output_secret(c, &a);
}

int token_revoke_run(struct client *c)
{
	const char *mode = flag(c, "mode"), *token = c->count ? c->operands[0] : NULL;
	bool self = flag_true(c, "self"), accessor = flag_true(c, "accessor");
	struct answer a;
	int failed;

	if (mode && strcmp(mode, "orphan") && strcmp(mode, "path"))
		return complain(1, "Invalid mode: %s", mode);
	if (self == (token != NULL))
		return complain(1, self ? "Too many arguments with -self (expected 0, got 1)" :
					  "Not enough arguments (expected 1, got 0)");
	if (mode && accessor)
		return complain(1, "Cannot use -accessor with -mode");
	if (self)
		failed = ask(c, "PUT", "auth/token/revoke-self", NULL, &a);
	else if (accessor)
		failed = ask(c, "POST", "auth/token/revoke-accessor", body_of("accessor", token), &a);
	else if (mode && strcmp(mode, "path") == 0)
		failed = ask(c, "PUT", keep_format("sys/revoke-prefix/%s", ask_path(token)), NULL, &a);
	else
		failed = ask(c, "PUT", mode ? "auth/token/revoke-orphan" : "auth/token/revoke", body_of("token", token),
			     &a);
	if (failed)
		return output_error(&a, "revoking token");
	return output_success(c, "Revoked token (if it existed)");
}

int token_capabilities_run(struct client *c)
{
	const char *path = c->operands[c->count - 1];
	bool accessor = flag_true(c, "accessor");
	const struct json *list, **sorted;
	struct json_writer w;
	struct answer a;
	size_t count;

	if (accessor && c->count < 2)
		return complain(1, "Not enough arguments with -accessor (expected 2, got 1)");
	body_start(&w);
	if (c->count > 1)
		json_put_string(&w, accessor ? "accessor" : "token", c->operands[0]);
	json_put_string(&w, "path", path);
	if (ask(c, "POST",
		c->count < 2 ? "sys/capabilities-self"
		: accessor   ? "sys/capabilities-accessor"
			     : "sys/capabilities",
		body_end(&w), &a))
		return output_error(&a, "listing capabilities");
	list = json_member_of(json_member(a.json, "data"), path, JSON_ARRAY);
	if (!list)
		list = json_member_of(json_member(a.json, "data"), "capabilities", JSON_ARRAY);
	if (!list)
		return complain(1, "No capabilities found");
	if (!output_is_table(c)) {
		output_json(c, list);
		return 0;
	}
	sorted = value_sorted(list, &count);
	for (size_t i = 0; i < count; i++)
		(void)printf("%s%s", i ? ", " : "", value_text(sorted[i]));
	(void)putchar('\n');
	return 0;
}

int print_token_run(struct client *c)
{
	(void)puts(c->token ? c->token : "");
	return 0;
}
