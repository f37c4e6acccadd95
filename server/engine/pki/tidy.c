/* The work of tidying: see tidy.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/engine/pki/crl.h"
#include "server/engine/pki/tidy.h"

#define PAGE 256
#define SECOND 1000000000LL

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

bool pki_tidy_start(struct request *r, struct mount *m, const struct pki_tidy_config *config)
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
