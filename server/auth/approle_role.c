/* Roles of approle: the whole role, and where it is kept. */
#include <string.h>

#include "crypto/hmac_sha256.h"
#include "crypto/random.h"
#include "server/auth/approle.h"
#include "base/mem.h"
#include "server/auth/cidr.h"
#include "server/core/core.h"

const struct record_row approle_rows[] = {
	RECORD(approle, bind_secret_id, RECORD_BOOL, 0),
	RECORD(approle, local_secret_ids, RECORD_BOOL, RECORD_OWN),
	RECORD(approle, secret_id_bound_cidrs, RECORD_LIST, RECORD_NULL),
	RECORD(approle, secret_id_num_uses, RECORD_COUNT, 0),
	RECORD(approle, secret_id_ttl, RECORD_SECONDS, 0),
	RECORD(approle, role_id, RECORD_TEXT, RECORD_KEPT | RECORD_OWN),
	RECORD(approle, hmac_key, RECORD_TEXT, RECORD_KEPT | RECORD_OWN),
	RECORD_END,
};

static char *hmac_text(struct request *r, const struct approle *a, const char *text)
{
	uint8_t mac[HMAC_SHA256_SIZE];

	hmac_sha256(a->hmac_key, strlen(a->hmac_key), text, strlen(text), mac);
	return pool_hex(&r->pool, mac, sizeof(mac));
}

const char *secret_id_key(struct request *r, const struct approle *a, const char *secret_id)
{
	return pool_printf(&r->pool, "%s%s", a->folder, hmac_text(r, a, secret_id));
}

bool approle_load(struct request *r, const struct mount *m, const char *name, struct approle *a)
{
	const struct json *stored;

	record_init(approle_rows, a);
	token_params_init(&a->token);
	a->name = lower_text(&r->pool, name);
	a->key = pool_printf(&r->pool, "role/%s", a->name);
	stored = entry_read(r, &m->view, a->key);
	if (!stored)
		return false;
	record_load(&r->pool, approle_rows, stored, a);
	token_params_load(&r->pool, &a->token, stored);
	a->folder = pool_printf(&r->pool, "secret/%s/", hmac_text(r, a, a->name));
	return true;
}

bool approle_of_request(struct request *r, struct approle *a)
{
	return approle_load(r, r->mount, ask_text_or(r, "role_name", ""), a);
}

bool approle_lock(struct request *r, struct approle *a)
{
	const char *name = lower_text(&r->pool, ask_text_or(r, "role_name", ""));

	entry_lock(r, LOCK_ENGINE, &r->mount->view, pool_printf(&r->pool, "role/%s", name));
	return approle_load(r, r->mount, name, a);
}

static const char *role_id_key(struct request *r, const char *role_id)
{
	return pool_printf(&r->pool, "role-id/%s", hash_name(&r->pool, r->mount->uuid, role_id));
}

/* The index may be behind for a moment when two roles are given one id at once: the role itself says whose it is. */
bool approle_of_id(struct request *r, const char *role_id, struct approle *a)
{
	const struct json *index = entry_read(r, &r->mount->view, role_id_key(r, role_id));
	const char *name = pool_json_member(&r->pool, index, "name");

	return name && approle_load(r, r->mount, name, a) && !strcmp(a->role_id, role_id);
}

bool approle_constrained(const struct approle *a)
{
	return a->bind_secret_id || a->secret_id_bound_cidrs.count || a->token.token_bound_cidrs.count;
}

int approle_put(struct request *r, const struct approle *a, const char *before)
{
	const struct view *view = &r->mount->view;
	const char *key = role_id_key(r, a->role_id), *owner;
	struct json_writer *w;

	if (!approle_constrained(a))
		return refuse_plain(r, "at least one constraint should be enabled on the role");
	owner = pool_json_member(&r->pool, entry_read(r, view, key), "name");
	if (owner && strcmp(owner, a->name))
		return refuse_plain(r, "role_id already in use");
	if (before && strcmp(before, a->role_id))
		entry_delete(r, view, role_id_key(r, before));
	w = entry_write(r);
	record_store(w, approle_rows, a);
	token_params_store(w, &a->token);
	entry_written(r, view, a->key, w);
	if (!owner) {
		w = entry_write(r);
		json_put_string(w, "name", a->name);
		entry_written(r, view, key, w);
	}
	return 204;
}

bool approle_exists(struct request *r)
{
	struct approle a;

	return approle_of_request(r, &a);
}

int approle_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "role/");

	return reply_keys(r, &names);
}

int approle_read(struct request *r)
{
	struct approle a;
	struct json_writer *w;

	if (!approle_of_request(r, &a))
		return 404;
	w = reply_data(r);
	record_show(w, approle_rows, &a);
	token_params_show(w, &a.token);
	if (!approle_constrained(&a))
		reply_warning(r, "Role does not have any constraints set on it. Updates to this role will require a "
			      "constraint to be set");
	return 200;
}

int approle_delete(struct request *r)
{
	struct approle a;

	if (!approle_lock(r, &a))
		return 204;
	/* Their accessors lead to nothing now; tidying takes them away. */
	entry_delete_all(r, &r->mount->view, a.folder);
	entry_delete(r, &r->mount->view, role_id_key(r, a.role_id));
	entry_delete(r, &r->mount->view, a.key);
	return 204;
}

/* What a new role has before the request says anything. */
static void role_begin(struct request *r, struct approle *a)
{
	uint8_t key[32];

	random_bytes(key, sizeof(key));
	a->hmac_key = pool_hex(&r->pool, key, sizeof(key));
	mem_wipe(key, sizeof(key));
	a->role_id = pool_uuid(&r->pool);
	a->bind_secret_id = true;
	a->local_secret_ids = ask_bool(r, "local_secret_ids", false);
}

static int role_check(struct request *r, struct approle *a)
{
	uint64_t most = mount_max_ttl(r->core, r->mount);

	if (!*a->role_id)
		return refuse(r, 400, "invalid role_id supplied, or failed to generate a role_id");
	if (cidrs_wrong(&a->secret_id_bound_cidrs))
		return refuse(r, 400, "invalid CIDR blocks");
	if (a->secret_id_num_uses < 0)
		return refuse(r, 400, "secret_id_num_uses cannot be negative");
	if (a->token.token_period > most)
		return refuse(r, 400, "period of \"%s\" is greater than the backend's maximum lease TTL of \"%s\"",
			      duration_text(&r->pool, a->token.token_period), duration_text(&r->pool, most));
	if (a->token.token_max_ttl > most)
		reply_warning(r, "token_max_ttl is greater than the backend mount's maximum TTL value; issued "
			      "tokens' max TTL value will be truncated");
	return 0;
}

int approle_write(struct request *r)
{
	struct approle a;
	bool known = approle_lock(r, &a);
	const char *before = known ? a.role_id : NULL;
	int status;

	if (strlen(a.name) > APPROLE_NAME_MAX)
		return refuse(r, 400, "role_name is longer than maximum of %d bytes", APPROLE_NAME_MAX);
	if (known && asked(r, "local_secret_ids"))
		return refuse(r, 400, "local_secret_ids can only be modified during role creation");
	if (!known)
		role_begin(r, &a);
	status = token_params_ask(r, &a.token, TOKEN_OLD_POLICIES | TOKEN_OLD_PERIOD);
	if (status)
		return status;
	record_ask(r, approle_rows, &a);
	if (asked(r, "bound_cidr_list") && !asked(r, "secret_id_bound_cidrs"))
		a.secret_id_bound_cidrs = ask_list(r, "bound_cidr_list");
	if (asked(r, "role_id"))
		a.role_id = ask_text_or(r, "role_id", "");
	status = role_check(r, &a);
	if (!status)
		status = approle_put(r, &a, before);
	return status == 204 && r->reply.warnings.count ? 200 : status;
}
