#include "kernel/mm/space.h"
#include "kernel/syscall.h"
#include "kernel/task/process.h"

void mm_set_brk(uint64_t start)
{
	LOCKED(&mm_self.lock);
	mm_self.brk_start = mm_self.brk = start;
}

static bool brk_within_limit(const struct mm *mm, uint64_t brk)
{
	uint64_t limit = init_process.limits[RLIMIT_DATA].rlim_cur;

	return !limit || limit == RLIM_INFINITY || brk - mm->brk_start <= limit;
}

static int brk_grow(struct mm *mm, uint64_t from, uint64_t to)
{
	struct vma *v;

	/* A guard page stays between the heap and what lies above, as Linux has it. */
	if (to > MM_TOP || vma_find_overlap(&mm->areas, from, to + PAGE_SIZE) ||
	    !space_charge(mm, (to - from) / PAGE_SIZE, VMA_HEAP))
		return -ENOMEM;
	v = space_area_new(mm, from, to, PROT_READ | PROT_WRITE, VMA_HEAP | VMA_MAYWRITE);
	if (!v)
		return -ENOMEM;
	(void)vma_merge(&mm->areas, v);
	return 0;
}

/* brk answers with the break, moved or not. */
SYSCALL1(brk, uint64_t, brk)
{
	struct vma_dead dead = { NULL };
	struct mm *mm = &mm_self;
	uint64_t from, to;
	int error = 0;

	lock_acquire(&mm->lock);
	from = PAGE_UP(mm->brk);
	to = PAGE_UP(brk);
	if (brk < mm->brk_start || brk > USER_TOP || !brk_within_limit(mm, brk))
		error = -ENOMEM;
	else if (to > from)
		error = brk_grow(mm, from, to);
	else if (to < from)
		error = space_unmap(mm, to, from, false, &dead);
	if (!error)
		mm->brk = brk;
	brk = mm->brk;
	lock_release(&mm->lock);
	space_bury(&dead);
	return (long)brk;
}
