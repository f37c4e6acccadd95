/* Logging in by role id and secret id, and taking away what is no longer good for that. */
#include <string.h>

#include "server/auth/approle.h"
#include "server/auth/auth.h"
#include "server/auth/cidr.h"
#include "server/auth/lockout.h"
#include "server/core/core.h"

#define REFUSED "invalid role or secret ID"

/* Spend one use. The lock is taken only where there is a use to spend, and what was read is read again under it. */
static bool secret_id_spend(struct request *r, struct secret_id *s)
{
	if (!s->secret_id_num_uses)
		return true;
	entry_lock(r, LOCK_ENGINE, &r->mount->view, s->key);
	if (!secret_id_load(r, r->mount, s->key, s))
		return false;
	if (s->secret_id_num_uses == 1) {
		secret_id_delete(r, r->mount, s);
		return true;
	}
	s->secret_id_num_uses--;
	s->last_updated_time = r->now;
	secret_id_put(r, s);
	return true;
}

/* 0: it is one of this role's and good from here. */
static int secret_id_check(struct request *r, const struct approle *a, struct secret_id *s)
{
	const char *secret = trimmed_text(&r->pool, ask_text_or(r, "secret_id", ""));
	const char *address = r->origin.remote_address ? r->origin.remote_address : "";

	if (!*secret)
		return refuse(r, 400, "missing secret_id");
	if (strlen(secret) > APPROLE_NAME_MAX ||
	    !secret_id_load(r, r->mount, secret_id_key(r, a, secret), s) || secret_id_expired(r, s)) {
		lockout_failed(r->mount->state, r, a->role_id);
		return refuse(r, 400, REFUSED);
	}
	if (!cidrs_hold(&a->secret_id_bound_cidrs, &s->cidr_list))
		return refuse(r, 500, "failed to verify subset relationship between CIDR blocks on the role and CIDR "
			      "blocks on the secret ID");
	if (!cidrs_allow(&s->cidr_list, address))
		return refuse(r, 400, "source address \"%s\" unauthorized through CIDR restrictions on the secret ID",
			      address);
	if (!secret_id_spend(r, s))
		return refuse(r, 400, REFUSED);
	return 0;
}

/* What stands on the secret id, and whose it is. */
static struct blob metadata_of(struct request *r, const struct approle *a, const struct secret_id *s)
{
	struct json_writer w;
	struct text_error error;
	const struct json *own = NULL;

	if (s->metadata.size)
		own = pool_read_json(&r->pool, (const char *)s->metadata.at, s->metadata.size, &error);
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	for (const struct json *m = own ? own->first : NULL; m; m = m->next) {
		char *name = pool_take(&r->pool, m->name.size + 1);

		if (json_decode(m->name, name, m->name.size + 1) >= 0 && strcmp(name, "role_name"))
			json_put_raw(&w, name, m->span.at, m->span.size);
	}
	json_put_string(&w, "role_name", a->name);
	json_close(&w);
	return pool_json_end(&w);
}

int approle_login(struct request *r)
{
	const char *role_id = trimmed_text(&r->pool, ask_text_or(r, "role_id", ""));
	struct secret_id s = { .key = NULL };
	struct login *login;
	struct json_writer w;
	struct approle a;
	int status;

	if (!*role_id)
		return refuse(r, 400, "missing role_id");
	if (lockout_locked(r->mount->state, r, role_id))
		return refuse(r, 403, "permission denied");
	if (!approle_of_id(r, role_id, &a))
		return refuse(r, 400, REFUSED);
	if (!cidrs_allow(&a.secret_id_bound_cidrs, r->origin.remote_address))
		return refuse(r, 400, "source address \"%s\" unauthorized by CIDR restrictions on the role",
			      r->origin.remote_address ? r->origin.remote_address : "");
	status = a.bind_secret_id ? secret_id_check(r, &a, &s) : 0;
	if (status)
		return status;
	lockout_forget(r->mount->state, role_id);
	login = reply_login(r);
	token_params_login(&a.token, login);
	if (s.token_bound_cidrs.count)
		login->bound_cidrs = s.token_bound_cidrs;
	login->display_name = "";
	login->alias = a.role_id;
	login->metadata = login->alias_metadata = metadata_of(r, &a, &s);
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "role_name", a.name);
	json_close(&w);
	login->internal = pool_json_end(&w);
	return 200;
}

bool approle_renew(struct request *r, struct mount *m, const struct json *internal, struct login *login)
{
	const char *name = pool_json_member(&r->pool, internal, "role_name");
	struct approle a;

	if (!name) {
		refuse(r, 500, "failed to fetch role_name during renewal");
		return false;
	}
	if (!approle_load(r, m, name, &a)) {
		refuse(r, 500, "role \"%s\" does not exist during renewal", name);
		return false;
	}
	token_params_renew(&a.token, login);
	return true;
}

/* Made durable in parts, so that the batch of a large mount stays small. */
static void tidy_part(struct request *r, size_t *gathered)
{
	if (++*gathered % 256 == 0)
		(void)request_commit(r);
}

static size_t tidy_secrets(struct request *r, struct mount *m, size_t *gathered)
{
	struct names folders = entry_list(r, &m->view, "secret/"), hashes;
	struct secret_id s;

	for (size_t i = 0; i < folders.count; i++) {
		hashes = entry_list(r, &m->view, pool_printf(&r->pool, "secret/%s", folders.at[i]));
		for (size_t k = 0; k < hashes.count; k++) {
			const char *key = pool_printf(&r->pool, "secret/%s%s", folders.at[i], hashes.at[k]);

			if (secret_id_load(r, m, key, &s) && secret_id_expired(r, &s)) {
				secret_id_delete(r, m, &s);
				tidy_part(r, gathered);
			}
		}
	}
	return *gathered;
}

/* Accessors whose secret id went with its role. They are few, and found by what is left. */
static void tidy_accessors(struct request *r, struct mount *m, size_t *gathered)
{
	struct names accessors = entry_list(r, &m->view, "accessor/");
	struct names folders = entry_list(r, &m->view, "secret/");

	for (size_t i = 0; i < accessors.count; i++) {
		const char *key = pool_printf(&r->pool, "accessor/%s", accessors.at[i]);
		const char *hash = pool_json_member(&r->pool, entry_read(r, &m->view, key), "hash");
		bool found = false;
		struct blob value;

		for (size_t k = 0; hash && !found && k < folders.count; k++)
			found = entry_get(r, &m->view, pool_printf(&r->pool, "secret/%s%s", folders.at[k], hash),
					  &value);
		if (hash && !found) {
			entry_delete(r, &m->view, key);
			tidy_part(r, gathered);
		}
	}
}

int approle_tidy(struct request *r)
{
	size_t gathered = 0;

	tidy_secrets(r, r->mount, &gathered);
	tidy_accessors(r, r->mount, &gathered);
	reply_warning(r, "Tidy operation successfully started. Any information from the operation will be printed to "
		      "Vault's server logs.");
	return 202;
}

/* An expired secret id opens nothing (secret_id_check), so that taking it away has time: once an hour. */
void approle_tick(struct request *r, struct mount *m)
{
	size_t gathered = 0;

	if (request_seconds(r) / 60 % 60 == 0)
		tidy_secrets(r, m, &gathered);
}
