#include "kernel/mm/vma.h"

#include "abi/linux/errno.h"
#include "kernel/fs/file.h"
#include "kernel/mm/heap.h"

static uint32_t height(const struct vma *v)
{
	return v ? v->height : 0;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Recompute what a node knows of its subtree from its children. */
static void vma_pull(struct vma *v)
{
	const struct vma *l = v->left, *r = v->right;

	v->height = 1 + (height(l) > height(r) ? height(l) : height(r));
	v->lowest = l ? l->lowest : v->start;
	v->highest = r ? r->highest : v->end;
	v->gap = 0;
	if (l)
		v->gap = larger(l->gap, v->start - l->highest);
	if (r)
		v->gap = larger(v->gap, larger(r->gap, r->lowest - v->end));
}

static struct vma *rotate_right(struct vma *v)
{
	struct vma *l = v->left;

	v->left = l->right;
	l->right = v;
	vma_pull(v);
	vma_pull(l);
	return l;
}

static struct vma *rotate_left(struct vma *v)
{
	struct vma *r = v->right;

	v->right = r->left;
	r->left = v;
	vma_pull(v);
	vma_pull(r);
	return r;
}

static struct vma *balance(struct vma *v)
{
	vma_pull(v);
	if (height(v->left) > height(v->right) + 1) {
		if (height(v->left->right) > height(v->left->left))
			v->left = rotate_left(v->left);
		return rotate_right(v);
	}
	if (height(v->right) > height(v->left) + 1) {
		if (height(v->right->left) > height(v->right->right))
			v->right = rotate_right(v->right);
		return rotate_left(v);
	}
	return v;
}

/* The recursions below go as deep as the tree is high: at most 23 for VMA_COUNT_MAX areas. */
static struct vma *insert(struct vma *at, struct vma *v)
{
	if (!at)
		return v;
	if (v->start < at->start)
		at->left = insert(at->left, v);
	else
		at->right = insert(at->right, v);
	return balance(at);
}

static struct vma *take_lowest(struct vma *at, struct vma **lowest)
{
	if (!at->left) {
		*lowest = at;
		return at->right;
	}
	at->left = take_lowest(at->left, lowest);
	return balance(at);
}

static struct vma *remove(struct vma *at, const struct vma *v)
{
	struct vma *heir, *right;

	if (v->start < at->start) {
		at->left = remove(at->left, v);
		return balance(at);
	}
	if (v->start > at->start) {
		at->right = remove(at->right, v);
		return balance(at);
	}
	if (!at->left || !at->right)
		return at->left ? at->left : at->right;
	right = take_lowest(at->right, &heir);
	heir->left = at->left;
	heir->right = right;
	return balance(heir);
}

/* Pull again on the way from the root to v, whose bounds have changed. */
static void refresh(struct vma *at, const struct vma *v)
{
	if (at != v)
		refresh(v->start < at->start ? at->left : at->right, v);
	vma_pull(at);
}

void vma_insert(struct vma_tree *t, struct vma *v)
{
	v->left = v->right = NULL;
	vma_pull(v);
	t->root = insert(t->root, v);
	t->count++;
}

void vma_remove(struct vma_tree *t, struct vma *v)
{
	t->root = remove(t->root, v);
	t->count--;
}

void vma_resize(struct vma_tree *t, struct vma *v, uint64_t start, uint64_t end)
{
	if (v->file)
		v->offset += start - v->start;
	v->start = start;
	v->end = end;
	refresh(t->root, v);
}

struct vma *vma_find(const struct vma_tree *t, uint64_t addr)
{
	struct vma *best = NULL;

	for (struct vma *at = t->root; at;) {
		if (at->end > addr) {
			best = at;
			at = at->left;
		} else {
			at = at->right;
		}
	}
	return best;
}

struct vma *vma_find_below(const struct vma_tree *t, uint64_t addr)
{
	struct vma *best = NULL;

	for (struct vma *at = t->root; at;) {
		if (at->start < addr) {
			best = at;
			at = at->right;
		} else {
			at = at->left;
		}
	}
	return best;
}

struct vma *vma_find_overlap(const struct vma_tree *t, uint64_t start, uint64_t end)
{
	struct vma *v = vma_find(t, start);

	return v && v->start < end ? v : NULL;
}

/* The subtree at `at` is all that lies in [low, high), where that is room for us. */
static uint64_t gap_search(const struct vma *at, uint64_t length, uint64_t low, uint64_t high)
{
	uint64_t found;

	if (low >= high || high - low < length)
		return 0;
	if (!at)
		return high - length;
	if (at->start >= high)
		return gap_search(at->left, length, low, high);
	if (at->end <= low)
		return gap_search(at->right, length, low, high);
	if (at->gap < length && (at->lowest < low || at->lowest - low < length) &&
	    (at->highest > high || high - at->highest < length))
		return 0;
	found = gap_search(at->right, length, at->end, high);
	return found ? found : gap_search(at->left, length, low, at->start);
}

uint64_t vma_gap(const struct vma_tree *t, uint64_t length, uint64_t low, uint64_t high)
{
	return gap_search(t->root, length, low, high);
}

int vma_split(struct vma_tree *t, struct vma *v, uint64_t addr)
{
	struct vma *upper;

	if (t->count >= VMA_COUNT_MAX)
		return -ENOMEM;
	upper = heap_alloc(sizeof(*upper));
	if (!upper)
		return -ENOMEM;
	*upper = *v;
	upper->start = addr;
	if (v->file) {
		upper->offset = vma_file_offset(v, addr);
		file_get(v->file);
	}
	vma_resize(t, v, v->start, addr);
	vma_insert(t, upper);
	return 0;
}

static int split_at(struct vma_tree *t, uint64_t addr)
{
	struct vma *v = vma_find(t, addr);

	return v && v->start < addr ? vma_split(t, v, addr) : 0;
}

int vma_isolate(struct vma_tree *t, uint64_t start, uint64_t end)
{
	int error = split_at(t, start);

	return error ? error : split_at(t, end);
}

static bool vma_alike(const struct vma *low, const struct vma *high)
{
	return low->end == high->start && low->prot == high->prot && low->flags == high->flags &&
	       low->file == high->file && (!low->file || vma_file_offset(low, high->start) == high->offset);
}

/* The upper of two alike neighbours goes away. */
static void vma_join(struct vma_tree *t, struct vma *low, struct vma *high)
{
	uint64_t end = high->end;

	vma_remove(t, high);
	vma_resize(t, low, low->start, end);
	if (high->file)
		file_put(high->file); /* never the last reference: low has one */
	heap_free(high);
}

struct vma *vma_merge(struct vma_tree *t, struct vma *v)
{
	struct vma *below = vma_find_below(t, v->start), *above = vma_next(t, v);

	if (above && vma_alike(v, above))
		vma_join(t, v, above);
	if (below && vma_alike(below, v)) {
		vma_join(t, below, v);
		return below;
	}
	return v;
}
