/*
 * mlock and friends. Enclave memory is not swapped by anything that we can see, so locking means: present, counted
 * against RLIMIT_MEMLOCK, and not to be discarded by MADV_DONTNEED.
 */
#include "kernel/mm/space.h"
#include "kernel/mm/user.h"
#include "kernel/syscall.h"
#include "kernel/task/process.h"

static uint64_t mlock_locked_bytes(const struct mm *mm)
{
	uint64_t bytes = 0;

	for (const struct vma *v = vma_find(&mm->areas, 0); v; v = vma_next(&mm->areas, v))
		if (v->flags & VMA_LOCKED)
			bytes += v->end - v->start;
	return bytes;
}

/* CAP_IPC_LOCK: root. */
static int mlock_allowed(const struct mm *mm, uint64_t more)
{
	uint64_t limit = init_process.limits[RLIMIT_MEMLOCK].rlim_cur;

	if (!init_process.cred.euid || limit == RLIM_INFINITY)
		return 0;
	if (!limit)
		return -EPERM;
	return mlock_locked_bytes(mm) + more <= limit ? 0 : -ENOMEM;
}

static int mlock_apply(struct mm *mm, uint64_t start, uint64_t end, bool lock)
{
	while (start < end) {
		struct vma *v = vma_find_overlap(&mm->areas, start, end);
		uint64_t stop;
		int error;

		if (!v || v->start > start)
			return -ENOMEM;
		stop = v->end < end ? v->end : end;
		if (!!(v->flags & VMA_LOCKED) != lock) {
			error = vma_isolate(&mm->areas, start, stop);
			if (error)
				return error;
			v = vma_find(&mm->areas, start);
			v->flags ^= VMA_LOCKED;
			(void)vma_merge(&mm->areas, v);
		}
		start = stop;
	}
	return 0;
}

static long mlock_range(uint64_t addr, uint64_t length, bool lock, bool populate)
{
	uint64_t end = PAGE_UP(addr + length);
	int error = 0;

	addr = PAGE_DOWN(addr);
	if (end < addr)
		return -EINVAL;
	if (end == addr)
		return 0;
	if (!user_range_ok(addr, end - addr))
		return -ENOMEM;
	lock_acquire(&mm_self.lock);
	if (lock)
		error = mlock_allowed(&mm_self, end - addr);
	if (!error)
		error = mlock_apply(&mm_self, addr, end, lock);
	lock_release(&mm_self.lock);
	if (!error && lock && populate && space_populate(addr, end))
		error = -ENOMEM;
	return error;
}

SYSCALL2(mlock, uint64_t, addr, uint64_t, length)
{
	return mlock_range(addr, length, true, true);
}

SYSCALL3(mlock2, uint64_t, addr, uint64_t, length, int, flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return mlock_range(addr, length, true, !(flags & MLOCK_ONFAULT));
}

SYSCALL2(munlock, uint64_t, addr, uint64_t, length)
{
	return mlock_range(addr, length, false, false);
}

static void mlock_all(struct mm *mm, bool lock)
{
	uint64_t at = 0;

	for (struct vma *v; (v = vma_find(&mm->areas, at)); at = v->end) {
		v->flags = lock ? v->flags | VMA_LOCKED : v->flags & ~VMA_LOCKED;
		v = vma_merge(&mm->areas, v);
	}
}

SYSCALL1(mlockall, int, flags)
{
	int error;

	if (!flags || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT)
		return -EINVAL;
	LOCKED(&mm_self.lock);
	error = mlock_allowed(&mm_self, flags & MCL_CURRENT ? mm_self.virtual_pages * PAGE_SIZE : 0);
	if (error)
		return error;
	/* What exists is not populated: reservations of many GiB are common, and nothing is ever swapped out. */
	if (flags & MCL_CURRENT)
		mlock_all(&mm_self, true);
	mm_self.lock_future = flags & MCL_FUTURE && !(flags & MCL_ONFAULT);
	return 0;
}

SYSCALL0(munlockall)
{
	LOCKED(&mm_self.lock);
	mlock_all(&mm_self, false);
	mm_self.lock_future = false;
	return 0;
}
