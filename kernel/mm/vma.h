/*
 * The areas of an address space: a balanced (AVL) tree by address, each node of which knows the largest gap below it,
 * so that look-up and the search for free room are both O(log n). Guarded by mm->lock.
 */
#ifndef ADYTON_KERNEL_MM_VMA_H
#define ADYTON_KERNEL_MM_VMA_H

#include "abi/layout.h"
#include "abi/linux/mman.h"
#include "abi/types.h"

struct file;

#define VMA_SHARED 0x1U     /* MAP_SHARED; for files: never copied on write */
#define VMA_WRITEBACK 0x2U  /* shared, and the file is open for writing: pages gain W when first written (dirty) */
#define VMA_GROWSDOWN 0x4U
#define VMA_STACK 0x8U      /* the first thread's stack: [stack] */
#define VMA_HEAP 0x10U      /* brk: [heap] */
#define VMA_KERNEL 0x20U    /* call stubs: [adyton]; the program cannot unmap it */
#define VMA_MAYWRITE 0x40U  /* mprotect may add PROT_WRITE */
#define VMA_LOCKED 0x80U
#define VMA_NORESERVE 0x100U
#define VMA_DONTFORK 0x200U
#define VMA_WIPEONFORK 0x400U
#define VMA_DONTDUMP 0x800U
#define VMA_RANDOM 0x1000U     /* MADV_RANDOM: no fault-around */
#define VMA_SEQUENTIAL 0x2000U /* MADV_SEQUENTIAL: large fault-around at once */
#define VMA_THREAD_STACK 0x4000U /* MAP_STACK: never charged, see mm.h */

struct vma {
	uint64_t start, end; /* page aligned, end is exclusive */
	uint32_t prot;       /* PROT_* as the program asked */
	uint32_t flags;      /* VMA_* */
	struct file *file;   /* NULL: anonymous; holds a reference */
	uint64_t offset;     /* of start, in the file */
	uint64_t device, inode; /* VMA_WRITEBACK: which file it is, whoever opened it */

	/* Fault-around: where the next fault of a sequential reader would come, and how far it was read ahead. */
	uint64_t around_next;
	uint32_t around_pages;

	/* The tree. lowest, highest, gap: over the subtree; gap is the largest between two of its areas. */
	uint32_t height;
	struct vma *left, *right;
	uint64_t lowest, highest, gap;
};

struct vma_tree {
	struct vma *root;
	uint32_t count;
};

#define VMA_COUNT_MAX 65530U /* vm.max_map_count */

/* The lowest area that ends above addr, or NULL. It holds addr if it starts at or below. */
struct vma *vma_find(const struct vma_tree *t, uint64_t addr);
/* The highest area that starts below addr, or NULL. */
struct vma *vma_find_below(const struct vma_tree *t, uint64_t addr);
/* The lowest area that overlaps [start, end), or NULL. */
struct vma *vma_find_overlap(const struct vma_tree *t, uint64_t start, uint64_t end);
static inline struct vma *vma_next(const struct vma_tree *t, const struct vma *v)
{
	return vma_find(t, v->end);
}

/* The highest address for `length` bytes of room inside [low, high), or 0. */
uint64_t vma_gap(const struct vma_tree *t, uint64_t length, uint64_t low, uint64_t high);

void vma_insert(struct vma_tree *t, struct vma *v);
void vma_remove(struct vma_tree *t, struct vma *v);
/* Move the bounds of an area that stays between its neighbours. The file offset follows start. */
void vma_resize(struct vma_tree *t, struct vma *v, uint64_t start, uint64_t end);
/* Cut v in two at addr; the upper part is the new area (it takes a reference to the file). -ENOMEM. */
int vma_split(struct vma_tree *t, struct vma *v, uint64_t addr) must_check;
/* Split whatever crosses start or end, so that the range consists of whole areas. */
int vma_isolate(struct vma_tree *t, uint64_t start, uint64_t end) must_check;
/*
 * Join v with its neighbours where they are alike; returns the area that holds v's range. Puts a file reference each.
 */
struct vma *vma_merge(struct vma_tree *t, struct vma *v);

/* The page permissions (SGX_SECINFO_R, W, X) that make prot true: on x86-64 write and execute imply read. */
static inline uint32_t vma_access(uint32_t prot)
{
	uint32_t rwx = prot & (PROT_READ | PROT_WRITE | PROT_EXEC);

	return rwx ? rwx | PROT_READ : 0;
}

static inline uint64_t vma_file_offset(const struct vma *v, uint64_t addr)
{
	return v->offset + (addr - v->start);
}

#endif
