#include "server/auth/token_params.h"

#include <string.h>

#include "server/auth/cidr.h"

#define ROW(member, kind) RECORD(token_params, member, kind, 0)

const struct record_row token_params_rows[] = {
	ROW(token_bound_cidrs, RECORD_LIST),
	ROW(token_explicit_max_ttl, RECORD_SECONDS),
	ROW(token_max_ttl, RECORD_SECONDS),
	ROW(token_no_default_policy, RECORD_BOOL),
	ROW(token_period, RECORD_SECONDS),
	ROW(token_policies, RECORD_LIST),
	ROW(token_type, RECORD_TEXT),
	ROW(token_ttl, RECORD_SECONDS),
	ROW(token_num_uses, RECORD_COUNT),
	RECORD(token_params, old_names, RECORD_COUNT, RECORD_KEPT | RECORD_OWN),
	RECORD_END,
};

/* The older names, as rows over the same members. */
static const struct {
	unsigned int bit;
	const char *now;
	struct record_row row;
} old_rows[] = {
	{ TOKEN_OLD_POLICIES, "token_policies", RECORD_AS("policies", token_params, token_policies, RECORD_LIST, 0) },
	{ TOKEN_OLD_TTL, "token_ttl", RECORD_AS("ttl", token_params, token_ttl, RECORD_SECONDS, 0) },
	{ TOKEN_OLD_MAX_TTL, "token_max_ttl", RECORD_AS("max_ttl", token_params, token_max_ttl, RECORD_SECONDS, 0) },
	{ TOKEN_OLD_PERIOD, "token_period", RECORD_AS("period", token_params, token_period, RECORD_SECONDS, 0) },
	{ TOKEN_OLD_BOUND_CIDRS, "token_bound_cidrs",
	  RECORD_AS("bound_cidrs", token_params, token_bound_cidrs, RECORD_LIST, 0) },
	{ TOKEN_OLD_NUM_USES, "token_num_uses", RECORD_AS("num_uses", token_params, token_num_uses, RECORD_COUNT, 0) },
};
#define OLD_COUNT (sizeof(old_rows) / sizeof(old_rows[0]))

void token_params_init(struct token_params *t)
{
	record_init(token_params_rows, t);
	t->token_type = "default";
}

void token_params_load(struct pool *p, struct token_params *t, const struct json *stored)
{
	record_load(p, token_params_rows, stored, t);
	if (!*t->token_type)
		t->token_type = "default";
}

void token_params_store(struct json_writer *w, const struct token_params *t)
{
	record_store(w, token_params_rows, t);
}

void token_params_show(struct json_writer *w, const struct token_params *t)
{
	record_show(w, token_params_rows, t);
	token_params_show_old(w, t, NULL);
}

static struct names policies_lowered(struct request *r, const struct names *policies)
{
	struct names lowered = { NULL, 0 };

	for (size_t i = 0; i < policies->count; i++)
		names_add(&r->pool, &lowered, lower_text(&r->pool, policies->at[i]));
	names_sort(&lowered);
	return lowered;
}

/* The new name counts where both are said; the older one is shown again only where this request used it. */
static void old_names_ask(struct request *r, struct token_params *t, unsigned int old)
{
	for (size_t i = 0; i < OLD_COUNT; i++) {
		bool now = asked(r, old_rows[i].now), before;

		if (!(old & old_rows[i].bit))
			continue;
		before = asked(r, old_rows[i].row.name);
		if (before)
			t->old_names |= old_rows[i].bit;
		else if (now)
			t->old_names &= ~(int64_t)old_rows[i].bit;
		if (!before || now)
			continue;
		record_ask_row(r, &old_rows[i].row, t);
		if (old_rows[i].bit == TOKEN_OLD_POLICIES)
			t->token_policies = policies_lowered(r, &t->token_policies);
	}
}

static int token_type_check(struct request *r, struct token_params *t)
{
	if (!*t->token_type)
		t->token_type = "default";
	if (!strcmp(t->token_type, "default-service") || !strcmp(t->token_type, "default-batch")) {
		/* words of mounts; approle has always taken them, so have clients */
		reply_warning(r, "%s has no useful meaning; adjusting to %s", t->token_type, t->token_type + 8);
		t->token_type += 8;
	}
	if (strcmp(t->token_type, "default") && strcmp(t->token_type, "service") && strcmp(t->token_type, "batch"))
		return refuse(r, 400, "invalid 'token_type' value \"%s\"", t->token_type);
	if (strcmp(t->token_type, "batch"))
		return 0;
	if (t->token_period)
		return refuse(r, 400, "'token_type' cannot be 'batch' or 'default_batch' when set to generate "
			      "periodic tokens");
	if (t->token_num_uses)
		return refuse(r, 400, "'token_type' cannot be 'batch' or 'default_batch' when set to generate "
			      "tokens with limited use count");
	return 0;
}

int token_params_ask(struct request *r, struct token_params *t, unsigned int old)
{
	const char *wrong;
	int status;

	record_ask(r, token_params_rows, t);
	old_names_ask(r, t, old);
	wrong = cidrs_wrong(&t->token_bound_cidrs);
	if (wrong)
		return refuse(r, 400, "error parsing address \"%s\": Unable to convert %s to an IPv4 or IPv6 address, "
			      "or a UNIX Socket", wrong, wrong);
	t->token_bound_cidrs = cidrs_tidy(&r->pool, &t->token_bound_cidrs);
	if (t->token_num_uses < 0)
		return refuse(r, 400, "'token_num_uses' cannot be negative");
	status = token_type_check(r, t);
	if (status)
		return status;
	if (t->token_ttl && t->token_max_ttl && t->token_ttl > t->token_max_ttl)
		return refuse(r, 400, "'token_ttl' cannot be greater than 'token_max_ttl'");
	return 0;
}

void token_params_ask_one(struct request *r, struct token_params *t, const char *name)
{
	record_ask_row(r, record_row(token_params_rows, name), t);
	for (size_t i = 0; i < OLD_COUNT; i++)
		if (!strcmp(old_rows[i].now, name))
			old_names_ask(r, t, old_rows[i].bit);
}

void token_params_show_old(struct json_writer *w, const struct token_params *t, const char *name)
{
	for (size_t i = 0; i < OLD_COUNT; i++) {
		struct record_row row = old_rows[i].row;

		row.flags = RECORD_ABSENT;
		if (t->old_names & old_rows[i].bit && (!name || !strcmp(old_rows[i].now, name)))
			record_show_row(w, &row, t);
	}
}

void token_params_forget_old(struct token_params *t, const char *name)
{
	for (size_t i = 0; i < OLD_COUNT; i++)
		if (!strcmp(old_rows[i].now, name))
			t->old_names &= ~(int64_t)old_rows[i].bit;
}

bool token_params_allow(const struct request *r, const struct token_params *t)
{
	return cidrs_allow(&t->token_bound_cidrs, r->origin.remote_address);
}

void token_params_login(const struct token_params *t, struct login *login)
{
	login->policies = t->token_policies;
	login->bound_cidrs = t->token_bound_cidrs;
	login->no_default_policy = t->token_no_default_policy;
	login->renewable = true;
	login->orphan = true;
	login->ttl = t->token_ttl;
	login->max_ttl = t->token_max_ttl;
	login->explicit_max_ttl = t->token_explicit_max_ttl;
	login->period = t->token_period;
	login->num_uses = (uint64_t)t->token_num_uses;
	login->type = t->token_type;
}

void token_params_renew(const struct token_params *t, struct login *login)
{
	login->ttl = t->token_ttl;
	login->max_ttl = t->token_max_ttl;
	login->period = t->token_period;
}
