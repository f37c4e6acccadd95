#include "client/client.h"

#include <stdlib.h>
#include <string.h>

static const struct method {
	const char *name;
	const char *mount;
	const char *who;    /* the pair whose value ends the path: login/<username> */
	const char *ask;    /* the pair that is asked for when it is missing ... */
	const char *prompt; /* ... and how */
} methods[] = {
	{ "token", "token", NULL, NULL, NULL },
	{ "userpass", "userpass", "username", "password", "Password" },
	{ "ldap", "ldap", "username", "password", "Password" },
	{ "github", "github", NULL, "token", "GitHub Personal Access Token" },
	{ "cert", "cert", NULL, NULL, NULL },
	{ "approle", "approle", NULL, NULL, NULL },
	{ "jwt", "jwt", NULL, "jwt", "JWT" },
	{ "kubernetes", "kubernetes", NULL, "jwt", "JWT" },
};

static const struct method *method_find(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

static void pair_add(struct pair **pairs, const char *name, const char *value)
{
	struct pair *p = keep(sizeof(*p));
	const char *object = body_of(name, value);

	/* {"name":"value"} without what stands around the value. */
	p->name = name;
	p->json = keep_bytes(object + strlen(name) + 4, strlen(object) - strlen(name) - 5);
	p->next = *pairs;
	*pairs = p;
}

/* Of a token only its lookup can say what it is; it is shown as if it had just been made. */
static int login_by_token(struct client *c, const struct pair *pairs, struct answer *a)
{
	static const char members[][2][20] = { { "accessor", "accessor" }, { "policies", "policies" },
		{ "policies", "token_policies" }, { "identity_policies", "identity_policies" }, { "meta", "metadata" },
		{ "ttl", "lease_duration" }, { "renewable", "renewable" } };
	const char *token = pair_value(pairs, "token");
	const struct json *data;
	struct json_writer w;

	c->token = token ? token : secret_prompt("Token");
	if (!c->token || !*c->token)
		return complain(2, "Error authenticating: a token must be passed to auth");
	if (ask(c, "GET", "auth/token/lookup-self", NULL, a))
		return complain(2, "Error authenticating: error looking up token: %s", a->error);
	data = json_member(a->json, "data");
	body_start(&w);
	json_object(&w, "auth");
	json_put_string(&w, "client_token", c->token);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const struct json *v = json_member(data, members[i][0]);

		if (v)
			value_write(&w, members[i][1], v);
	}
	if (!json_member(data, "renewable"))
		json_put_bool(&w, "renewable", false);
	json_close(&w);
	a->body = body_end(&w);
	a->size = strlen(a->body);
	answer_parse(a);
	return 0;
}

static int login_by_method(struct client *c, const struct method *m, struct pair *pairs, struct answer *a)
{
	const char *mount = pair_value(pairs, "mount"), *who = m->who ? pair_value(pairs, m->who) : NULL;
	struct json_writer w;
	struct pair **p;

	if (!mount)
		mount = flag(c, "path") ? flag(c, "path") : m->mount;
	mount = path_clean(mount);
	if (m->who && !who)
		who = getenv("LOGNAME");
	if (m->who && (!who || !*who))
		return complain(2, "Error authenticating: '%s' not supplied", m->who);
	if (m->ask && !pair_value(pairs, m->ask)) {
		const char *value = secret_prompt(m->prompt);

		if (!value)
			return complain(2, "Error authenticating: '%s' must be specified", m->ask);
		pair_add(&pairs, m->ask, value);
	}
	for (p = &pairs; *p;)
		if (strcmp((*p)->name, "mount") == 0 || (m->who && strcmp((*p)->name, m->who) == 0))
			*p = (*p)->next;
		else
			p = &(*p)->next;
	body_start(&w);
	pairs_write(&w, pairs);
	c->token = NULL;
	if (ask(c, "PUT",
		keep_format("auth/%s/login%s%s", ask_path(mount), m->who ? "/" : "", m->who ? ask_path(who) : ""),
		body_end(&w), a))
		return complain(2, "Error authenticating: %s", a->error);
	return 0;
}

/* What -wrap-ttl wrapped is unwrapped here, unless it shall not be stored. */
static int login_unwrap(struct client *c, struct answer *a)
{
	const struct json *wrap = json_member_of(a->json, "wrap_info", JSON_OBJECT);

	if (!wrap)
		return 0;
	c->wrap_ttl = NULL;
	c->token = value_text(json_member(wrap, "token"));
	if (ask(c, "PUT", "sys/wrapping/unwrap", NULL, a))
		return complain(2, "Error extracting token: %s", a->error);
	return 0;
}

static int login_finish(struct client *c, struct answer *a, bool store)
{
	const struct json *auth = json_member_of(a->json, "auth", JSON_OBJECT);
	const char *token = value_text(json_member(auth, "client_token"));
	int status;

	if (!auth || !*token)
		return complain(2, "The server's answer contains no token");
	if (store) {
		status = token_store(token);
		if (status)
			return status;
		if (environment("TOKEN"))
			(void)complain(
				0,
				"WARNING! The VAULT_TOKEN environment variable is set! It goes before the token that "
				"was stored;\nunset it, or give it that value.\n");
	} else if (!flag_true(c, "token-only")) {
		(void)complain(
			0, "The token was not stored. Set VAULT_TOKEN, or pass the token below with each request.\n");
	}
	if (flag_true(c, "no-print"))
		return 0;
	if (output_is_table(c) && !c->field)
		(void)puts(
			store ? "Success! You are now authenticated. The token below is stored already: there is\n"
				"no need to log in again.\n"
			      : "Success! You are now authenticated.\n");
	return output_secret(c, a);
}

int login_run(struct client *c)
{
	const struct method *m = method_find(flag(c, "method") ? flag(c, "method") : "token");
	bool store = !flag_true(c, "no-store") && !flag_true(c, "token-only");
	struct pair *pairs = NULL;
	struct answer a;
	int status;

	if (!m)
		return complain(
			1,
			"Unknown auth method: %s. \"%s auth list\" shows which there are; some can only be used by "
			"\"%s write auth/...\"",
			flag(c, "method"), c->called, c->called);
	if (flag_true(c, "no-store") && flag_true(c, "no-print"))
		return complain(1, "-no-store and -no-print cannot be used together");
	if (flag_true(c, "token-only"))
		c->field = "token";
	if (c->count && m == methods && !strchr(c->operands[0], '=') && strcmp(c->operands[0], "-"))
		pair_add(&pairs, "token", c->operands[0]);
	else if (c->count && m == methods && strcmp(c->operands[0], "-") == 0)
		pair_add(&pairs, "token", secret_prompt("Token"));
	else if (pairs_read(c->operands, &pairs))
		return 1;
	status = m == methods ? login_by_token(c, pairs, &a) : login_by_method(c, m, pairs, &a);
	if (!status && json_member_of(a.json, "wrap_info", JSON_OBJECT) && !store)
		return flag_true(c, "token-only") ? output_field(c, json_member(a.json, "wrap_info"), "token") :
						    output_secret(c, &a);
	if (!status)
		status = login_unwrap(c, &a);
	return status ? status : login_finish(c, &a, store);
}
