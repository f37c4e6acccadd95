/*
 * Response wrapping. The answer, to the byte, lies in the cubbyhole of a token that may be used once; who brings the
 * token gets it, and nobody after. That somebody else was first shows: the token is then none.
 *
 * These endpoints need no token of their own: the wrapping token is who asks. Where it stands in the body instead, the
 * asker's token is held against the policies here.
 */
#include "server/sys/wrapping.h"

#include <string.h>

#include "server/core/core.h"
#include "server/lease/lease.h"
#include "server/policy/policy.h"
#include "server/sys/sys.h"
#include "server/token/tokens.h"

#define MULTI "1 error occurred:\n\t* %s\n\n"

/* -- wrapping -- */

static void put_cubbyhole(struct request *r, const struct token *t, const char *answer, const char *path, uint64_t ttl)
{
	struct view view = { t->cubbyhole };
	struct json_writer *w = entry_write(r);

	json_put_string(w, "response", answer);
	entry_written(r, &view, "response", w);
	w = entry_write(r);
	json_put_u64(w, "creation_ttl", ttl);
	json_put_string(w, "creation_time", time_text(&r->pool, r->now));
	json_put_string(w, "creation_path", path);
	entry_written(r, &view, "wrapinfo", w);
}

static void put_wrap_info(struct request *r, const struct token *t, const char *path, uint64_t ttl,
			  const char *accessor)
{
	struct json_writer w;

	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "token", t->id);
	json_put_string(&w, "accessor", t->accessor);
	json_put_u64(&w, "ttl", ttl);
	json_put_string(&w, "creation_time", time_text(&r->pool, r->now));
	json_put_string(&w, "creation_path", path);
	if (accessor && *accessor)
		json_put_string(&w, "wrapped_accessor", accessor);
	json_close(&w);
	r->reply.wrap_text = pool_json_end(&w);
}

/* A status. */
static int wrap_answer(struct request *r, const char *answer, const char *path, uint64_t ttl, const char *accessor)
{
	struct token *t = pool_take(&r->pool, sizeof(*t));
	struct mount *m = r->mount;
	int status;

	*t = (struct token){ .path = path, .explicit_max_ttl = ttl, .num_uses = 1 };
	names_add(&r->pool, &t->policies, "response-wrapping");
	/* What vouches for the asker vouches for the answer. */
	t->not_after = r->token ? r->token->not_after : 0;
	status = token_make(r, t, m, ttl);
	if (status != 200)
		return status;
	put_cubbyhole(r, t, answer, path, ttl);
	put_wrap_info(r, t, path, ttl, accessor);
	return 200;
}

static const char *accessor_of_auth(struct request *r)
{
	struct text_error error;
	const struct json *auth = r->reply.auth_text.size ?
		pool_read_json(&r->pool, (const char *)r->reply.auth_text.at, r->reply.auth_text.size, &error) : NULL;

	return pool_json_member(&r->pool, auth, "accessor");
}

int wrap_reply(struct request *r)
{
	struct reply *a = &r->reply;
	struct blob body;
	int status;

	if (a->wrap_text.size || a->bare || (!a->data_text.size && !a->auth_text.size && !a->lease_id))
		return a->status;
	body = core_body(r);
	status = wrap_answer(r, pool_copy(&r->pool, (const char *)body.at, body.size), r->path, r->wrap_ttl,
			     accessor_of_auth(r));
	if (status == 200 && !request_commit(r))
		status = 500;
	if (status != 200)
		return status;
	leases_committed(r);
	a->data_text = a->auth_text = (struct blob){ NULL, 0 };
	a->lease_id = NULL;
	a->lease_duration = 0;
	a->lease_renewable = false;
	return 200;
}

/* -- the endpoints -- */

static const struct token *invalid(struct request *r)
{
	refuse(r, 400, "wrapping token is not valid or does not exist");
	return NULL;
}

/* The asker is not the wrapping token: then its policies decide. */
static bool asker_allowed(struct request *r)
{
	struct policy_question question = { .operation = r->operation, .path = r->path, .body = r->body };
	struct policy_answer answer = { .allowed = false };

	if (token_authenticate(r)) {
		policies_of_request(r);
		policy_decide(r->policies, &question, &r->pool, &answer);
	}
	if (!answer.allowed)
		refuse(r, 403, MULTI, "permission denied");
	return answer.allowed;
}

static bool is_wrapping(const struct token *t)
{
	return t && t->type == TOKEN_SERVICE && t->policies.count == 1 && t->cubbyhole &&
	       !strcmp(t->policies.at[0], "response-wrapping");
}

/* The wrapping token: in the body, or the asker's own. NULL: refused. */
static const struct token *wrapping_token(struct request *r, bool checked)
{
	const char *text = ask_text_or(r, "token", "");
	bool own = !*text || (r->token_text && !strcmp(text, r->token_text));
	const struct token *t;

	if (own && !r->token_text)
		return invalid(r);
	t = token_find(r, own ? r->token_text : text);
	if (!is_wrapping(t))
		return invalid(r);
	if (checked && !own && !asker_allowed(r))
		return NULL;
	return t;
}

static const char *cubbyhole_text(struct request *r, const struct token *t, const char *key, const char *member)
{
	struct view view = { t->cubbyhole };

	return pool_json_member(&r->pool, entry_read(r, &view, key), member);
}

/* Its one use is counted durably before anything is read: of two who come at once, one gets nothing. */
static const char *open_answer(struct request *r, const struct token *found)
{
	struct token t = *found;

	if (!uses_count(r, &t)) {
		invalid(r);
		return NULL;
	}
	return cubbyhole_text(r, &t, "response", "response");
}

/* The status of what was refused before. */
static int refused(struct request *r)
{
	const char *error = r->reply.errors.count ? r->reply.errors.at[0] : "";

	if (r->failed)
		return 500;
	return strstr(error, "permission denied") ? 403 : *error ? 400 : refuse(r, 400, "no response was found");
}

static int unwrap(struct request *r)
{
	const struct token *t = wrapping_token(r, true);
	const char *answer = t ? open_answer(r, t) : NULL;

	if (!answer)
		return refused(r);
	token_revoke(r, t->hash);
	return reply_raw(r, 200, "application/json", answer, strlen(answer));
}

struct wrap_info {
	uint64_t ttl;
	const char *time, *path;
};

static bool info_read(struct request *r, const struct token *t, struct wrap_info *info)
{
	struct view view = { t->cubbyhole };
	const struct json *entry = entry_read(r, &view, "wrapinfo"), *ttl = json_member(entry, "creation_ttl");

	*info = (struct wrap_info){ .time = pool_json_member(&r->pool, entry, "creation_time"),
				    .path = pool_json_member(&r->pool, entry, "creation_path") };
	return ttl && json_u64(ttl, &info->ttl) && info->time && info->path;
}

static int lookup(struct request *r)
{
	const struct token *t = wrapping_token(r, false);
	struct wrap_info info;
	struct json_writer *w;

	if (!t)
		return 400;
	if (!info_read(r, t, &info))
		return refuse(r, 400, "no information found about this wrapping token");
	w = reply_data(r);
	json_put_u64(w, "creation_ttl", info.ttl);
	json_put_string(w, "creation_time", info.time);
	json_put_string(w, "creation_path", info.path);
	return 200;
}

static int rewrap(struct request *r)
{
	const struct token *t = wrapping_token(r, true);
	struct wrap_info info;
	const char *answer;
	int status;

	if (!t)
		return refused(r);
	if (!info_read(r, t, &info))
		return refuse(r, 400, "no information found about this wrapping token");
	answer = open_answer(r, t);
	if (!answer)
		return refused(r);
	status = wrap_answer(r, answer, info.path, info.ttl, NULL);
	if (status == 200)
		token_revoke(r, t->hash);
	return status;
}

static int wrap(struct request *r)
{
	struct json_writer *w;

	if (!r->wrap_ttl)
		return refuse(r, 400, "endpoint requires response wrapping to be used");
	w = reply_data(r);
	for (const struct json *m = r->body->first; m; m = m->next) {
		char *name = pool_take(&r->pool, m->name.size + 1);

		if (json_decode(m->name, name, m->name.size) >= 0)
			json_put_raw(w, name, m->span.at, m->span.size);
	}
	return 200;
}

static const struct field fields[] = {
	{ "token", FIELD_STRING, "The wrapping token; without it, the asking token is one." },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route routes[] = {
	{ .pattern = "wrapping/wrap", .update = wrap, .text = "Wrap what the request holds." },
	{ .pattern = "wrapping/unwrap", .flags = ROUTE_OPEN, .update = unwrap, .fields = fields,
	  .text = "The answer that a token wraps; once." },
	{ .pattern = "wrapping/lookup", .flags = ROUTE_OPEN, .read = lookup, .update = lookup, .fields = fields,
	  .text = "When and by which request an answer was wrapped." },
	{ .pattern = "wrapping/rewrap", .flags = ROUTE_OPEN, .update = rewrap, .fields = fields,
	  .text = "Wrap an answer again, under a new token." },
};

const struct route_table sys_wrapping_tables[] = { ROUTES(routes), { NULL, 0, NULL } };
