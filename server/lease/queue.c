/* The queue of expiry: a binary heap by time. */
#include <stdlib.h>
#include <string.h>

#include "server/lease/leases.h"

static void queue_room(struct leases *q, size_t more)
{
	if (q->count + more <= q->room)
		return;
	while (q->room < q->count + more)
		q->room = q->room ? 2 * q->room : 256;
	q->heap = realloc(q->heap, q->room * sizeof(*q->heap));
	if (!q->heap)
		abort();
}

static void swap(struct due *a, struct due *b)
{
	struct due c = *a;

	*a = *b;
	*b = c;
}

static void sink(struct leases *q, size_t i)
{
	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < q->count; child++)
			if (q->heap[child].at < q->heap[least].at)
				least = child;
		if (least == i)
			return;
		swap(&q->heap[i], &q->heap[least]);
		i = least;
	}
}

static void queue_put(struct leases *q, int64_t at, uint32_t attempts, const char *id)
{
	char *copy = strdup(id);

	if (!copy)
		abort();
	queue_room(q, 1);
	q->heap[q->count++] = (struct due){ at, attempts, copy };
}

void queue_append(struct leases *own, int64_t at, const char *id)
{
	queue_put(own, at, 0, id);
}

void queue_join(struct leases *q, struct leases *own)
{
	pthread_mutex_lock(&q->mutex);
	queue_room(q, own->count);
	if (own->count)
		memcpy(q->heap + q->count, own->heap, own->count * sizeof(*own->heap));
	q->count += own->count;
	for (size_t i = q->count / 2; i > 0; i--)
		sink(q, i - 1);
	pthread_mutex_unlock(&q->mutex);
	free(own->heap);
	own->heap = NULL;
	own->count = own->room = 0;
}

void queue_add(struct leases *q, int64_t at, uint32_t attempts, const char *id)
{
	pthread_mutex_lock(&q->mutex);
	queue_put(q, at, attempts, id);
	for (size_t i = q->count - 1; i > 0 && q->heap[i].at < q->heap[(i - 1) / 2].at; i = (i - 1) / 2)
		swap(&q->heap[i], &q->heap[(i - 1) / 2]);
	if (q->heap[0].at == at)
		pthread_cond_signal(&q->changed);
	pthread_mutex_unlock(&q->mutex);
}

size_t queue_take(struct leases *q, int64_t now, struct due *out, size_t limit)
{
	size_t taken = 0;

	pthread_mutex_lock(&q->mutex);
	while (taken < limit && q->count && q->heap[0].at <= now) {
		out[taken++] = q->heap[0];
		q->heap[0] = q->heap[--q->count];
		sink(q, 0);
	}
	pthread_mutex_unlock(&q->mutex);
	return taken;
}

void queue_free(struct leases *q)
{
	for (size_t i = 0; i < q->count; i++)
		free(q->heap[i].id);
	free(q->heap);
	q->heap = NULL;
	q->count = q->room = 0;
}
