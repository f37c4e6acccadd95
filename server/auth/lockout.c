#include "server/auth/lockout.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/hmac_sha256.h"
#include "crypto/random.h"

#define ROWS 512
#define WIDTH 8
#define SECOND 1000000000LL

struct count {
	char *name; /* NULL: free */
	int64_t last; /* Unix nanoseconds: the last failure */
	unsigned int failures;
};

struct lockout {
	pthread_mutex_t lock;      /* guards what follows */
	_Atomic unsigned int used; /* read without the lock: logins of a quiet mount take none */
	uint8_t key[32];           /* so that nobody chooses which names share a row */
	struct count rows[ROWS][WIDTH];
};

struct limits {
	uint64_t threshold;
	int64_t duration, reset; /* nanoseconds */
	bool disabled;
};

struct lockout *lockout_make(void)
{
	struct lockout *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	pthread_mutex_init(&l->lock, NULL);
	random_bytes(l->key, sizeof(l->key));
	return l;
}

void lockout_free(struct lockout *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < ROWS * WIDTH; i++)
		free(l->rows[i / WIDTH][i % WIDTH].name);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static int64_t duration_of(const struct json *value, int64_t otherwise)
{
	struct pool p _cleanup_pool_;
	const char *text;
	int64_t nanoseconds;

	pool_init(&p);
	if (!value || value->kind == JSON_NULL)
		return otherwise;
	text = value->kind == JSON_STRING ? pool_json_text(&p, value)
					  : pool_copy(&p, value->span.at, value->span.size);
	return text && duration_read(text, &nanoseconds) && nanoseconds > 0 ? nanoseconds : otherwise;
}

/* What the mount was tuned to. */
static struct limits limits_of(const struct mount *m)
{
	struct limits limits = { .threshold = 5, .duration = 900 * SECOND, .reset = 900 * SECOND };
	struct pool p _cleanup_pool_;
	struct text_error error;
	const struct json *config;
	uint64_t threshold;

	pool_init(&p);
	if (!m->config.size || !memmem(m->config.at, m->config.size, "user_lockout_config", 19))
		return limits;
	config = json_member_of(pool_read_json(&p, (const char *)m->config.at, m->config.size, &error),
				"user_lockout_config", JSON_OBJECT);
	threshold = (uint64_t)(duration_of(json_member(config, "lockout_threshold"), 0) / SECOND);
	if (threshold)
		limits.threshold = threshold;
	limits.duration = duration_of(json_member(config, "lockout_duration"), limits.duration);
	limits.reset = duration_of(json_member(config, "lockout_counter_reset"), limits.reset);
	limits.disabled = json_true(json_member(config, "lockout_disable"));
	return limits;
}

static struct count *row_of(struct lockout *l, const char *name)
{
	uint8_t mac[HMAC_SHA256_SIZE];

	hmac_sha256(l->key, sizeof(l->key), name, strlen(name), mac);
	return l->rows[(mac[0] | mac[1] << 8) % ROWS];
}

static struct count *count_find(struct lockout *l, const char *name)
{
	struct count *row = row_of(l, name);

	for (size_t i = 0; i < WIDTH; i++)
		if (row[i].name && !strcmp(row[i].name, name))
			return row + i;
	return NULL;
}

static void count_clear(struct lockout *l, struct count *c)
{
	free(c->name);
	*c = (struct count){ .name = NULL };
	atomic_fetch_sub(&l->used, 1);
}

static bool count_locked(const struct count *c, const struct limits *limits, int64_t now)
{
	return c->name && c->failures >= limits->threshold && now < c->last + limits->duration;
}

/* A free place, else the one whose loss matters least: the oldest, locked ones last. */
static struct count *count_room(struct lockout *l, const char *name, const struct limits *limits, int64_t now)
{
	struct count *row = row_of(l, name), *least = row;

	for (size_t i = 0; i < WIDTH; i++) {
		bool locked = count_locked(row + i, limits, now);
		bool least_locked = count_locked(least, limits, now);

		if (!row[i].name)
			return row + i;
		if (locked == least_locked ? row[i].last < least->last : least_locked)
			least = row + i;
	}
	count_clear(l, least);
	return least;
}

bool lockout_locked(struct lockout *l, const struct request *r, const char *name)
{
	struct limits limits;
	struct count *c;
	bool locked;

	if (!l || !atomic_load(&l->used))
		return false;
	limits = limits_of(r->mount);
	if (limits.disabled)
		return false;
	pthread_mutex_lock(&l->lock);
	c = count_find(l, name);
	locked = c && count_locked(c, &limits, r->now);
	if (c && !locked && c->failures >= limits.threshold)
		count_clear(l, c); /* it has served its time */
	pthread_mutex_unlock(&l->lock);
	return locked;
}

void lockout_failed(struct lockout *l, const struct request *r, const char *name)
{
	struct limits limits = limits_of(r->mount);
	struct count *c;

	if (!l || limits.disabled)
		return;
	pthread_mutex_lock(&l->lock);
	c = count_find(l, name);
	if (!c) {
		c = count_room(l, name, &limits, r->now);
		c->name = strdup(name);
		if (c->name)
			atomic_fetch_add(&l->used, 1);
	}
	if (r->now >= c->last + limits.reset)
		c->failures = 0;
	c->failures++;
	c->last = r->now;
	pthread_mutex_unlock(&l->lock);
}

void lockout_forget(struct lockout *l, const char *name)
{
	struct count *c;

	if (!l || !atomic_load(&l->used))
		return;
	pthread_mutex_lock(&l->lock);
	c = count_find(l, name);
	if (c)
		count_clear(l, c);
	pthread_mutex_unlock(&l->lock);
}

struct names lockout_names(struct lockout *l, struct request *r, const struct mount *m)
{
	struct limits limits = limits_of(m);
	struct names names = { NULL, 0 };

	if (!l || limits.disabled)
		return names;
	pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < ROWS * WIDTH; i++) {
		const struct count *c = &l->rows[i / WIDTH][i % WIDTH];

		if (count_locked(c, &limits, r->now))
			names_add(&r->pool, &names, pool_text(&r->pool, c->name));
	}
	pthread_mutex_unlock(&l->lock);
	names_sort(&names);
	return names;
}
