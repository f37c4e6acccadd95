/*
 * Group commit: threads that want something durable at the same time share one commit. Who comes first leads: it takes
 * along what gathered while the one before it ran. Those whom a commit has just answered tend to come again at once, so
 * a leader gives them a moment if the commit before had many.
 */
#ifndef ADYTON_SERVER_STORE_COMMIT_H
#define ADYTON_SERVER_STORE_COMMIT_H

#include <pthread.h>

#include "server/store/store.h"

struct waiting;

struct commits {
	pthread_mutex_t lock; /* guards what follows */
	struct waiting *first, **last;
	bool led;
	size_t count;    /* in the queue */
	size_t together; /* that the last commit took */
	/* One commit at a time, and who else must not meet one. Taken before `lock`, never after. */
	pthread_mutex_t running;
	int (*commit)(void *context, struct change *first); /* holds `running` */
	void *context;
};

void commits_init(struct commits *c, int (*commit)(void *context, struct change *first), void *context);
void commits_close(struct commits *c);
/* Returns when they are durable or failed. The list's links may be changed meanwhile. */
must_check int commits_apply(struct commits *c, struct change *first);

#endif
