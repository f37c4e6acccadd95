/* Asking for tidying: now, by itself, how it went, to stop. */
#include <string.h>

#include "server/engine/pki/tidy.h"

#define SECOND 1000000000LL

#define ROW(kind, name, otherwise, text) { #name, FIELD_##kind, offsetof(struct pki_tidy_config, name) },
static const struct pki_row rows[] = { PKI_TIDY_FIELDS(ROW) };
#define ROWS (sizeof(rows) / sizeof(rows[0]))
static const char defaults[] = "{\"version\":1" PKI_TIDY_FIELDS(PKI_FIELD_OTHERWISE) "}";

static void settings_read(struct request *r, struct mount *m, struct pki_tidy_config *c)
{
	struct text_error error;

	*c = (struct pki_tidy_config){ .enabled = false };
	pki_rows_read(&r->pool, rows, ROWS, pool_read_json(&r->pool, defaults, sizeof(defaults) - 1, &error), c);
	pki_rows_read(&r->pool, rows, ROWS, entry_read(r, &m->view, "config/auto-tidy"), c);
}

static bool settings_any(const struct pki_tidy_config *c)
{
	return c->tidy_cert_store || c->tidy_revoked_certs || c->tidy_revoked_cert_issuer_associations ||
	       c->tidy_expired_issuers || c->tidy_move_legacy_ca_bundle || c->tidy_acme;
}

#define ANY "tidy_cert_store / tidy_revoked_certs / tidy_revoked_cert_issuer_associations / tidy_expired_issuers / " \
	"tidy_move_legacy_ca_bundle / tidy_revocation_queue / tidy_cross_cluster_revoked_certs / tidy_acme"

static int settings_check(struct request *r, const struct pki_tidy_config *c)
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
	struct pki_tidy_config c = { .enabled = false };
	struct text_error error;
	int status;

	pki_rows_read(&r->pool, rows, ROWS, pool_read_json(&r->pool, defaults, sizeof(defaults) - 1, &error), &c);
	pki_rows_ask(r, rows, ROWS, &c);
	c.tidy_revoked_certs = c.tidy_revoked_certs || ask_bool(r, "tidy_revocation_list", false);
	status = settings_check(r, &c);
	if (status)
		return status;
	if (!pki_tidy_start(r, r->mount, &c)) {
		reply_warning(r, "Tidy operation already in progress.");
		return 200;
	}
	if (settings_any(&c))
		reply_warning(
			r, "Tidy operation successfully started. Any information from the operation will be printed to "
			   "Vault's server logs.");
	else
		reply_warning(
			r, "Manual tidy requested but no tidy operations were set. Enable at least one tidy operation "
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
	struct pki_tidy_config c;

	settings_read(r, r->mount, &c);
	pki_rows_write(reply_data(r), rows, ROWS, &c);
	return 200;
}

static int auto_set(struct request *r)
{
	struct pki_tidy_config c;
	struct json_writer *w;
	int status;

	entry_lock(r, LOCK_ENGINE, &r->mount->view, "config/auto-tidy");
	settings_read(r, r->mount, &c);
	pki_rows_ask(r, rows, ROWS, &c);
	status = settings_check(r, &c);
	if (status)
		return status;
	if (c.enabled && !settings_any(&c))
		return refuse(r, 400,
			      "Auto-tidy enabled but no tidy operations were requested. Enable at least one tidy "
			      "operation to be run (" ANY ").");
	if (c.publish_stored_certificate_count_metrics && !c.maintain_stored_certificate_counts)
		return refuse(r, 400,
			      "Can not publish a running storage metrics count to metrics without first maintaining "
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
	struct pki_tidy_config c;
	int64_t last;

	settings_read(r, m, &c);
	pthread_mutex_lock(&t->lock);
	if (!t->last)
		t->last = r->now;
	last = t->last;
	pthread_mutex_unlock(&t->lock);
	if (!c.enabled || (r->now - last) / SECOND < c.interval_duration || !pki_tidy_start(r, m, &c))
		return;
	pthread_mutex_lock(&t->lock);
	t->last = r->now;
	pthread_mutex_unlock(&t->lock);
}

static const struct field fields[] = {
	PKI_TIDY_FIELDS(PKI_FIELD_ROW)
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
