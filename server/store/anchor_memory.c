#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/anchor.h"

struct memory_anchor {
	struct anchor anchor;
	struct anchor_value value;
};

static int memory_read(struct anchor *a, struct anchor_value *value)
{
	*value = ((struct memory_anchor *)a->state)->value;
	return 0;
}

static int memory_advance(struct anchor *a, const struct anchor_value *from, const struct anchor_value *to)
{
	struct memory_anchor *m = a->state;

	if (from && (from->version != m->value.version || memcmp(from->digest, m->value.digest, sizeof(from->digest))))
		return -ESTALE;
	m->value = *to;
	return 0;
}

static void memory_close(struct anchor *a)
{
	free(a->state);
}

struct anchor *anchor_memory(void)
{
	struct memory_anchor *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->anchor = (struct anchor){ "memory", m, NULL, memory_read, memory_advance, memory_close };
	return &m->anchor;
}
