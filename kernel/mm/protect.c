#include "kernel/mm/space.h"

#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

static int protect_area(struct mm *mm, struct vma **area, uint64_t start, uint64_t end, uint32_t prot)
{
	struct vma *v = *area;
	int error;

	if (v->flags & VMA_KERNEL || (prot & PROT_WRITE && !(v->flags & VMA_MAYWRITE)))
		return -EACCES;
	if (v->prot == prot)
		return 0;
	if (v->flags & VMA_WRITEBACK && prot & PROT_WRITE && shared_alias(mm, v, v))
		return -EACCES;
	start = start > v->start ? start : v->start;
	end = end < v->end ? end : v->end;
	if (prot & ~v->prot & PROT_WRITE && !space_charge(mm, space_absent(mm, start, end), v->flags))
		return -ENOMEM;
	error = vma_isolate(&mm->areas, start, end);
	if (error)
		return error;
	v = vma_find(&mm->areas, start);
	error = space_protect(mm, start, end, vma_access(prot), v->flags & VMA_WRITEBACK);
	if (error)
		return error;
	v->prot = prot;
	*area = vma_merge(&mm->areas, v);
	return 0;
}

/* Area after area up to the first hole, as Linux: what was changed stays so when a later one fails. */
static int protect_range(struct mm *mm, uint64_t start, uint64_t end, uint32_t prot)
{
	while (start < end) {
		struct vma *v = vma_find_overlap(&mm->areas, start, end);
		int error;

		if (!v || v->start > start)
			return -ENOMEM;
		error = protect_area(mm, &v, start, end, prot);
		if (error)
			return error;
		start = v->end;
	}
	return 0;
}

int mm_protect(uint64_t addr, uint64_t length, int prot)
{
	const int grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	uint64_t end = addr + PAGE_UP(length);
	struct vma *v;
	int error;

	if (addr & PAGE_MASK || prot & ~(int)(PROT_ALL | PROT_SEM | PROT_GROWSDOWN | PROT_GROWSUP) ||
	    grows == (PROT_GROWSDOWN | PROT_GROWSUP))
		return -EINVAL;
	if (!length)
		return 0;
	if (length > USER_TOP || addr > USER_TOP - PAGE_UP(length))
		return -ENOMEM;
	error = prot & PROT_WRITE ? 0 : shared_flush(addr, end); /* W is what says that a page is dirty */
	if (error)
		return error;
	LOCKED(&mm_self.lock);
	v = grows ? vma_find_overlap(&mm_self.areas, addr, end) : NULL;
	if (grows && !v)
		return -ENOMEM;
	if (grows & PROT_GROWSUP || (grows && !(v->flags & VMA_GROWSDOWN)))
		return -EINVAL;
	if (grows)
		addr = v->start;
	return protect_range(&mm_self, addr, end, (uint32_t)prot & PROT_ALL);
}
