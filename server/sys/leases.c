/* sys/leases, and the older paths of the same: sys/renew, sys/revoke, sys/revoke-prefix, sys/revoke-force. */
#include <string.h>

#include "server/lease/leases.h"
#include "server/policy/policy.h"
#include "server/sys/sys.h"

/* In the body or behind the path. */
static const char *asked_id(struct request *r)
{
	const char *id = pool_json_text(&r->pool, ask_json(r, "lease_id"));

	return id && *id ? id : ask_text_or(r, "url_lease_id", "");
}

static void put_time(struct request *r, struct json_writer *w, const char *name, int64_t seconds)
{
	if (seconds)
		json_put_string(w, name, time_text(&r->pool, seconds * 1000000000));
	else
		json_put_null(w, name);
}

static int lookup(struct request *r)
{
	const char *id = asked_id(r);
	const struct lease *l = lease_find(r, id);
	struct json_writer *w;

	if (!*id)
		return refuse(r, 400, "lease_id must be specified");
	if (!l)
		return refuse(r, 400, "invalid lease");
	w = reply_data(r);
	json_put_string(w, "id", l->id);
	put_time(r, w, "issue_time", l->issued);
	put_time(r, w, "expire_time", l->expires);
	put_time(r, w, "last_renewal", l->renewed);
	json_put_bool(w, "renewable", l->renewable && !l->irrevocable);
	json_put_i64(w, "ttl", l->expires ? l->expires - request_seconds(r) : 0);
	json_put_string(w, "path", l->path ? l->path : "");
	if (l->irrevocable)
		json_put_string(w, "revoke_error", l->irrevocable);
	return 200;
}

static int lookup_list(struct request *r)
{
	const char *prefix = ask_text_or(r, "prefix", "");
	size_t size = strlen(prefix);
	struct names names = entry_list(r, &leases_view, pool_printf(&r->pool, "id/%s%s", prefix,
								     size && prefix[size - 1] != '/' ? "/" : ""));

	return reply_keys(r, &names);
}

/* The row is shared with the lookup of one lease, which needs no sudo. */
static int lookup_list_all(struct request *r)
{
	if (!(policy_capabilities(r->policies, r->path) & (CAP_SUDO | CAP_ROOT)))
		return refuse(r, 403, "1 error occurred:\n\t* permission denied\n\n");
	return lookup_list(r);
}

static int renew(struct request *r)
{
	const char *id = asked_id(r);

	if (!*id)
		return refuse(r, 400, "lease_id must be specified");
	return lease_renew(r, id, ask_seconds(r, "increment", 0));
}

/* It ends before the answer either way; who asked not to wait is told so in Vault's words: accepted. */
static int revoke(struct request *r)
{
	const char *id = asked_id(r);

	if (!*id)
		return refuse(r, 400, "lease_id must be specified");
	if (!lease_revoke(r, id, false))
		return r->failed ? 500 : refuse(r, 400, "failed to revoke lease \"%s\"", id);
	return ask_bool(r, "sync", true) ? 204 : 202;
}

static int revoke_prefix(struct request *r)
{
	if (!lease_revoke_prefix(r, ask_text_or(r, "prefix", ""), false) && ask_bool(r, "sync", true))
		return r->failed ? 500 : refuse(r, 400, "failed to revoke some leases, which are tried again");
	return ask_bool(r, "sync", true) ? 204 : 202;
}

static int revoke_force(struct request *r)
{
	lease_revoke_prefix(r, ask_text_or(r, "prefix", ""), true);
	return r->failed ? 500 : 204;
}

/* -- those that could not be ended -- */

struct irrevocable {
	struct request *r;
	size_t skip, count;
	struct names ids, errors;
};

static int irrevocable_add(void *context, const char *path, struct blob value)
{
	struct irrevocable *all = context;
	struct pool *p = &all->r->pool;
	struct text_error error;
	const struct json *entry;
	const char *reason;

	/* The word is in few entries, so few are read. */
	if (!memmem(value.at, value.size, "\"irrevocable\"", 13))
		return 0;
	entry = pool_read_json(p, pool_copy(p, (const char *)value.at, value.size), value.size, &error);
	reason = pool_json_member(p, entry, "irrevocable");
	if (!reason)
		return 0;
	names_add(p, &all->ids, pool_text(p, path + all->skip));
	names_add(p, &all->errors, reason);
	return 0;
}

static struct irrevocable irrevocable_find(struct request *r)
{
	const char *folder = pool_printf(&r->pool, "%sid/", leases_view.prefix);
	struct irrevocable all = { .r = r, .skip = strlen(folder) };
	int error = barrier_walk(r->core->barrier, folder, irrevocable_add, &all);

	if (error)
		r->failed = error;
	return all;
}

static const char *mount_of_lease(struct request *r, const char *id)
{
	const char *rest;
	const struct mount *m = mount_find(r->core, id, &rest);

	return m ? m->path : "deleted";
}

static void put_counts(struct request *r, struct json_writer *w, const struct irrevocable *all)
{
	struct names mounts = { NULL, 0 };

	for (size_t i = 0; i < all->ids.count; i++)
		names_add(&r->pool, &mounts, mount_of_lease(r, all->ids.at[i]));
	names_sort(&mounts);
	json_object(w, "counts");
	for (size_t m = 0; m < mounts.count; m++) {
		uint64_t count = 0;

		for (size_t i = 0; i < all->ids.count; i++)
			count += !strcmp(mounts.at[m], mount_of_lease(r, all->ids.at[i]));
		json_put_u64(w, mounts.at[m], count);
	}
	json_close(w);
	json_put_u64(w, "lease_count", all->ids.count);
}

static bool asks_irrevocable(struct request *r)
{
	return !strcasecmp(ask_text_or(r, "type", ""), "irrevocable");
}

static int count(struct request *r)
{
	struct irrevocable all;

	if (!asks_irrevocable(r))
		return refuse(r, 400, "'type' must be \"irrevocable\"");
	all = irrevocable_find(r);
	put_counts(r, reply_data(r), &all);
	return 200;
}

static int list(struct request *r)
{
	const char *limit = ask_text_or(r, "limit", "");
	size_t most = !*limit ? 10000 : !strcmp(limit, "none") ? SIZE_MAX : (size_t)ask_int(r, "limit", 0);
	struct irrevocable all;
	struct json_writer *w;

	if (!asks_irrevocable(r))
		return refuse(r, 400, "'type' must be \"irrevocable\"");
	if (!most || (most != SIZE_MAX && most > INT64_MAX))
		return refuse(r, 400, "limit must be 'none' or a positive integer");
	all = irrevocable_find(r);
	w = reply_data(r);
	put_counts(r, w, &all);
	json_array(w, "leases");
	for (size_t i = 0; i < all.ids.count && i < most; i++) {
		json_object(w, NULL);
		json_put_string(w, "lease_id", all.ids.at[i]);
		json_put_string(w, "error", all.errors.at[i]);
		json_close(w);
	}
	json_close(w);
	if (all.ids.count > most)
		reply_warning(
			r, "Command halted because many irrevocable leases were found. To emit the entire list, re-run "
			   "the command with force set true.");
	return 200;
}

/* Index entries of leases that are gone, and leases of tokens that are. */
static int tidy(struct request *r)
{
	struct names holders = entry_list(r, &leases_view, "token/");

	for (size_t i = 0; i < holders.count; i++) {
		const char *folder = pool_printf(&r->pool, "token/%s", holders.at[i]);
		struct names names = entry_list(r, &leases_view, folder);

		for (size_t n = 0; n < names.count; n++) {
			const char *key = pool_printf(&r->pool, "%s%s", folder, names.at[n]);
			struct blob id;

			if (entry_get(r, &leases_view, key, &id) &&
			    !lease_find(r, pool_copy(&r->pool, (const char *)id.at, id.size)))
				entry_delete(r, &leases_view, key);
		}
	}
	reply_warning(r, "Tidy operation successfully finished.");
	return 202;
}

static const struct field fields[] = {
	{ "lease_id", FIELD_STRING, "The lease." },
	{ "url_lease_id", FIELD_STRING, "The lease." },
	{ "increment", FIELD_SECONDS, "How much longer it should live, from now." },
	{ "sync", FIELD_BOOL, "Answer when it has ended." },
	{ "type", FIELD_STRING, "\"irrevocable\"." },
	{ "limit", FIELD_STRING, "How many to show, or \"none\"." },
	{ "include_child_namespaces", FIELD_BOOL, "There are none." },
	{ NULL, FIELD_ANY, NULL },
};

#define LEASE_ROUTES(front) \
	{ .pattern = front "renew", .update = renew, .fields = fields, .text = "Renew a lease." }, \
	{ .pattern = front "renew/{url_lease_id*}", .update = renew, .fields = fields, .text = "Renew a lease." }, \
	{ .pattern = front "revoke", .update = revoke, .fields = fields, .text = "End a lease." }, \
	{ .pattern = front "revoke/{url_lease_id*}", .update = revoke, .fields = fields, .text = "End a lease." }, \
	{ .pattern = front "revoke-prefix/{prefix*}", .flags = ROUTE_SUDO, .update = revoke_prefix, .fields = fields, \
	  .text = "End all leases below a path." }, \
	{ .pattern = front "revoke-force/{prefix*}", .flags = ROUTE_SUDO, .update = revoke_force, .fields = fields, \
	  .text = "Drop all leases below a path, also those that cannot be ended." }

static const struct route routes[] = {
	{ .pattern = "leases",
	  .flags = ROUTE_SUDO,
	  .read = list,
	  .list = list,
	  .fields = fields,
	  .text = "Leases that could not be ended." },
	{ .pattern = "leases/count", .read = count, .fields = fields, .text = "How many leases could not be ended." },
	{ .pattern = "leases/lookup",
	  .update = lookup,
	  .list = lookup_list_all,
	  .fields = fields,
	  .text = "Look a lease up." },
	{ .pattern = "leases/lookup/{prefix*}",
	  .flags = ROUTE_SUDO,
	  .list = lookup_list,
	  .text = "Leases below a path." },
	{ .pattern = "leases/tidy", .update = tidy, .text = "Remove what leases that ended left behind." },
	LEASE_ROUTES("leases/"),
	LEASE_ROUTES(""),
};

const struct route_table sys_leases_tables[] = { ROUTES(routes), { NULL, 0, NULL } };
