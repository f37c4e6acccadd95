/*
 * A record as Vault writes it (vault-api: Audit): empty members are left out, strings of data and tokens are HMACs
 * under the device's salt, so that who reads the log can compare values and not learn them.
 */
#include <string.h>
#include <strings.h>

#include "server/audit/device.h"
#include "server/http/gate.h"
#include "server/identity/identity.h"
#include "server/token/token.h"

struct record {
	struct request *r;
	const struct device *d;
	struct json_writer *w;
};

static const char *hidden(const struct record *c, const char *text)
{
	return c->d->settings.raw ? text : device_hmac(c->d, &c->r->pool, text, strlen(text));
}

static void put_text(const struct record *c, const char *name, const char *text)
{
	if (text && *text)
		json_put_string(c->w, name, text);
}

static void put_hidden(const struct record *c, const char *name, const char *text)
{
	if (text && *text)
		json_put_string(c->w, name, hidden(c, text));
}

static void put_accessor(const struct record *c, const char *name, const char *text)
{
	if (c->d->settings.hmac_accessor)
		put_hidden(c, name, text);
	else
		put_text(c, name, text);
}

static void put_number(const struct record *c, const char *name, uint64_t value)
{
	if (value)
		json_put_u64(c->w, name, value);
}

static void put_names(const struct record *c, const char *name, const struct names *names)
{
	if (names->count)
		names_put(c->w, name, names);
}

static char *decoded(struct pool *p, struct json_span inside, size_t *size)
{
	char *to = pool_take(p, inside.size + 1);
	long n = json_decode(inside, to, inside.size);

	*size = n > 0 ? (size_t)n : 0;
	to[*size] = '\0';
	return to;
}

/* Whether the mount says that members of this name may stand in the clear. */
static bool shown(const struct record *c, const char *name, const struct json *exempt)
{
	(void)c;
	for (const struct json *n = exempt ? exempt->first : NULL; n; n = n->next)
		if (n->kind == JSON_STRING && name && json_equals(n, name))
			return true;
	return false;
}

/* Depth is bounded by the reader's. `key`: of the member that this value belongs to, which lists hand on. */
static void put_value(const struct record *c, const char *name, const struct json *v, const char *key,
		      const struct json *exempt)
{
	size_t size;
	char *text;

	if (v->kind == JSON_OBJECT || v->kind == JSON_ARRAY) {
		if (v->kind == JSON_OBJECT)
			json_object(c->w, name);
		else
			json_array(c->w, name);
		for (const struct json *m = v->first; m; m = m->next) {
			char *member = v->kind == JSON_OBJECT ? decoded(&c->r->pool, m->name, &size) : NULL;

			put_value(c, member, m, member ? member : key, exempt);
		}
		json_close(c->w);
	} else if (v->kind == JSON_STRING && !c->d->settings.raw && !shown(c, key, exempt)) {
		text = decoded(&c->r->pool, json_inside(v), &size);
		json_put_string(c->w, name, device_hmac(c->d, &c->r->pool, text, size));
	} else {
		json_put_raw(c->w, name, v->span.at, v->span.size);
	}
}

static const struct json *read_blob(struct request *r, struct blob text)
{
	struct text_error error;

	return text.size ? pool_read_json(&r->pool, (const char *)text.at, text.size, &error) : NULL;
}

/* What the mount's tuning exempts: "audit_non_hmac_request_keys". */
static const struct json *exempt_keys(struct request *r, const char *name)
{
	const struct json *config = r->mount ? read_blob(r, r->mount->config) : NULL;

	return json_member_of(config, name, JSON_ARRAY);
}

static void put_auth(const struct record *c, const struct names *granting, bool allowed)
{
	const struct token *t = c->r->token;

	json_object(c->w, "auth");
	if (granting) {
		json_object(c->w, "policy_results");
		json_put_bool(c->w, "allowed", allowed);
		if (granting->count) {
			json_array(c->w, "granting_policies");
			for (size_t i = 0; i < granting->count; i++) {
				json_object(c->w, NULL);
				json_put_string(c->w, "name", granting->at[i]);
				json_put_string(c->w, "namespace_id", "root");
				json_put_string(c->w, "type", "acl");
				json_close(c->w);
			}
			json_close(c->w);
		}
		json_close(c->w);
	}
	if (t) {
		struct names policies = { .count = 0 };

		for (size_t i = 0; i < t->policies.count; i++)
			names_add(&c->r->pool, &policies, t->policies.at[i]);
		for (size_t i = 0; c->r->entity && i < c->r->entity->policies.count; i++)
			names_add(&c->r->pool, &policies, c->r->entity->policies.at[i]);
		names_sort(&policies);
		put_hidden(c, "client_token", c->r->token_text);
		put_accessor(c, "accessor", t->accessor);
		put_text(c, "display_name", t->display_name);
		put_names(c, "policies", &policies);
		put_names(c, "token_policies", &t->policies);
		if (c->r->entity)
			put_names(c, "identity_policies", &c->r->entity->policies);
		if (t->metadata.size > 2)
			json_put_raw(c->w, "metadata", (const char *)t->metadata.at, t->metadata.size);
		put_text(c, "entity_id", t->entity_id);
		put_number(c, "remaining_uses", t->num_uses);
		json_put_string(c->w, "token_type", t->type == TOKEN_BATCH ? "batch" : "service");
		put_number(c, "token_ttl", t->creation_ttl);
		json_put_string(c->w, "token_issue_time", time_text(&c->r->pool, t->created * 1000000000));
	} else {
		json_put_string(c->w, "token_type", "default");
	}
	json_close(c->w);
}

/* Only those headers that the operator named. */
static void put_headers(const struct record *c)
{
	bool open = false;

	for (const struct audit_header *h = c->d->audit->headers; h; h = h->next) {
		for (size_t i = 0; i < c->r->origin.header_count; i++) {
			const struct gate_field *f = &c->r->origin.headers[i];

			if (strcasecmp(f->name, h->name))
				continue;
			if (!open)
				json_object(c->w, "headers");
			open = true;
			json_array(c->w, h->name);
			json_put_string(c->w, NULL, h->hmac ? hidden(c, f->value) : f->value);
			json_close(c->w);
			break;
		}
	}
	if (open)
		json_close(c->w);
}

static void put_mount(const struct record *c)
{
	const struct mount *m = c->r->mount;

	if (!m)
		return;
	put_text(c, "mount_point", m->path);
	put_text(c, "mount_type", m->type);
	put_text(c, "mount_accessor", m->accessor);
	put_text(c, "mount_class", m->backend->class == MOUNT_AUTH ? "auth" : "secret");
}

static void put_request(const struct record *c)
{
	struct request *r = c->r;

	json_object(c->w, "request");
	put_text(c, "id", r->id);
	if (r->token)
		put_text(c, "client_id", r->token->entity_id);
	put_text(c, "operation", operation_name(r->operation));
	put_mount(c);
	put_hidden(c, "client_token", r->token_text);
	if (r->token)
		put_accessor(c, "client_token_accessor", r->token->accessor);
	json_object(c->w, "namespace");
	json_put_string(c->w, "id", "root");
	json_close(c->w);
	put_text(c, "path", r->path);
	if (r->body->first)
		put_value(c, "data", r->body, NULL, exempt_keys(r, "audit_non_hmac_request_keys"));
	put_text(c, "remote_address", r->origin.remote_address);
	put_number(c, "remote_port", r->origin.remote_port);
	put_number(c, "wrap_ttl", r->wrap_ttl);
	put_headers(c);
	json_close(c->w);
}

/* Members of an object of the answer, strings of these names hidden. */
static void put_known(const struct record *c, const char *name, struct blob text)
{
	static const char *const secret[] = { "client_token", "token" };
	static const char *const accessors[] = { "accessor", "wrapped_accessor" };
	const struct json *object = read_blob(c->r, text);
	size_t size;

	if (!object || object->kind != JSON_OBJECT)
		return;
	json_object(c->w, name);
	for (const struct json *m = object->first; m; m = m->next) {
		const char *member = decoded(&c->r->pool, m->name, &size);
		const char *value = pool_json_text(&c->r->pool, m);
		bool is_secret = false, is_accessor = false;

		for (size_t i = 0; i < 2; i++) {
			is_secret |= !strcmp(member, secret[i]);
			is_accessor |= !strcmp(member, accessors[i]);
		}
		if (value && is_secret)
			put_hidden(c, member, value);
		else if (value && is_accessor)
			put_accessor(c, member, value);
		else if (m->kind != JSON_NULL)
			json_put_raw(c->w, member, m->span.at, m->span.size);
	}
	json_close(c->w);
}

static void put_elided(const struct record *c, const struct json *data)
{
	size_t size;

	json_object(c->w, "data");
	for (const struct json *m = data->first; m; m = m->next) {
		const char *name = decoded(&c->r->pool, m->name, &size);

		/* Of lists and what is told about their members only the number, as Vault's option has it. */
		if ((!strcmp(name, "keys") && m->kind == JSON_ARRAY) ||
		    (!strcmp(name, "key_info") && m->kind == JSON_OBJECT))
			json_put_u64(c->w, name, m->count);
		else
			put_value(c, name, m, name, NULL);
	}
	json_close(c->w);
}

static void put_raw_answer(const struct record *c)
{
	const struct reply *a = &c->r->reply;

	json_object(c->w, "data");
	put_hidden(c, "http_content_type", a->raw_type);
	if (a->raw.size)
		json_put_string(c->w, "http_raw_body",
				device_hmac(c->d, &c->r->pool, (const char *)a->raw.at, a->raw.size));
	json_put_i64(c->w, "http_status_code", a->status);
	json_close(c->w);
}

static void put_answer(const struct record *c)
{
	struct request *r = c->r;
	const struct reply *a = &r->reply;
	const struct json *data = read_blob(r, a->data_text);

	json_object(c->w, "response");
	put_known(c, "auth", a->auth_text);
	put_mount(c);
	if (a->lease_id) {
		json_object(c->w, "secret");
		json_put_string(c->w, "lease_id", a->lease_id);
		json_close(c->w);
	}
	if (a->raw_type)
		put_raw_answer(c);
	else if (data && r->operation == OP_LIST && c->d->settings.elide_lists)
		put_elided(c, data);
	else if (data && data->first)
		put_value(c, "data", data, NULL, exempt_keys(r, "audit_non_hmac_response_keys"));
	put_names(c, "warnings", &a->warnings);
	put_known(c, "wrap_info", a->wrap_text);
	json_close(c->w);
}

struct blob record_make(struct request *r, const struct device *d, bool answer, const struct names *granting,
			bool allowed, const char *error)
{
	struct json_writer w;
	const struct record c = { r, d, &w };
	struct blob text;

	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "time", time_text(&r->pool, r->now));
	json_put_string(&w, "type", answer ? "response" : "request");
	put_auth(&c, granting, allowed);
	put_request(&c);
	if (answer)
		put_answer(&c);
	put_text(&c, "error", error);
	/* The verdict over a login's evidence is no secret, and what an auditor wants to read. */
	if (answer && r->reply.attestation.size)
		json_put_raw(&w, "attestation", (const char *)r->reply.attestation.at, r->reply.attestation.size);
	json_close(&w);
	text = pool_json_end(&w);
	return (struct blob){ (const uint8_t *)pool_printf(&r->pool, "%s%s\n", d->settings.prefix, text.at),
			      strlen(d->settings.prefix) + text.size + 1 };
}
