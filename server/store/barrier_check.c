/* Whether the store has just the entries that the root knows: neither changed, nor more, nor fewer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/barrier_state.h"

struct checking {
	struct barrier *barrier;
	size_t left;
	uint32_t *seen; /* entries of each bucket */
};

static bool path_is_roots(const char *path)
{
	return !strncmp(path, ROOT_LOG, strlen(ROOT_LOG)) || !strncmp(path, ROOT_BUCKET, strlen(ROOT_BUCKET));
}

static int check_entry(void *context, const char *path, struct blob value)
{
	struct checking *c = context;
	uint8_t tag[ROOT_TAG];

	if (path_is_roots(path))
		return 0;
	if (!c->left)
		return 1;
	c->left--;
	c->seen[root_place(c->barrier->root, path).bucket]++;
	root_tag(path, value.at, value.size, tag);
	return root_check(c->barrier->root, path, tag);
}

int barrier_check(struct barrier *b, size_t limit)
{
	struct checking c = { .barrier = b, .left = limit };
	uint32_t *known;
	int err = 0;

	c.seen = calloc(2 * ROOT_BUCKETS, sizeof(*c.seen));
	if (!c.seen)
		abort();
	known = c.seen + ROOT_BUCKETS;
	pthread_mutex_lock(&b->commits.running);
	if (b->root)
		err = b->store->walk(b->store, "", check_entry, &c);
	if (!err && b->root)
		err = root_counts(b->root, known);
	if (!err && memcmp(known, c.seen, ROOT_BUCKETS * sizeof(*known)) != 0)
		err = -EBADMSG;
	pthread_mutex_unlock(&b->commits.running);
	free(c.seen);
	return err < 0 ? err : 0;
}
