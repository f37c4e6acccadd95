/* Keeps what is cached fresh, and says in time what will not be. */
#include "collateral/collateral.h"
#include "image/cleanup.h"
#include "platform/stamp.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t watch_stop;

static void watch_stopped(int number)
{
	(void)number;
	watch_stop = 1;
}

struct watch {
	struct arguments *a;
	struct store *store;
	int status;
};

/* Certificates of a service are its own business: a chain that ends soon is warned about, too. */
static void watch_warn(struct watch *w, const struct subject *who, const char *name)
{
	_cleanup_free_ char *json = NULL;
	char until[STAMP_SIZE];
	struct contents c;
	struct fail f;

	if (store_get(w->store, who, &json, &c, &f))
		return;
	for (size_t i = 0; i < c.count; i++) {
		if (c.items[i].until >= w->store->now + w->a->days)
			continue;
		stamp_text(c.items[i].until, until);
		w->status = say(EXIT_EXPIRING, "%s: %s expires at %s", name, c.items[i].what, until);
	}
}

static int watch_subject(const struct store *s, const struct subject *who, void *data)
{
	struct watch *w = data;
	char name[SUBJECT_NAME_MAX];
	struct fail f;

	(void)s;
	subject_name(who, name);
	switch (refresh_subject(w->store, who, w->a, &f)) {
	case REFRESHED_NEW:
		(void)printf("%s: refreshed\n", name);
		break;
	case REFRESHED_STALE:
		(void)say(0, "%s: cannot be refreshed, still holds: %s", name, f.text);
		break;
	case REFRESHED_FAILED:
		w->status = say(EXIT_EXPIRING, "%s: cannot be refreshed, and holds no longer: %s", name, f.text);
		break;
	default:
		break;
	}
	(void)fflush(stdout);
	watch_warn(w, who, name);
	return watch_stop;
}

int command_watch(struct arguments *a)
{
	struct sigaction stop = { .sa_handler = watch_stopped };
	struct watch w = { .a = a };
	struct store s;
	struct fail f;

	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGINT, &stop, NULL);
	if (store_open(&s, a->dir, a->trust, moment_of(a), &f)) {
		store_close(&s);
		return say(1, "collateral: %s", f.text);
	}
	w.store = &s;
	for (;;) {
		w.status = 0;
		s.now = moment_of(a);
		(void)store_each(&s, watch_subject, &w);
		if (a->once || watch_stop)
			break;
		(void)nanosleep(&(struct timespec){ .tv_sec = a->interval }, NULL);
		if (watch_stop)
			break;
	}
	store_close(&s);
	return w.status;
}
