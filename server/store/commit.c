#include <sched.h>

#include "server/store/commit.h"

/* More would make one thread's answer wait for too many others' bytes. */
#define TOGETHER_MAX 1024
#define YIELDS_MAX 16

struct waiting {
	struct waiting *next;
	struct change *first, *end; /* end: the last of the list */
	int result;
	bool done, leads;
	pthread_cond_t woken;
};

void commits_init(struct commits *c, int (*commit)(void *context, struct change *first), void *context)
{
	*c = (struct commits){ .commit = commit, .context = context };
	c->last = &c->first;
	pthread_mutex_init(&c->lock, NULL);
	pthread_mutex_init(&c->running, NULL);
}

void commits_close(struct commits *c)
{
	pthread_mutex_destroy(&c->running);
	pthread_mutex_destroy(&c->lock);
}

static void commits_enter(struct commits *c, struct waiting *w)
{
	*c->last = w;
	c->last = &w->next;
	c->count++;
}

/* Take the head of the queue, at most TOGETHER_MAX. */
static struct waiting *commits_gather(struct commits *c)
{
	struct waiting *all = c->first, *end = all;
	size_t n = 1;

	for (; n < TOGETHER_MAX && end->next; n++)
		end = end->next;
	c->count -= n;
	c->together = n;
	c->first = end->next;
	end->next = NULL;
	if (!c->first)
		c->last = &c->first;
	return all;
}

/* A list that fails with others may succeed alone (the disk is full for one's megabytes): each is tried by itself. */
static void commits_run(struct commits *c, struct waiting *all)
{
	int err;

	for (struct waiting *w = all; w->next; w = w->next)
		w->end->next = w->next->first;
	err = c->commit(c->context, all->first);
	for (struct waiting *w = all; w; w = w->next) {
		w->end->next = NULL;
		w->result = err && all->next ? c->commit(c->context, w->first) : err;
	}
}

/* Wake them; whoever waits already leads next. After `done` a waiting one's memory is its thread's again. */
static void commits_release(struct commits *c, struct waiting *all)
{
	for (struct waiting *w = all, *next; w; w = next) {
		next = w->next;
		w->done = true;
		pthread_cond_signal(&w->woken);
	}
	if (c->first) {
		c->first->leads = true;
		pthread_cond_signal(&c->first->woken);
	} else {
		c->led = false;
	}
}

/* With the lock, which is let go meanwhile: who waits already stays in the queue. */
static void commits_await(struct commits *c)
{
	size_t expected = c->together - c->together / 4;

	for (int i = 0; i < YIELDS_MAX && c->count < expected; i++) {
		pthread_mutex_unlock(&c->lock);
		sched_yield();
		pthread_mutex_lock(&c->lock);
	}
}

static void commits_lead(struct commits *c)
{
	struct waiting *all;

	pthread_mutex_lock(&c->running);
	pthread_mutex_lock(&c->lock);
	commits_await(c);
	all = commits_gather(c);
	pthread_mutex_unlock(&c->lock);
	commits_run(c, all);
	pthread_mutex_unlock(&c->running);
	pthread_mutex_lock(&c->lock);
	commits_release(c, all);
	pthread_mutex_unlock(&c->lock);
}

int commits_apply(struct commits *c, struct change *first)
{
	struct waiting me = { .first = first, .end = first };

	if (!first)
		return 0;
	while (me.end->next)
		me.end = me.end->next;
	pthread_cond_init(&me.woken, NULL);
	pthread_mutex_lock(&c->lock);
	commits_enter(c, &me);
	if (!c->led)
		c->led = me.leads = true;
	while (!me.done && !me.leads)
		pthread_cond_wait(&me.woken, &c->lock);
	pthread_mutex_unlock(&c->lock);
	if (!me.done)
		commits_lead(c);
	pthread_cond_destroy(&me.woken);
	return me.result;
}
