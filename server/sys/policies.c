/* sys/policy, sys/policies/acl: the texts of policies. Two forms of the same, an older and a newer one. */
#include <ctype.h>
#include <string.h>

#include "server/policy/policies.h"
#include "server/sys/sys.h"

static const char *asked_name(struct request *r)
{
	char *name = pool_text(&r->pool, ask_text_or(r, "name", ""));

	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return name;
}

/* The wrapping policy is nobody's to hold, so it is not shown; root has no entry. */
static struct names names_of_policies(struct request *r)
{
	struct names stored = entry_list(r, &policies_view, ""), names = { NULL, 0 };

	for (size_t i = 0; i < stored.count; i++)
		if (strcmp(stored.at[i], "response-wrapping") != 0)
			names_add(&r->pool, &names, stored.at[i]);
	names_add(&r->pool, &names, "root");
	return names;
}

static int list(struct request *r)
{
	struct names names = names_of_policies(r);

	return reply_keys(r, &names);
}

static int list_old(struct request *r)
{
	struct names names = names_of_policies(r);
	struct json_writer *w = reply_data(r);

	reply_keys(r, &names);
	names_put(w, "policies", &names);
	return 200;
}

static int read_as(struct request *r, const char *member)
{
	const char *name = asked_name(r), *text = policies_text(r, name);
	struct json_writer *w;

	if (!text)
		return 404;
	w = reply_data(r);
	json_put_string(w, "name", name);
	json_put_string(w, member, text);
	return 200;
}

static int read_new(struct request *r)
{
	return read_as(r, "policy");
}

static int read_old(struct request *r)
{
	return read_as(r, "rules");
}

/* A text may come as base64, as Vault takes it: no policy is base64 by accident. */
static const char *asked_text(struct request *r)
{
	const char *text = ask_text_or(r, "policy", "");
	struct blob decoded;

	if (!*text && asked(r, "rules")) {
		text = ask_text_or(r, "rules", "");
		reply_warning(r, "'rules' is deprecated, please use 'policy' instead");
	}
	if (*text && pool_base64_read(&r->pool, text, &decoded) && !memchr(decoded.at, 0, decoded.size))
		return pool_copy(&r->pool, (const char *)decoded.at, decoded.size);
	return text;
}

static int write(struct request *r)
{
	const char *name = asked_name(r), *text = asked_text(r);
	struct text_error error;

	if (!strcmp(name, "root") || !strcmp(name, "response-wrapping"))
		return refuse(r, 400, "cannot update \"%s\" policy", name);
	if (!*text)
		return refuse(r, 400, "'policy' parameter not supplied or empty");
	if (policy_parse(&r->pool, name, text, strlen(text), NULL, &error))
		return refuse(r, 400, "failed to parse policy: line %u, column %u: %s", error.line, error.column,
			      error.message);
	policies_write(r, name, text);
	return 204;
}

static int delete(struct request *r)
{
	const char *name = asked_name(r);

	if (!strcmp(name, "root") || !strcmp(name, "response-wrapping"))
		return refuse(r, 400, "cannot delete \"%s\" policy", name);
	if (!strcmp(name, "default"))
		return refuse(r, 400, "cannot delete default policy");
	policies_delete(r, name);
	return 204;
}

static const struct field fields[] = {
	{ "policy", FIELD_STRING, "The rules, as HCL or JSON, plain or in base64." },
	{ "rules", FIELD_STRING, "The older name of \"policy\"." },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route routes[] = {
	{ .pattern = "policy",
	  .flags = ROUTE_INJECT,
	  .read = list_old,
	  .list = list_old,
	  .text = "Names of policies." },
	{ .pattern = "policy/{name*}",
	  .flags = ROUTE_INJECT | ROUTE_EXCLUSIVE,
	  .read = read_old,
	  .update = write,
	  .delete = delete,
	  .fields = fields,
	  .text = "A policy." },
	{ .pattern = "policies/acl", .list = list, .text = "Names of policies." },
	{ .pattern = "policies/acl/{name*}",
	  .flags = ROUTE_EXCLUSIVE,
	  .read = read_new,
	  .update = write,
	  .delete = delete,
	  .fields = fields,
	  .text = "A policy." },
};

const struct route_table sys_policies_tables[] = {
	ROUTES(routes), { .also = sys_password_policies_tables }, { NULL, 0, NULL },
};
