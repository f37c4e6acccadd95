#include "base/bytes.h"
#include "base/json.h"
#include "image/cleanup.h"
#include "image/io.h"
#include "platform/state.h"

#include <stdio.h>
#include <string.h>

#define STATE_TEXT_MAX (16UL << 20)

/* Reading goes on after something is wrong, and the first thing is reported at the end. */
struct state_reader {
	const struct json *at;
	const char *wrong;
};

static void state_refuse(struct state_reader *r, const char *name)
{
	if (!r->wrong)
		r->wrong = name;
}

static uint64_t state_u64(struct state_reader *r, const char *name, uint64_t max)
{
	const struct json *member = json_member_of(r->at, name, JSON_NUMBER);
	uint64_t value;

	if (member && json_u64(member, &value) && value <= max)
		return value;
	state_refuse(r, name);
	return 0;
}

static uint32_t state_u32(struct state_reader *r, const char *name)
{
	return (uint32_t)state_u64(r, name, UINT32_MAX);
}

static struct json_span state_span(struct state_reader *r, const char *name)
{
	const struct json *member = json_member_of(r->at, name, JSON_STRING);

	if (member)
		return json_inside(member);
	state_refuse(r, name);
	return (struct json_span){ "", 0 };
}

static void state_hex(struct state_reader *r, const char *name, void *to, size_t size)
{
	struct json_span inside = state_span(r, name);

	if (!hex_decode(inside.at, inside.size, to, size))
		state_refuse(r, name);
}

static int64_t state_moment(struct state_reader *r, const char *name)
{
	struct json_span inside = state_span(r, name);
	int64_t moment = 0;

	if (!stamp_parse(inside.at, inside.size, &moment))
		state_refuse(r, name);
	return moment;
}

static void state_string(struct state_reader *r, const char *name, char *to, size_t size)
{
	long n = json_decode(state_span(r, name), to, size - 1);

	if (n < 0)
		state_refuse(r, name);
	to[n < 0 ? 0 : n] = '\0';
}

static const struct json *state_array(struct state_reader *r, const char *name, uint32_t max, uint32_t *count)
{
	const struct json *array = json_member_of(r->at, name, JSON_ARRAY);

	*count = array && array->count <= max ? array->count : 0;
	if (!array || array->count > max)
		state_refuse(r, name);
	return array && *count ? array->first : NULL;
}

static void state_read_level(struct state_reader *r, struct tcb_level *l)
{
	struct json_span status = state_span(r, "status");
	const struct json *advisory;
	char id[TCB_ADVISORY_SIZE];
	uint32_t count;

	state_hex(r, "components", l->components, sizeof(l->components));
	l->svn = (uint16_t)state_u64(r, "svn", 0xffff);
	l->date = state_moment(r, "date");
	l->status = tcb_status(status.at, status.size);
	if (!l->status)
		state_refuse(r, "status");
	advisory = state_array(r, "advisories", TCB_ADVISORIES_MAX, &count);
	for (; advisory; advisory = advisory->next) {
		long n = advisory->kind == JSON_STRING ? json_decode(json_inside(advisory), id, sizeof(id) - 1) : -1;

		id[n < 0 ? 0 : n] = '\0';
		if (!tcb_advisory_add(l, id))
			state_refuse(r, "advisories");
	}
}

static void state_read_levels(struct state_reader *r, struct tcb_levels *levels)
{
	const struct json *outer = r->at;
	const struct json *level = state_array(r, "levels", TCB_LEVELS_MAX, &levels->count);

	for (uint32_t i = 0; level; level = level->next) {
		r->at = level;
		state_read_level(r, &levels->at[i++]);
	}
	r->at = outer;
}

static void state_read_qe(struct state_reader *r, struct tcb_qe *qe)
{
	state_hex(r, "mrsigner", qe->mrsigner, sizeof(qe->mrsigner));
	qe->isv_prod_id = (uint16_t)state_u64(r, "isv_prod_id", 0xffff);
	state_hex(r, "attributes", qe->attributes, sizeof(qe->attributes));
	state_hex(r, "attributes_mask", qe->attributes_mask, sizeof(qe->attributes_mask));
	state_hex(r, "misc_select", qe->misc_select, sizeof(qe->misc_select));
	state_hex(r, "misc_select_mask", qe->misc_select_mask, sizeof(qe->misc_select_mask));
	state_read_levels(r, &qe->levels);
}

static void state_read_qes(struct state_reader *r, struct state *s)
{
	const struct json *outer = r->at;
	const struct json *qe = state_array(r, "qes", STATE_QES_MAX, &s->qe_count);

	for (uint32_t i = 0; qe; qe = qe->next, i++) {
		r->at = qe;
		state_read_qe(r, &s->qes[i]);
	}
	r->at = outer;
}

static void state_read_families(struct state_reader *r, struct state *s)
{
	const struct json *outer = r->at;
	const struct json *family = state_array(r, "families", STATE_FAMILIES_MAX, &s->family_count);

	for (uint32_t i = 0; family; family = family->next, i++) {
		r->at = family;
		state_hex(r, "fmspc", s->families[i].fmspc, 6);
		state_hex(r, "pce_id", s->families[i].pce_id, 2);
		state_read_levels(r, &s->families[i].levels);
	}
	r->at = outer;
}

static void state_read_issues(struct state_reader *r, struct state *s)
{
	const struct json *outer = r->at;
	const struct json *issued = state_array(r, "issues", STATE_ENTRIES_MAX, &s->issued_count);

	for (struct state_issued *e = s->issues; issued; issued = issued->next, e++) {
		r->at = issued;
		state_string(r, "serial", e->serial, sizeof(e->serial));
		e->at = state_moment(r, "at");
		state_hex(r, "public_key", e->public_key, sizeof(e->public_key));
		state_hex(r, "ppid", e->ppid, sizeof(e->ppid));
		state_hex(r, "platform_instance_id", e->platform_instance_id, sizeof(e->platform_instance_id));
		state_hex(r, "fmspc", e->fmspc, sizeof(e->fmspc));
		state_hex(r, "qe_mrsigner", e->qe_mrsigner, sizeof(e->qe_mrsigner));
	}
	r->at = outer;
}

static void state_read_revoked(struct state_reader *r, struct state *s)
{
	const struct json *outer = r->at;
	const struct json *revoked = state_array(r, "revoked", STATE_ENTRIES_MAX, &s->revoked_count);

	for (struct state_revoked *e = s->revoked; revoked; revoked = revoked->next, e++) {
		r->at = revoked;
		e->by_root = json_true(json_member(revoked, "by_root"));
		state_string(r, "serial", e->entry.serial, sizeof(e->entry.serial));
		e->entry.at = state_moment(r, "at");
		e->entry.reason = (int)state_u64(r, "reason", 10);
	}
	r->at = outer;
}

static void state_read_members(struct state_reader *r, struct state *s)
{
	if (state_u64(r, "version", 1) != 1)
		state_refuse(r, "version");
	state_string(r, "name", s->name, sizeof(s->name));
	s->made = state_moment(r, "made");
	s->issued = state_moment(r, "issued");
	s->days = state_u32(r, "days");
	s->evaluation = state_u32(r, "evaluation");
	s->crl_number = state_u32(r, "crl_number");
	s->ca = state_u32(r, "ca");
	s->tcb = state_u32(r, "tcb");
	state_read_qes(r, s);
	state_read_families(r, s);
	state_read_issues(r, s);
	state_read_revoked(r, s);
}

static int state_parse(struct state *s, const char *path, const char *text, size_t size, struct fail *f)
{
	_cleanup_free_ struct json *values = calloc(size + 1, sizeof(*values));
	struct json_reader reader = { .values = values, .capacity = size + 1 };
	struct text_error error;
	struct state_reader r;

	if (!values)
		return fail(f, "reading %s: out of memory", path);
	if (json_read(&reader, text, size, &error))
		return fail(f, "%s:%u:%u: %s", path, error.line, error.column, error.message);
	r = (struct state_reader){ .at = values };
	state_read_members(&r, s);
	return r.wrong ? fail(f, "%s: the member %s is missing, of another kind or out of range", path, r.wrong) : 0;
}

int state_read(struct state **s, const char *dir, struct fail *f)
{
	_cleanup_free_ uint8_t *text = NULL;
	char path[PATHS_MAX];
	size_t size;

	*s = NULL;
	if ((size_t)snprintf(path, sizeof(path), "%s/ca.json", dir) >= sizeof(path))
		return fail(f, "cannot read ca.json: the path is too long");
	if (io_read_file(path, STATE_TEXT_MAX, &text, &size, f))
		return -1;
	*s = calloc(1, sizeof(**s));
	if (!*s)
		return fail(f, "reading %s: out of memory", path);
	if (!state_parse(*s, path, (const char *)text, size, f))
		return 0;
	free(*s);
	*s = NULL;
	return -1;
}
