/* What a token may do: sys/capabilities and the like, and the whole of it for the web console. */
#include <string.h>

#include "server/identity/identity.h"
#include "server/policy/policies.h"
#include "server/sys/sys.h"
#include "server/token/token.h"

/* NULL: refused. */
static const struct policy_set *set_of(struct request *r, const struct token *t)
{
	const struct entity *entity = t->entity_id && *t->entity_id ? entity_find(r, t->entity_id) : NULL;
	struct names names = { NULL, 0 };

	if (t->entity_id && *t->entity_id && (!entity || entity->disabled)) {
		refuse(r, 400, "invalid token");
		return NULL;
	}
	for (size_t i = 0; i < t->policies.count; i++)
		names_add(&r->pool, &names, t->policies.at[i]);
	for (size_t i = 0; entity && !names_have(&names, "root") && i < entity->policies.count; i++)
		names_add(&r->pool, &names, entity->policies.at[i]);
	names_sort(&names);
	return policies_set(r, &names, entity);
}

static void put(struct json_writer *w, const char *name, unsigned int capabilities)
{
	json_array(w, name);
	capabilities_put(w, capabilities);
	json_close(w);
}

static int answer(struct request *r, const struct token *t)
{
	struct names paths = ask_list(r, "paths");
	const struct policy_set *set;
	struct json_writer *w;

	if (!paths.count)
		paths = ask_list(r, "path");
	if (!paths.count)
		return refuse(r, 400, "paths must be supplied");
	set = set_of(r, t);
	if (!set)
		return r->failed ? 500 : 400;
	w = reply_data(r);
	names_sort(&paths);
	for (size_t i = 0; i < paths.count; i++)
		if (paths.count > 1 || strcmp(paths.at[i], "capabilities") != 0)
			put(w, paths.at[i], policy_capabilities(set, paths.at[i]));
	if (paths.count == 1)
		put(w, "capabilities", policy_capabilities(set, paths.at[0]));
	return 200;
}

static int of_self(struct request *r)
{
	return answer(r, r->token);
}

static int of_token(struct request *r)
{
	const char *text = ask_text_or(r, "token", "");
	const struct token *t;

	if (!*text)
		return refuse(r, 400, "missing token");
	t = token_find(r, text);
	return t ? answer(r, t) : refuse(r, 400, "invalid token");
}

static int of_accessor(struct request *r)
{
	const char *accessor = ask_text_or(r, "accessor", "");
	const struct token *t;

	if (!*accessor)
		return refuse(r, 400, "missing accessor");
	t = token_by_accessor(r, accessor);
	return t ? answer(r, t) : refuse(r, 400, "invalid accessor");
}

/* -- the whole of it -- */

struct showing {
	struct json_writer *w;
	bool glob;
};

static void show_path(void *context, const char *path, bool glob, unsigned int capabilities)
{
	const struct showing *s = context;

	if (glob != s->glob)
		return;
	json_object(s->w, path);
	put(s->w, "capabilities", capabilities);
	json_close(s->w);
}

static int resultant(struct request *r)
{
	struct showing s = { .w = reply_data(r) };

	if (!policy_set_root(r->policies)) {
		json_object(s.w, "exact_paths");
		policy_set_each(r->policies, show_path, &s);
		json_close(s.w);
		s.glob = true;
		json_object(s.w, "glob_paths");
		policy_set_each(r->policies, show_path, &s);
		json_close(s.w);
	}
	json_put_bool(s.w, "root", policy_set_root(r->policies));
	return 200;
}

static const struct field fields[] = {
	{ "token", FIELD_STRING, "The token." },
	{ "accessor", FIELD_STRING, "The accessor of a token." },
	{ "path", FIELD_LIST, "The older name of \"paths\"." },
	{ "paths", FIELD_LIST, "Paths to ask about." },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route routes[] = {
	{ .pattern = "capabilities", .flags = ROUTE_INJECT, .update = of_token, .fields = fields,
	  .text = "What a token may do at paths." },
	{ .pattern = "capabilities-self", .flags = ROUTE_INJECT, .update = of_self, .fields = fields,
	  .text = "What the asking token may do at paths." },
	{ .pattern = "capabilities-accessor", .flags = ROUTE_INJECT, .update = of_accessor, .fields = fields,
	  .text = "What the token of an accessor may do at paths." },
	{ .pattern = "internal/ui/resultant-acl", .read = resultant, .text = "All that the asking token may do." },
};

const struct route_table sys_capabilities_tables[] = { ROUTES(routes), { NULL, 0, NULL } };
