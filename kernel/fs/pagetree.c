/* See pagetree.h. */
#include "kernel/fs/pagetree.h"
#include "kernel/mm/heap.h"

#define BITS 9
#define FANOUT (1UL << BITS)

/* Pages below a node of this height; for heights that would overflow, all. */
static uint64_t span(uint32_t height)
{
	return height * BITS >= 64 ? UINT64_MAX : 1UL << (height * BITS);
}

void *pagetree_get(const struct pagetree *t, uint64_t index)
{
	void **node = t->root;

	if (!t->height || index >= span(t->height))
		return NULL;
	for (uint32_t h = t->height; node && h > 1; h--)
		node = node[index >> (h - 1) * BITS & (FANOUT - 1)];
	return node ? node[index & (FANOUT - 1)] : NULL;
}

static bool grow(struct pagetree *t, uint64_t index)
{
	while (!t->height || index >= span(t->height)) {
		void **node = heap_alloc(FANOUT * sizeof(*node));

		if (!node)
			return false;
		node[0] = t->root;
		t->root = node;
		t->height++;
	}
	return true;
}

void *pagetree_make(struct pagetree *t, uint64_t index)
{
	void **node;

	if (!grow(t, index))
		return NULL;
	node = t->root;
	for (uint32_t h = t->height; h > 1; h--) {
		void **child = &node[index >> (h - 1) * BITS & (FANOUT - 1)];

		if (!*child)
			*child = heap_alloc(FANOUT * sizeof(*node));
		if (!*child)
			return NULL;
		node = *child;
	}
	node += index & (FANOUT - 1);
	if (!*node) {
		*node = heap_pages(1);
		t->pages += *node != NULL;
	}
	return *node;
}

/* Depth is the tree's height, at most seven. */
static void remove_below(struct pagetree *t, void **node, uint32_t height, uint64_t first, uint64_t last,
			 void (*take)(void *ctx, void *page), void *ctx)
{
	uint64_t step = span(height - 1);

	for (uint64_t i = first / step; i <= last / step && i < FANOUT; i++) {
		uint64_t from = i == first / step ? first % step : 0, to = i == last / step ? last % step : step - 1;

		if (!node[i])
			continue;
		if (height > 1) {
			remove_below(t, node[i], height - 1, from, to, take, ctx);
			continue;
		}
		take(ctx, node[i]);
		node[i] = NULL;
		t->pages--;
	}
}

void pagetree_remove(struct pagetree *t, uint64_t first, uint64_t last, void (*take)(void *ctx, void *page), void *ctx)
{
	if (!t->height || first > last || first >= span(t->height))
		return;
	if (last >= span(t->height))
		last = span(t->height) - 1;
	remove_below(t, t->root, t->height, first, last, take, ctx);
}

static void free_nodes(void **node, uint32_t height)
{
	for (size_t i = 0; node && i < FANOUT; i++) {
		if (height > 1)
			free_nodes(node[i], height - 1);
		else if (node[i])
			heap_pages_free(node[i], 1);
	}
	heap_free(node);
}

void pagetree_destroy(struct pagetree *t)
{
	if (t->height)
		free_nodes(t->root, t->height);
	*t = (struct pagetree){ 0 };
}
