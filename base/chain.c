#include "base/chain.h"

static void **chain_link(void *element, size_t offset)
{
	return (void **)(void *)((char *)element + offset);
}

static void *chain_merge(const struct chain *c, void *a, void *b)
{
	void *first = NULL, **tail = &first;

	while (a && b) {
		void **from = c->compare(a, b, c->context) <= 0 ? &a : &b;

		*tail = *from;
		tail = chain_link(*from, c->order);
		*from = *tail;
	}
	*tail = a ? a : b;
	return first;
}

void *chain_sort(const struct chain *c, void *first)
{
	void *bins[64] = { NULL }, *sorted = NULL; /* bins[i] holds 2^i sorted elements, or nothing */
	size_t used = 0;

	for (void *e = first; e; e = *chain_link(e, c->next)) {
		void *run = e;
		size_t i;

		*chain_link(e, c->order) = NULL;
		for (i = 0; bins[i]; i++) {
			run = chain_merge(c, bins[i], run);
			bins[i] = NULL;
		}
		bins[i] = run;
		if (i >= used)
			used = i + 1;
	}
	for (size_t i = 0; i < used; i++)
		if (bins[i])
			sorted = sorted ? chain_merge(c, bins[i], sorted) : bins[i];
	return sorted;
}
