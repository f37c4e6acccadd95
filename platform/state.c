#include "platform/state.h"
#include "base/json_write.h"
#include "image/cleanup.h"
#include "image/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define STATE_TEXT_MAX (16UL << 20)

static int state_sync_dir(const char *dir, struct fail *f)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && fsync(fd) == 0 ? 0 : fail(f, "cannot write to the folder %s: %s", dir, strerror(errno));
}

int state_put_file(const char *dir, const char *name, const char *text, unsigned int mode, struct fail *f)
{
	char path[PATHS_MAX];
	struct io_new n;
	int err;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return fail(f, "cannot write %s: the path is too long", name);
	if (io_new_open(&n, path, mode, f)) {
		io_new_drop(&n);
		return -1;
	}
	err = io_write(n.fd, text, strlen(text));
	if (!err && fsync(n.fd))
		err = -errno;
	if (err)
		err = fail(f, "cannot write %s: %s", path, strerror(-err));
	else
		err = io_new_commit(&n, path, f);
	io_new_drop(&n);
	return err ? err : state_sync_dir(dir, f);
}

void state_put_levels(struct json_writer *w, const struct tcb_levels *levels, const char *components, const char *svn)
{
	json_array(w, "levels");
	for (uint32_t i = 0; i < levels->count; i++) {
		const struct tcb_level *l = &levels->at[i];

		json_object(w, NULL);
		if (components)
			json_put_hex(w, components, l->components, sizeof(l->components));
		json_put_u64(w, svn, l->svn);
		stamp_put(w, "date", l->date);
		json_put_string(w, "status", l->status);
		json_array(w, "advisories");
		for (uint32_t a = 0; a < l->advisory_count; a++)
			json_put_string(w, NULL, l->advisories[a]);
		json_close(w);
		json_close(w);
	}
	json_close(w);
}

static void state_put_qe(struct json_writer *w, const struct tcb_qe *qe)
{
	json_object(w, NULL);
	json_put_hex(w, "mrsigner", qe->mrsigner, sizeof(qe->mrsigner));
	json_put_u64(w, "isv_prod_id", qe->isv_prod_id);
	json_put_hex(w, "attributes", qe->attributes, sizeof(qe->attributes));
	json_put_hex(w, "attributes_mask", qe->attributes_mask, sizeof(qe->attributes_mask));
	json_put_hex(w, "misc_select", qe->misc_select, sizeof(qe->misc_select));
	json_put_hex(w, "misc_select_mask", qe->misc_select_mask, sizeof(qe->misc_select_mask));
	state_put_levels(w, &qe->levels, "components", "svn");
	json_close(w);
}

static void state_put_qes(struct json_writer *w, const struct state *s)
{
	json_array(w, "qes");
	for (uint32_t i = 0; i < s->qe_count; i++)
		state_put_qe(w, &s->qes[i]);
	json_close(w);
}

static void state_put_families(struct json_writer *w, const struct state *s)
{
	json_array(w, "families");
	for (uint32_t i = 0; i < s->family_count; i++) {
		json_object(w, NULL);
		json_put_hex(w, "fmspc", s->families[i].fmspc, 6);
		json_put_hex(w, "pce_id", s->families[i].pce_id, 2);
		state_put_levels(w, &s->families[i].levels, "components", "svn");
		json_close(w);
	}
	json_close(w);
}

static void state_put_issues(struct json_writer *w, const struct state *s)
{
	json_array(w, "issues");
	for (uint32_t i = 0; i < s->issued_count; i++) {
		const struct state_issued *e = &s->issues[i];

		json_object(w, NULL);
		json_put_string(w, "serial", e->serial);
		stamp_put(w, "at", e->at);
		json_put_hex(w, "public_key", e->public_key, sizeof(e->public_key));
		json_put_hex(w, "ppid", e->ppid, sizeof(e->ppid));
		json_put_hex(w, "platform_instance_id", e->platform_instance_id, sizeof(e->platform_instance_id));
		json_put_hex(w, "fmspc", e->fmspc, sizeof(e->fmspc));
		json_put_hex(w, "qe_mrsigner", e->qe_mrsigner, sizeof(e->qe_mrsigner));
		json_close(w);
	}
	json_close(w);
	json_array(w, "revoked");
	for (uint32_t i = 0; i < s->revoked_count; i++) {
		const struct state_revoked *r = &s->revoked[i];

		json_object(w, NULL);
		json_put_bool(w, "by_root", r->by_root);
		json_put_string(w, "serial", r->entry.serial);
		stamp_put(w, "at", r->entry.at);
		json_put_u64(w, "reason", (uint64_t)r->entry.reason);
		json_close(w);
	}
	json_close(w);
}

int state_write(const struct state *s, const char *dir, struct fail *f)
{
	_cleanup_free_ char *text = malloc(STATE_TEXT_MAX);
	struct json_writer w;

	if (!text)
		return fail(f, "writing ca.json: out of memory");
	json_write_init(&w, text, STATE_TEXT_MAX, true);
	json_object(&w, NULL);
	json_put_u64(&w, "version", 1);
	json_put_string(&w, "name", s->name);
	stamp_put(&w, "made", s->made);
	stamp_put(&w, "issued", s->issued);
	json_put_u64(&w, "days", s->days);
	json_put_u64(&w, "evaluation", s->evaluation);
	json_put_u64(&w, "crl_number", s->crl_number);
	json_put_u64(&w, "ca", s->ca);
	json_put_u64(&w, "tcb", s->tcb);
	state_put_qes(&w, s);
	state_put_families(&w, s);
	state_put_issues(&w, s);
	json_close(&w);
	if (json_write_end(&w) < 0)
		return fail(f, "writing ca.json: it is too long");
	return state_put_file(dir, "ca.json", text, 0600, f);
}
