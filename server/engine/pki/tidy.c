/*
 * Tidying: expired certificates and what is left of them are removed by a thread of the mount, page by page. It holds
 * the core's lock for reading during a page, and tries for it, since who closes the mount holds it for writing and
 * waits here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/engine/pki/crl.h"

#define PAGE 256
#define SECOND 1000000000LL

#define TIDY_FIELDS(F) \
	F(SECONDS, acme_account_safety_buffer, "2592000", "How long ACME accounts without orders stay") \
	F(BOOL, enabled, "false", "Whether tidying runs by itself") \
	F(SECONDS, interval_duration, "43200", "How often") \
	F(SECONDS, issuer_safety_buffer, "31536000", "How long issuers stay after their end") \
	F(BOOL, maintain_stored_certificate_counts, "false", "Whether stored certificates are counted") \
	F(STRING, pause_duration, "\"0s\"", "How long to wait between pages") \
	F(BOOL, publish_stored_certificate_count_metrics, "false", "Whether counts are metrics") \
	F(SECONDS, revocation_queue_safety_buffer, "172800", "Of enterprise features: has no effect") \
	F(SECONDS, safety_buffer, "259200", "How long certificates stay after their end") \
	F(BOOL, tidy_acme, "false", "Whether ACME accounts go") \
	F(BOOL, tidy_cert_store, "false", "Whether expired certificates go") \
	F(BOOL, tidy_cross_cluster_revoked_certs, "false", "Of enterprise features: has no effect") \
	F(BOOL, tidy_expired_issuers, "false", "Whether expired issuers go") \
	F(BOOL, tidy_move_legacy_ca_bundle, "false", "Of older versions: has no effect") \
	F(BOOL, tidy_revocation_queue, "false", "Of enterprise features: has no effect") \
	F(BOOL, tidy_revoked_cert_issuer_associations, "false", "Whether revocations are given to issuers that came later") \
	F(BOOL, tidy_revoked_certs, "false", "Whether revocations of expired certificates go")

struct tidy_config {
	TIDY_FIELDS(PKI_FIELD_MEMBER)
};

#define ROW(kind, name, otherwise, text) { #name, FIELD_##kind, offsetof(struct tidy_config, name) },
static const struct pki_row rows[] = { TIDY_FIELDS(ROW) };
#define ROWS (sizeof(rows) / sizeof(rows[0]))
static const char defaults[] = "{\"version\":1" TIDY_FIELDS(PKI_FIELD_OTHERWISE) "}";

struct pki_tidy {
	pthread_mutex_t lock; /* guards all but the flags */
	pthread_t thread;
	bool started;         /* thread is to be joined */
	bool running;
	atomic_bool cancel, closing;
	struct tidy_config config;
	char pause[32];
	const char *state;
	int64_t begun, ended, last; /* Unix nanoseconds; last: of the automatic kind */
	int64_t certs_deleted, revoked_deleted, issuers_missing;
	struct core *core;
	struct mount *mount;
};

struct pki_tidy *pki_tidy_make(void)
{
	struct pki_tidy *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	pthread_mutex_init(&t->lock, NULL);
	t->state = "Inactive";
	return t;
}

void pki_tidy_free(struct pki_tidy *t)
{
	if (!t)
		return;
	atomic_store(&t->closing, true);
	if (t->started)
		pthread_join(t->thread, NULL);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* -- the work -- */

static void tidy_count(struct pki_tidy *t, int64_t *counter)
{
	pthread_mutex_lock(&t->lock);
	++*counter;
	pthread_mutex_unlock(&t->lock);
}

static bool is_over(const struct request *r, int64_t not_after, int64_t buffer)
{
	return not_after < request_seconds(r) && request_seconds(r) - not_after > buffer;
}

/* One stored certificate: NULL where it cannot be read. */
static bool cert_end(struct request *r, const char *serial, int64_t *not_after)
{
	struct pki_cert cert;
	struct blob der;

	if (!entry_get(r, &r->mount->view, pool_printf(&r->pool, "certs/%s", serial), &der) ||
	    !pki_cert_read(&r->pool, der, &cert))
		return false;
	*not_after = cert.not_after;
	pki_cert_close(&cert);
	return true;
}

static void tidy_cert(struct request *r, struct pki_tidy *t, const char *serial)
{
	int64_t not_after;

	if (!cert_end(r, serial, &not_after) || !is_over(r, not_after, t->config.safety_buffer))
		return;
	entry_delete(r, &r->mount->view, pool_printf(&r->pool, "certs/%s", serial));
	tidy_count(t, &t->certs_deleted);
}

/* A revocation is for as long as its certificate; what it says of its issuer may have come true since. */
static void tidy_revoked(struct request *r, struct pki_tidy *t, const char *serial)
{
	const char *path = pool_printf(&r->pool, "revoked/%s", serial), *issuer;
	const struct json *o = entry_read(r, &r->mount->view, path);
	int64_t not_after;

	issuer = pool_json_member(&r->pool, o, "issuer_id");
	if (!issuer || !*issuer)
		tidy_count(t, &t->issuers_missing);
	if (!t->config.tidy_revoked_certs || !cert_end(r, serial, &not_after) ||
	    !is_over(r, not_after, t->config.safety_buffer))
		return;
	entry_delete(r, &r->mount->view, path);
	entry_delete(r, &r->mount->view, pool_printf(&r->pool, "certs/%s", serial));
	tidy_count(t, &t->revoked_deleted);
}

static bool core_enter(struct pki_tidy *t)
{
	while (!atomic_load(&t->closing) && !atomic_load(&t->cancel)) {
		if (!pthread_rwlock_tryrdlock(&t->core->lock))
			return true;
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	}
	return false;
}

/* A page of a folder; false: that was the last, or it ends. *after: where the next begins. */
static bool tidy_page(struct pki_tidy *t, const char *folder, char *after, size_t size,
		      void (*fn)(struct request *r, struct pki_tidy *t, const char *serial))
{
	struct names names = { NULL, 0 };
	struct request r _cleanup_request_;

	request_begin(&r, t->core);
	r.mount = t->mount;
	r.failed = barrier_list(t->core->barrier, pool_printf(&r.pool, "%s%s", t->mount->view.prefix, folder), after,
				PAGE, &r.pool, &names);
	for (size_t i = 0; i < names.count; i++)
		fn(&r, t, names.at[i]);
	if (names.count)
		snprintf(after, size, "%s", names.at[names.count - 1]);
	return request_commit(&r) && names.count == PAGE;
}

static void tidy_folder(struct pki_tidy *t, const char *folder,
			void (*fn)(struct request *r, struct pki_tidy *t, const char *serial))
{
	char after[128] = "";
	bool more = true;
	int64_t pause = 0;

	if (!duration_read(t->pause, &pause))
		pause = 0;
	while (more && core_enter(t)) {
		more = tidy_page(t, folder, after, sizeof(after), fn);
		pthread_rwlock_unlock(&t->core->lock);
		if (more && pause)
			nanosleep(&(struct timespec){ .tv_sec = pause / SECOND, .tv_nsec = pause % SECOND }, NULL);
	}
}

static void tidy_issuers(struct pki_tidy *t)
{
	struct request r _cleanup_request_;
	struct pki_set *set _cleanup_set_ = NULL;

	if (!core_enter(t))
		return;
	request_begin(&r, t->core);
	r.mount = t->mount;
	set = pki_take_locked(&r);
	for (size_t i = 0; i < set->issuer_count; i++)
		if (strcmp(set->issuers[i].id, set->default_issuer) &&
		    is_over(&r, set->issuers[i].cert.not_after, t->config.issuer_safety_buffer))
			entry_delete(&r, &t->mount->view, pool_printf(&r.pool, "issuer/%s", set->issuers[i].id));
	pki_changed(&r);
	pthread_rwlock_unlock(&t->core->lock);
}

static void *tidy_run(void *context)
{
	struct pki_tidy *t = context;
	struct pki *pki = t->mount->state;

	if (t->config.tidy_revoked_certs || t->config.tidy_revoked_cert_issuer_associations)
		tidy_folder(t, "revoked/", tidy_revoked);
	if (t->config.tidy_cert_store)
		tidy_folder(t, "certs/", tidy_cert);
	if (t->config.tidy_expired_issuers)
		tidy_issuers(t);
	if (t->revoked_deleted)
		pki_book_forget(pki->book);
	pthread_mutex_lock(&t->lock);
	t->state = atomic_load(&t->cancel) ? "Cancelled" : "Finished";
	t->ended = core_now(t->core);
	t->running = false;
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* -- asking for it -- */

/* False: it runs already. */
static bool tidy_start(struct request *r, struct mount *m, const struct tidy_config *config)
{
	struct pki_tidy *t = ((struct pki *)m->state)->tidy;
	bool start;

	pthread_mutex_lock(&t->lock);
	start = !t->running;
	if (start) {
		if (t->started)
			pthread_join(t->thread, NULL); /* it is done: only its end is left */
		t->config = *config;
		snprintf(t->pause, sizeof(t->pause), "%s", config->pause_duration);
		t->core = r->core;
		t->mount = m;
		t->begun = r->now;
		t->certs_deleted = t->revoked_deleted = t->issuers_missing = 0;
		atomic_store(&t->cancel, false);
		t->state = "Running";
		t->running = t->started = !pthread_create(&t->thread, NULL, tidy_run, t);
		if (!t->running)
			t->state = "Error";
	}
	pthread_mutex_unlock(&t->lock);
	return start;
}

static void settings_read(struct request *r, struct mount *m, struct tidy_config *c)
{
	struct text_error error;

	*c = (struct tidy_config){ .enabled = false };
	pki_rows_read(&r->pool, rows, ROWS, pool_read_json(&r->pool, defaults, sizeof(defaults) - 1, &error), c);
	pki_rows_read(&r->pool, rows, ROWS, entry_read(r, &m->view, "config/auto-tidy"), c);
}

static bool settings_any(const struct tidy_config *c)
{
	return c->tidy_cert_store || c->tidy_revoked_certs || c->tidy_revoked_cert_issuer_associations ||
	       c->tidy_expired_issuers || c->tidy_move_legacy_ca_bundle || c->tidy_acme;
}

#define ANY "tidy_cert_store / tidy_revoked_certs / tidy_revoked_cert_issuer_associations / tidy_expired_issuers / " \
	"tidy_move_legacy_ca_bundle / tidy_revocation_queue / tidy_cross_cluster_revoked_certs / tidy_acme"

static int settings_check(struct request *r, const struct tidy_config *c)
{
	int64_t pause;

	if (c->safety_buffer < 1)
		return refuse(r, 400, "safety_buffer must be greater than zero");
	if (c->issuer_safety_buffer < 1)
		return refuse(r, 400, "issuer_safety_buffer must be greater than zero");
	if (c->acme_account_safety_buffer < 1)
		return refuse(r, 400, "acme_account_safety_buffer must be greater than zero");
	if (!duration_read(c->pause_duration, &pause) || strlen(c->pause_duration) > 30)
		return refuse(r, 400, "Error parsing pause_duration: time: invalid duration \"%s\"", c->pause_duration);
	if (pause < 0)
		return refuse(r, 400, "received invalid, negative pause_duration");
	return 0;
}

static int tidy(struct request *r)
{
	struct tidy_config c = { .enabled = false };
	struct text_error error;
	int status;

	pki_rows_read(&r->pool, rows, ROWS, pool_read_json(&r->pool, defaults, sizeof(defaults) - 1, &error), &c);
	pki_rows_ask(r, rows, ROWS, &c);
	c.tidy_revoked_certs = c.tidy_revoked_certs || ask_bool(r, "tidy_revocation_list", false);
	status = settings_check(r, &c);
	if (status)
		return status;
	if (!tidy_start(r, r->mount, &c)) {
		reply_warning(r, "Tidy operation already in progress.");
		return 200;
	}
	if (settings_any(&c))
		reply_warning(r, "Tidy operation successfully started. Any information from the operation will be printed to "
			      "Vault's server logs.");
	else
		reply_warning(r, "Manual tidy requested but no tidy operations were set. Enable at least one tidy operation "
			      "to be run (" ANY ").");
	return 202;
}

static void put_time(struct request *r, struct json_writer *w, const char *name, int64_t at)
{
	if (at)
		json_put_string(w, name, time_text(&r->pool, at));
	else
		json_put_null(w, name);
}

static void put_count(struct json_writer *w, const char *name, bool known, int64_t count)
{
	if (known)
		json_put_i64(w, name, count);
	else
		json_put_null(w, name);
}

static int tidy_status(struct request *r)
{
	static const char *const never[] = { "acme_account_deleted_count", "acme_account_revoked_count",
		"acme_orders_deleted_count", "cross_revoked_cert_deleted_count", "current_cert_store_count",
		"current_revoked_cert_count", "error", "message", "revocation_queue_deleted_count",
		"total_acme_account_count" };
	struct pki_tidy *t = ((struct pki *)r->mount->state)->tidy;
	struct json_writer *w = reply_data(r);
	bool known;

	pthread_mutex_lock(&t->lock);
	known = t->begun;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		json_put_null(w, never[i]);
	put_count(w, "cert_store_deleted_count", known, t->certs_deleted);
	json_put_string(w, "internal_backend_uuid", r->mount->uuid ? r->mount->uuid : "");
	put_time(r, w, "last_auto_tidy_finished", t->last);
	put_count(w, "missing_issuer_cert_count", known, t->issuers_missing);
	put_count(w, "revoked_cert_deleted_count", known, t->revoked_deleted);
	for (size_t i = 0; i < ROWS; i++) {
		if (!strcmp(rows[i].name, "enabled") || !strcmp(rows[i].name, "interval_duration"))
			continue;
		if (!known)
			json_put_null(w, rows[i].name);
		else if (!strcmp(rows[i].name, "pause_duration")) /* the request's own text is gone */
			json_put_string(w, rows[i].name, t->pause);
		else
			pki_rows_write(w, &rows[i], 1, &t->config);
	}
	json_put_string(w, "state", t->state);
	put_time(r, w, "time_finished", t->running ? 0 : t->ended);
	put_time(r, w, "time_started", t->begun);
	pthread_mutex_unlock(&t->lock);
	return 200;
}

static int tidy_cancel(struct request *r)
{
	struct pki_tidy *t = ((struct pki *)r->mount->state)->tidy;
	bool running;

	pthread_mutex_lock(&t->lock);
	running = t->running;
	if (running) {
		atomic_store(&t->cancel, true);
		t->state = "Cancelling";
	}
	pthread_mutex_unlock(&t->lock);
	if (running)
		return tidy_status(r);
	reply_warning(r, "Tidy operation cannot be cancelled as none is currently running.");
	return 200;
}

static int auto_get(struct request *r)
{
	struct tidy_config c;

	settings_read(r, r->mount, &c);
	pki_rows_write(reply_data(r), rows, ROWS, &c);
	return 200;
}

static int auto_set(struct request *r)
{
	struct tidy_config c;
	struct json_writer *w;
	int status;

	entry_lock(r, LOCK_ENGINE, &r->mount->view, "config/auto-tidy");
	settings_read(r, r->mount, &c);
	pki_rows_ask(r, rows, ROWS, &c);
	status = settings_check(r, &c);
	if (status)
		return status;
	if (c.enabled && !settings_any(&c))
		return refuse(r, 400, "Auto-tidy enabled but no tidy operations were requested. Enable at least one tidy "
			      "operation to be run (" ANY ").");
	if (c.publish_stored_certificate_count_metrics && !c.maintain_stored_certificate_counts)
		return refuse(r, 400, "Can not publish a running storage metrics count to metrics without first maintaining "
			      "that count.  Enable `maintain_stored_certificate_counts` to enable "
			      "`publish_stored_certificate_count_metrics`.");
	w = entry_write(r);
	pki_rows_write(w, rows, ROWS, &c);
	entry_written(r, &r->mount->view, "config/auto-tidy", w);
	pki_rows_write(reply_data(r), rows, ROWS, &c);
	return 200;
}

void pki_tidy_tick(struct request *r, struct mount *m)
{
	struct pki_tidy *t = ((struct pki *)m->state)->tidy;
	struct tidy_config c;
	int64_t last;

	settings_read(r, m, &c);
	pthread_mutex_lock(&t->lock);
	if (!t->last)
		t->last = r->now;
	last = t->last;
	pthread_mutex_unlock(&t->lock);
	if (!c.enabled || (r->now - last) / SECOND < c.interval_duration || !tidy_start(r, m, &c))
		return;
	pthread_mutex_lock(&t->lock);
	t->last = r->now;
	pthread_mutex_unlock(&t->lock);
}

static const struct field fields[] = {
	TIDY_FIELDS(PKI_FIELD_ROW)
	{ "tidy_revocation_list", FIELD_BOOL, "The old name of tidy_revoked_certs" },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route routes[] = {
	{ .pattern = "tidy", .update = tidy, .fields = fields, .text = "Remove what is expired" },
	{ .pattern = "tidy-status", .read = tidy_status, .text = "How the last tidying went" },
	{ .pattern = "tidy-cancel", .update = tidy_cancel, .text = "Stop tidying" },
	{ .pattern = "config/auto-tidy", .read = auto_get, .update = auto_set, .fields = fields,
	  .text = "Tidying that runs by itself" },
};
const struct route_table pki_tidy_routes[] = { ROUTES(routes), { .routes = NULL } };
