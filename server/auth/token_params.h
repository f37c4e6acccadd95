/*
 * What every auth method lets its roles say of the tokens that it gives: token_ttl, token_policies and so on, and the
 * older names of some of them, which Vault goes on reading, and shows where they were used.
 */
#ifndef ADYTON_SERVER_AUTH_TOKEN_PARAMS_H
#define ADYTON_SERVER_AUTH_TOKEN_PARAMS_H

#include "server/auth/record.h"

/* Which of them a method has: the names are "policies", "ttl", "max_ttl", "period", "bound_cidrs", "num_uses". */
enum token_old_name {
	TOKEN_OLD_POLICIES = 1, TOKEN_OLD_TTL = 2, TOKEN_OLD_MAX_TTL = 4, TOKEN_OLD_PERIOD = 8,
	TOKEN_OLD_BOUND_CIDRS = 16, TOKEN_OLD_NUM_USES = 32,
};

struct token_params {
	struct names token_policies, token_bound_cidrs;
	uint64_t token_ttl, token_max_ttl, token_explicit_max_ttl, token_period;
	int64_t token_num_uses;
	bool token_no_default_policy;
	const char *token_type; /* "default", "service", "batch" */
	int64_t old_names;      /* enum token_old_name: those that were used in place of the new ones, or beside them */
};

#define TOKEN_FIELDS \
	{ "token_bound_cidrs", FIELD_LIST, "Blocks of addresses from which the token may be used." }, \
	{ "token_explicit_max_ttl", FIELD_SECONDS, "A hard limit of the token's life; renewals never pass it." }, \
	{ "token_max_ttl", FIELD_SECONDS, "How long the token may live with renewals." }, \
	{ "token_no_default_policy", FIELD_BOOL, "Do not add the policy \"default\"." }, \
	{ "token_period", FIELD_SECONDS, "A periodic token: each renewal lasts this long, without a limit." }, \
	{ "token_policies", FIELD_LIST, "Policies of the token." }, \
	{ "token_type", FIELD_STRING, "\"service\", \"batch\" or \"default\": as the mount says." }, \
	{ "token_ttl", FIELD_SECONDS, "How long the token lives at first." }, \
	{ "token_num_uses", FIELD_INT, "How often the token may be used; 0: without a limit." }

#define TOKEN_OLD_FIELD(name, type) { name, type, "The older name of \"token_" name "\"." }

void token_params_init(struct token_params *t);
void token_params_load(struct pool *p, struct token_params *t, const struct json *stored);
void token_params_store(struct json_writer *w, const struct token_params *t);
void token_params_show(struct json_writer *w, const struct token_params *t);

/* Take what the request says: 0, or the status of a refusal. `old`: the older names that this method knows. */
must_check int token_params_ask(struct request *r, struct token_params *t, unsigned int old);
/* One of them alone, by its name of now, or by its older name where the request uses that; nothing is checked. */
void token_params_ask_one(struct request *r, struct token_params *t, const char *name);
void token_params_show_old(struct json_writer *w, const struct token_params *t, const char *name);
void token_params_forget_old(struct token_params *t, const char *name);
extern const struct record_row token_params_rows[];
/* Where the request comes from an address that the token could not be used from, nobody logs in. */
bool token_params_allow(const struct request *r, const struct token_params *t);
void token_params_login(const struct token_params *t, struct login *login);
/* At renewal: times as they are now. */
void token_params_renew(const struct token_params *t, struct login *login);

#endif
