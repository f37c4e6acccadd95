/* Assignments of the OpenID provider (whom a client may ask about), and scopes (what it may ask). */
#include <string.h>

#include "server/core/core.h"
#include "server/identity/provider_thing.h"

struct assignment {
	struct names entity_ids, group_ids;
};
struct scope {
	const char *template, *description;
};

static const struct record_row assignment_rows[] = {
	RECORD(assignment, entity_ids, RECORD_LIST, 0), RECORD(assignment, group_ids, RECORD_LIST, 0), RECORD_END,
};
static const struct record_row scope_rows[] = {
	RECORD(scope, template, RECORD_TEXT, 0), RECORD(scope, description, RECORD_TEXT, 0), RECORD_END,
};
/* "allow_all" is always there. */

static bool assignment_load(struct request *r, const char *name, struct assignment *a)
{
	if (strcmp(name, "allow_all"))
		return thing_load(r, "assignment", name, assignment_rows, a);
	record_init(assignment_rows, a);
	names_add(&r->pool, &a->entity_ids, "*");
	names_add(&r->pool, &a->group_ids, "*");
	return true;
}

bool assignment_known(struct request *r, const char *name)
{
	struct assignment a;

	return assignment_load(r, name, &a);
}

int assignment_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "oidc/assignment/");

	names_add(&r->pool, &names, "allow_all");
	names_sort(&names);
	return reply_keys(r, &names);
}

int assignment_read(struct request *r)
{
	struct assignment a;

	if (!assignment_load(r, thing_name(r), &a))
		return 404;
	record_show(reply_data(r), assignment_rows, &a);
	return 200;
}

int assignment_write(struct request *r)
{
	struct assignment a;

	if (!strcmp(thing_name(r), "allow_all"))
		return refuse(r, 400, "modification of assignment \"allow_all\" not allowed");
	oidc_lock(r);
	(void)assignment_load(r, thing_name(r), &a);
	record_ask(r, assignment_rows, &a);
	thing_put(r, "assignment", thing_name(r), assignment_rows, &a);
	return 204;
}

int assignment_delete(struct request *r)
{
	const char *name = thing_name(r);
	struct names users;

	if (!strcmp(name, "allow_all"))
		return refuse(r, 400, "deletion of assignment \"allow_all\" not allowed");
	oidc_lock(r);
	users = thing_users(r, "client", "assignments", name);
	if (users.count)
		return thing_refuse_used(r, "assignment", name, "clients", users);
	entry_delete(r, &r->mount->view, thing_path(r, "assignment", name));
	return 204;
}

bool client_assigned(struct request *r, const struct client *c, const struct entity *e)
{
	struct assignment a;

	for (size_t i = 0; i < c->assignments.count; i++) {
		if (!assignment_load(r, c->assignments.at[i], &a))
			continue;
		if (names_have(&a.entity_ids, "*") || names_have(&a.entity_ids, e->id))
			return true;
		for (size_t k = 0; k < e->group_count; k++)
			if (names_have(&a.group_ids, e->groups[k].id))
				return true;
	}
	return false;
}

int scope_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "oidc/scope/");

	return reply_keys(r, &names);
}

int scope_read(struct request *r)
{
	struct scope s;

	if (!thing_load(r, "scope", thing_name(r), scope_rows, &s))
		return 404;
	record_show(reply_data(r), scope_rows, &s);
	return 200;
}

int scope_write(struct request *r)
{
	const char *name = thing_name(r);
	struct scope s;
	int status;

	if (!strcmp(name, "openid"))
		return refuse(r, 400, "the \"openid\" scope name is reserved");
	oidc_lock(r);
	(void)thing_load(r, "scope", name, scope_rows, &s);
	record_ask(r, scope_rows, &s);
	status = claims_template_check(r, &s.template);
	if (status)
		return status;
	thing_put(r, "scope", name, scope_rows, &s);
	return 204;
}

int scope_delete(struct request *r)
{
	struct names users;

	oidc_lock(r);
	users = thing_users(r, "provider", "scopes_supported", thing_name(r));
	if (users.count)
		return thing_refuse_used(r, "scope", thing_name(r), "providers", users);
	entry_delete(r, &r->mount->view, thing_path(r, "scope", thing_name(r)));
	return 204;
}

bool scope_known(struct request *r, const char *name)
{
	struct scope s;

	return thing_load(r, "scope", name, scope_rows, &s);
}

bool scope_has(const char *scope, const char *name)
{
	size_t size = strlen(name);

	for (const char *at = scope; (at = strstr(at, name)); at++)
		if ((at == scope || at[-1] == ' ') && (!at[size] || at[size] == ' '))
			return true;
	return false;
}

const char *scopes_claims(struct request *r, const struct provider *p, const char *scope, const struct entity *e,
			  struct json_writer *w, struct names *taken)
{
	for (size_t i = 0; i < p->scopes_supported.count; i++) {
		const char *name = p->scopes_supported.at[i], *why;
		const struct json *claims;
		struct scope s;

		if (!scope_has(scope, name) || !thing_load(r, "scope", name, scope_rows, &s) || !*s.template)
			continue;
		claims = claims_template(r, s.template, e, &why);
		for (const struct json *m = claims ? claims->first : NULL; m; m = m->next) {
			char *claim = pool_take(&r->pool, m->name.size + 1);

			if (json_decode(m->name, claim, m->name.size + 1) >= 0 && names_have(taken, claim))
				return pool_printf(&r->pool, "found scopes with conflicting top-level claim: claim "
						   "\"%s\"", claim);
		}
		claims_put(r, w, claims, taken);
	}
	return NULL;
}
