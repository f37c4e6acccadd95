#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/audit/device.h"

static void ticket_drop(struct ticket *t)
{
	if (atomic_fetch_sub(&t->holders, 1) > 1)
		return;
	sem_destroy(&t->told);
	free(t);
}

struct ticket *ticket_make(void)
{
	struct ticket *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	sem_init(&t->told, 0, 0);
	t->holders = 1;
	return t;
}

static struct timespec moment_after(int64_t nanoseconds)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	nanoseconds += t.tv_nsec;
	return (struct timespec){ t.tv_sec + nanoseconds / 1000000000, nanoseconds % 1000000000 };
}

bool ticket_wait(struct ticket *t)
{
	struct timespec end = moment_after(PATIENCE * 1000000000LL);
	bool written;

	while (!t->written && t->waiting)
		if (sem_clockwait(&t->told, CLOCK_MONOTONIC, &end) && errno == ETIMEDOUT)
			break;
	written = t->written;
	ticket_drop(t);
	return written;
}

/* A device knows what became of its line. */
static void ticket_tell(struct ticket *t, bool written)
{
	bool last;

	if (written)
		t->written = true;
	last = atomic_fetch_sub(&t->waiting, 1) == 1;
	if (written || last)
		sem_post(&t->told);
	ticket_drop(t);
}

static struct line *line_make(struct ticket *t, const char *text, size_t size)
{
	struct line *l = malloc(sizeof(*l) + size);

	if (!l)
		abort();
	*l = (struct line){ .ticket = t, .size = size };
	memcpy(l->text, text, size);
	return l;
}

void device_put(struct device *d, struct ticket *t, const char *text, size_t size)
{
	struct line *l = line_make(t, text, size);

	pthread_mutex_lock(&d->audit->mutex);
	if (d->count >= QUEUE_MAX || d->bytes + size > QUEUE_BYTES_MAX) {
		if (d->lost++ == d->lost_told)
			fprintf(stderr, "adyton-server: audit %s: hangs, and records are lost there\n", d->path);
		pthread_mutex_unlock(&d->audit->mutex);
		free(l);
		return;
	}
	t->holders++;
	t->waiting++;
	*d->last = l;
	d->last = &l->next;
	d->count++;
	d->bytes += size;
	pthread_cond_signal(&d->filled);
	pthread_mutex_unlock(&d->audit->mutex);
}

/* What was lost is told in the log itself, as soon as the device takes records again. */
static void tell_lost(struct device *d, uint64_t lost)
{
	char text[192];
	struct line *l;
	int size;

	size = snprintf(text, sizeof(text), "{\"type\":\"lost\",\"error\":\"%lu records did not reach this device\"}\n",
			lost);
	l = line_make(NULL, text, (size_t)size);
	if (!sink_write(&d->sink, l))
		fprintf(stderr, "adyton-server: audit %s: takes records again; %lu were lost there\n", d->path, lost);
	free(l);
}

static void settle(struct device *d, struct line *first)
{
	size_t count = 0, bytes = 0;

	for (struct line *l = first, *next; l; l = next) {
		next = l->next;
		count++;
		bytes += l->size;
		ticket_tell(l->ticket, l->written);
		explicit_bzero(l->text, l->size); /* with log_raw secrets stand in it */
		free(l);
	}
	pthread_mutex_lock(&d->audit->mutex);
	d->count -= count;
	d->bytes -= bytes;
	pthread_mutex_unlock(&d->audit->mutex);
}

static void take_batch(struct device *d, struct line *first, bool reopen)
{
	uint64_t lost;
	int err = reopen ? sink_reopen(&d->sink) : 0;

	if (err)
		fprintf(stderr, "adyton-server: audit %s: opening it anew: %s\n", d->path, strerror(-err));
	if (!first)
		return;
	err = sink_write(&d->sink, first);
	if (err)
		fprintf(stderr, "adyton-server: audit %s: writing: %s\n", d->path, strerror(-err));
	settle(d, first);
	pthread_mutex_lock(&d->audit->mutex);
	lost = err ? 0 : d->lost - d->lost_told;
	d->lost_told += lost;
	pthread_mutex_unlock(&d->audit->mutex);
	if (lost)
		tell_lost(d, lost);
}

/* What came while the last batch was written is the next: their syncs are shared. */
static void *device_main(void *argument)
{
	struct device *d = argument;

	pthread_mutex_lock(&d->audit->mutex);
	while (d->first || !d->stop || d->reopen) {
		struct line *first = d->first;
		bool reopen = d->reopen;

		if (!first && !reopen) {
			pthread_cond_wait(&d->filled, &d->audit->mutex);
			continue;
		}
		d->reopen = false;
		d->first = NULL;
		d->last = &d->first;
		pthread_mutex_unlock(&d->audit->mutex);
		take_batch(d, first, reopen);
		pthread_mutex_lock(&d->audit->mutex);
	}
	d->ended = true;
	pthread_cond_broadcast(&d->audit->ended);
	pthread_mutex_unlock(&d->audit->mutex);
	return NULL;
}

struct device *device_make(struct audit *audit, const char *path)
{
	struct device *d = calloc(1, sizeof(*d));

	if (!d)
		abort();
	d->audit = audit;
	d->sink.fd = -1;
	d->last = &d->first;
	list_init(&d->link);
	pool_init(&d->pool);
	d->path = pool_text(&d->pool, path);
	return d;
}

void device_free(struct device *d)
{
	sink_close(&d->sink);
	pool_close(&d->pool);
	free(d);
}

bool device_start(struct device *d, bool must, char *error, size_t size)
{
	int err = sink_open(&d->sink);

	if (err) {
		snprintf(error, size, "%s: %s", d->sink.address ? d->sink.address : d->type, strerror(-err));
		if (must)
			return false;
		fprintf(stderr, "adyton-server: audit %s: %s\n", d->path, error);
	}
	pthread_cond_init(&d->filled, NULL);
	if (pthread_create(&d->thread, NULL, device_main, d)) {
		snprintf(error, size, "no more threads");
		return false;
	}
	list_add_tail(&d->audit->devices, &d->link);
	return true;
}

/* One that hangs keeps its thread and its memory: ending it is not possible, and waiting for it would hang us. */
bool device_stop(struct device *d)
{
	struct timespec end = moment_after(2 * 1000000000LL);
	bool ended;

	list_del(&d->link);
	pthread_mutex_lock(&d->audit->mutex);
	d->stop = true;
	pthread_cond_signal(&d->filled);
	while (!d->ended)
		if (pthread_cond_timedwait(&d->audit->ended, &d->audit->mutex, &end))
			break;
	ended = d->ended;
	pthread_mutex_unlock(&d->audit->mutex);
	if (ended) {
		pthread_join(d->thread, NULL);
		pthread_cond_destroy(&d->filled);
		device_free(d);
	} else {
		fprintf(stderr, "adyton-server: audit %s: hangs, and is left alone\n", d->path);
		pthread_detach(d->thread);
	}
	return ended;
}

const char *device_hmac(const struct device *d, struct pool *p, const char *text, size_t size)
{
	struct hmac_sha256 hmac = d->hmac;
	uint8_t mac[HMAC_SHA256_SIZE];

	hmac_sha256_update(&hmac, text, size);
	hmac_sha256_final(&hmac, mac);
	return pool_printf(p, "hmac-sha256:%s", pool_hex(p, mac, sizeof(mac)));
}
