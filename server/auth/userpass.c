/*
 * userpass: names and passwords that the server keeps. Storage: user/<name in small letters>. An unknown name and a
 * wrong password are answered alike, after the same work.
 */
#include <string.h>

#include "server/auth/auth.h"
#include "server/auth/lockout.h"
#include "server/auth/password.h"
#include "server/auth/record.h"
#include "server/auth/token_params.h"
#include "server/core/core.h"

#define OLD_NAMES (TOKEN_OLD_POLICIES | TOKEN_OLD_TTL | TOKEN_OLD_MAX_TTL | TOKEN_OLD_BOUND_CIDRS)
/* A hash made elsewhere: not weaker than htpasswd makes them, and not so dear that logins are an attack. */
#define COST_MIN 5
#define COST_MAX 12

struct user {
	const char *name, *key;
	const char *hash; /* bcrypt */
	struct token_params token;
};

static bool user_load(struct request *r, const struct mount *m, const char *name, struct user *u)
{
	const struct json *stored;

	u->name = lower_text(&r->pool, name);
	u->key = pool_printf(&r->pool, "user/%s", u->name);
	u->hash = NULL;
	token_params_init(&u->token);
	stored = entry_read(r, &m->view, u->key);
	if (!stored)
		return false;
	u->hash = pool_json_member(&r->pool, stored, "password_hash");
	token_params_load(&r->pool, &u->token, stored);
	return true;
}

static void user_store(struct request *r, const struct user *u)
{
	struct json_writer *w = entry_write(r);

	json_put_string(w, "password_hash", u->hash);
	token_params_store(w, &u->token);
	entry_written(r, &r->mount->view, u->key, w);
}

/* For a change: nobody else changes it until this is done. */
static bool user_of_request(struct request *r, struct user *u)
{
	const char *name = lower_text(&r->pool, ask_text_or(r, "username", ""));

	entry_lock(r, LOCK_ENGINE, &r->mount->view, pool_printf(&r->pool, "user/%s", name));
	return user_load(r, r->mount, name, u);
}

static bool user_exists(struct request *r)
{
	struct user u;

	return user_load(r, r->mount, ask_text_or(r, "username", ""), &u);
}

/* From "password" or from a hash made elsewhere; exactly one. */
static int user_ask_password(struct request *r, struct user *u)
{
	const char *password = ask_text_or(r, "password", ""), *hash = ask_text_or(r, "password_hash", "");
	int cost;

	if (*password && *hash)
		return refuse(r, 400, "only one of password or password_hash may be provided");
	if (!*password && !*hash)
		return refuse(r, 400, "must provide either password or password_hash");
	if (*password) {
		u->hash = password_hash(&r->pool, password);
		return u->hash ? 0 : refuse(r, 400, "bcrypt: password length exceeds 72 bytes");
	}
	cost = password_cost(hash);
	if (cost < 0)
		return refuse(r, 400, "password_hash is not a valid bcrypt hash");
	if (cost < COST_MIN)
		return refuse(r, 400, "bcrypt cost of %d is too low, want %d at minimum", cost, COST_MIN);
	if (cost > COST_MAX)
		return refuse(r, 400, "bcrypt cost of %d exceeds maximum cost of %d", cost, COST_MAX);
	u->hash = hash;
	return 0;
}

static int user_write(struct request *r)
{
	struct user u;
	bool known = user_of_request(r, &u);
	int status = token_params_ask(r, &u.token, OLD_NAMES);

	if (!status && (!known || asked(r, "password") || asked(r, "password_hash")))
		status = user_ask_password(r, &u);
	if (status)
		return status;
	user_store(r, &u);
	return 204;
}

static int user_read(struct request *r)
{
	struct user u;

	if (!user_load(r, r->mount, ask_text_or(r, "username", ""), &u))
		return 404;
	token_params_show(reply_data(r), &u.token);
	return 200;
}

static int user_delete(struct request *r)
{
	struct user u;

	if (user_of_request(r, &u))
		entry_delete(r, &r->mount->view, u.key);
	return 204;
}

static int users_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "user/");

	return reply_keys(r, &names);
}

static int user_password(struct request *r)
{
	struct user u;
	int status;

	if (!user_of_request(r, &u))
		return refuse_plain(r, "username does not exist");
	status = user_ask_password(r, &u);
	if (status)
		return status;
	user_store(r, &u);
	return 204;
}

static int user_policies(struct request *r)
{
	struct user u;

	if (!user_of_request(r, &u))
		return refuse_plain(r, "username does not exist");
	token_params_ask_one(r, &u.token, "token_policies");
	user_store(r, &u);
	return 204;
}

static void login_grant(struct request *r, const struct user *u)
{
	struct login *login = reply_login(r);
	struct json_writer w;

	token_params_login(&u->token, login);
	login->display_name = login->alias = u->name;
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "username", u->name);
	json_close(&w);
	login->metadata = pool_json_end(&w);
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "username", u->name);
	names_put(&w, "policies", &u->token.token_policies);
	json_close(&w);
	login->internal = pool_json_end(&w);
}

static int user_login(struct request *r)
{
	struct lockout *lockout = r->mount->state;
	const char *password = ask_text_or(r, "password", "");
	struct user u;
	bool known;

	if (!*password)
		return refuse(r, 500, "missing password");
	known = user_load(r, r->mount, ask_text_or(r, "username", ""), &u);
	if (lockout_locked(lockout, r, u.name))
		return refuse(r, 403, "permission denied");
	if (!password_matches(&r->pool, password, known ? u.hash : NULL)) {
		lockout_failed(lockout, r, u.name);
		return refuse(r, 400, "invalid username or password");
	}
	if (!token_params_allow(r, &u.token))
		return refuse(r, 403, "permission denied");
	lockout_forget(lockout, u.name);
	login_grant(r, &u);
	return 200;
}

static bool user_renew(struct request *r, struct mount *m, const struct json *internal, struct login *login)
{
	const char *name = pool_json_member(&r->pool, internal, "username");
	struct names then = names_read(&r->pool, json_member(internal, "policies"));
	struct user u;

	if (!name || !user_load(r, m, name, &u)) {
		refuse(r, 400, "user no longer exists, not renewing");
		return false;
	}
	if (!names_same(&then, &u.token.token_policies)) {
		refuse(r, 500, "policies have changed, not renewing");
		return false;
	}
	token_params_renew(&u.token, login);
	return true;
}

#define PASSWORD_FIELDS \
	{ "password", FIELD_STRING, "Password for this user." }, \
	{ "password_hash", FIELD_STRING, "A bcrypt hash of it, in place of the password." }

static const struct field user_fields[] = {
	PASSWORD_FIELDS,
	TOKEN_FIELDS,
	TOKEN_OLD_FIELD("policies", FIELD_LIST),
	TOKEN_OLD_FIELD("ttl", FIELD_SECONDS),
	TOKEN_OLD_FIELD("max_ttl", FIELD_SECONDS),
	TOKEN_OLD_FIELD("bound_cidrs", FIELD_LIST),
	{ NULL, FIELD_ANY, NULL },
};
static const struct field password_fields[] = { PASSWORD_FIELDS, { NULL, FIELD_ANY, NULL } };
static const struct field policy_fields[] = {
	{ "token_policies", FIELD_LIST, "Policies of the token." },
	TOKEN_OLD_FIELD("policies", FIELD_LIST),
	{ NULL, FIELD_ANY, NULL },
};
static const struct field login_fields[] = {
	{ "password", FIELD_STRING, "Password for this user." },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route routes[] = {
	{ .pattern = "users", .list = users_list, .text = "Manage users allowed to authenticate." },
	{ .pattern = "users/{username}", .read = user_read, .update = user_write, .delete = user_delete,
	  .exists = user_exists, .fields = user_fields, .text = "Manage users allowed to authenticate." },
	{ .pattern = "users/{username}/password", .update = user_password, .fields = password_fields,
	  .text = "Reset user's password." },
	{ .pattern = "users/{username}/policies", .update = user_policies, .fields = policy_fields,
	  .text = "Update the policies associated with the username." },
	{ .pattern = "login/{username}", .flags = ROUTE_OPEN, .update = user_login, .fields = login_fields,
	  .text = "Log in with a username and password." },
};

static const struct route_table tables[] = { ROUTES(routes), { NULL } };

const struct backend userpass_backend = {
	.type = "userpass", .class = MOUNT_AUTH, .tables = tables, .open = lockout_open, .close = lockout_close,
	.renew_login = user_renew,
};
