/* The endpoints role/<name>/<field>: one field of a role read, written, or set back. */
#include <string.h>

#include "server/auth/approle.h"
#include "server/auth/cidr.h"
#include "server/core/core.h"

/* `rows`: whose member it is. An older name is asked for too, and shown where it was used. */
static const struct {
	const char *segment, *name, *old;
	bool of_token;
} fields[] = {
	{ "policies", "token_policies", "policies", true },
	{ "bound-cidr-list", "secret_id_bound_cidrs", "bound_cidr_list", false },
	{ "secret-id-bound-cidrs", "secret_id_bound_cidrs", "bound_cidr_list", false },
	{ "token-bound-cidrs", "token_bound_cidrs", NULL, true },
	{ "bind-secret-id", "bind_secret_id", NULL, false },
	{ "secret-id-num-uses", "secret_id_num_uses", NULL, false },
	{ "secret-id-ttl", "secret_id_ttl", NULL, false },
	{ "period", "token_period", "period", true },
	{ "token-num-uses", "token_num_uses", NULL, true },
	{ "token-ttl", "token_ttl", NULL, true },
	{ "token-max-ttl", "token_max_ttl", NULL, true },
	{ "local-secret-ids", "local_secret_ids", NULL, false },
	{ "role-id", "role_id", NULL, false },
};
#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

/* The routes name only segments of the table. */
static size_t field_of(const struct request *r)
{
	const char *segment = strrchr(r->rest, '/') + 1;
	size_t i = 0;

	while (i < FIELD_COUNT - 1 && strcmp(fields[i].segment, segment))
		i++;
	return i;
}

static const struct record_row *row_of(size_t i)
{
	return record_row(fields[i].of_token ? token_params_rows : approle_rows, fields[i].name);
}

static void *record_of(size_t i, struct approle *a)
{
	return fields[i].of_token ? (void *)&a->token : (void *)a;
}

int approle_field_read(struct request *r)
{
	size_t i = field_of(r);
	struct record_row row = *row_of(i);
	struct approle a;

	if (!approle_of_request(r, &a))
		return 404;
	if (!strcmp(fields[i].segment, "bound-cidr-list")) {
		row.name = "bound_cidr_list";
		reply_warning(r, "The \"bound_cidr_list\" field is deprecated and will be removed. Please use "
			      "\"secret_id_bound_cidrs\" instead.");
	}
	record_show_row(reply_data(r), &row, record_of(i, &a));
	if (fields[i].of_token && fields[i].old)
		token_params_show_old(&r->reply.data, &a.token, fields[i].name);
	return 200;
}

static int field_check(struct request *r, struct approle *a, const char *name)
{
	struct token_params *t = &a->token;
	const struct names *blocks = NULL;

	if (!strcmp(name, "token_ttl") && t->token_max_ttl && t->token_ttl > t->token_max_ttl)
		return refuse(r, 400, "token_ttl should not be greater than token_max_ttl");
	if (!strcmp(name, "token_max_ttl") && t->token_max_ttl && t->token_ttl > t->token_max_ttl)
		return refuse(r, 400, "token_max_ttl should be greater than or equal to token_ttl");
	if (!strcmp(name, "secret_id_num_uses") && a->secret_id_num_uses < 0)
		return refuse(r, 400, "secret_id_num_uses cannot be negative");
	if (!strcmp(name, "token_num_uses") && t->token_num_uses < 0)
		return refuse(r, 400, "token_num_uses cannot be negative");
	if (!strcmp(name, "token_period") && t->token_period > mount_max_ttl(r->core, r->mount))
		return refuse(r, 400, "period of \"%s\" is greater than the backend's maximum lease TTL of \"%s\"",
			      duration_text(&r->pool, t->token_period),
			      duration_text(&r->pool, mount_max_ttl(r->core, r->mount)));
	if (!strcmp(name, "secret_id_bound_cidrs"))
		blocks = &a->secret_id_bound_cidrs;
	if (!strcmp(name, "token_bound_cidrs"))
		blocks = &t->token_bound_cidrs;
	if (blocks && (!blocks->count || cidrs_wrong(blocks)))
		return refuse(r, 400, blocks->count ? "failed to validate CIDR blocks" : "missing bound_cidr_list");
	return 0;
}

int approle_field_write(struct request *r)
{
	size_t i = field_of(r);
	const char *old = fields[i].old;
	struct record_row row = *row_of(i);
	struct approle a;
	int status;

	if (!approle_lock(r, &a))
		return refuse_path(r);
	if (!asked(r, row.name) && !(old && asked(r, old)))
		return refuse(r, 400, "missing %s", old && fields[i].of_token && strcmp(old, "policies") ? old
										       : row.name);
	if (!fields[i].of_token) {
		if (!asked(r, row.name))
			row.name = old;
		record_ask_row(r, &row, &a);
	} else {
		token_params_ask_one(r, &a.token, row.name);
	}
	status = field_check(r, &a, fields[i].name);
	return status ? status : approle_put(r, &a, a.role_id);
}

int approle_field_clear(struct request *r)
{
	size_t i = field_of(r);
	struct approle a;

	if (!approle_lock(r, &a))
		return 204;
	record_clear_row(row_of(i), record_of(i, &a));
	if (fields[i].of_token)
		token_params_forget_old(&a.token, fields[i].name);
	if (!strcmp(fields[i].name, "bind_secret_id"))
		a.bind_secret_id = true; /* as a new role has it */
	return approle_put(r, &a, a.role_id);
}

int approle_role_id_write(struct request *r)
{
	struct approle a;
	const char *before;

	if (!approle_lock(r, &a))
		return refuse_path(r);
	before = a.role_id;
	a.role_id = ask_text_or(r, "role_id", "");
	if (!*a.role_id)
		return refuse(r, 400, "missing role_id");
	return approle_put(r, &a, before);
}
