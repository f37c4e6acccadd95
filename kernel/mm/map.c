/* mmap and munmap: areas come and go. */
#include "kernel/fs/file.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/space.h"

#define MAP_32BIT_LOW 0x40000000UL
#define MAP_32BIT_HIGH 0x80000000UL
#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

struct map_request {
	uint64_t addr, length, offset, device, inode;
	int flags;
	uint32_t prot, vma_flags;
	struct file *file;
};

long space_choose(struct mm *mm, uint64_t hint, uint64_t length, int flags)
{
	uint64_t low = USER_BOTTOM, high = mm->top, found;

	if (flags & MAP_32BIT) {
		low = MAP_32BIT_LOW;
		high = MAP_32BIT_HIGH;
	}
	hint = PAGE_UP(hint);
	if (hint && space_range_ok(hint, length) && (!(flags & MAP_32BIT) || hint + length <= high) &&
	    !vma_find_overlap(&mm->areas, hint, hint + length))
		return (long)hint;
	found = flags & MAP_ANONYMOUS && !(flags & MAP_32BIT) ? space_parked_room(mm, length) : 0;
	if (!found)
		found = vma_gap(&mm->areas, length, low, high);
	if (!found && !(flags & MAP_32BIT))
		found = vma_gap(&mm->areas, length, high, MM_TOP);
	return found ? (long)found : -ENOMEM;
}

static int map_check_file(struct map_request *m)
{
	struct file *f = m->file;
	uint32_t mode = f->flags & O_ACCMODE;
	bool writes = m->vma_flags & VMA_SHARED && m->prot & PROT_WRITE;

	if (!f->ops->map_check)
		return -ENODEV;
	if (mode == O_WRONLY || (writes && mode != O_RDWR))
		return -EACCES;
	if (m->offset + m->length < m->offset || (int64_t)(m->offset + m->length) < 0)
		return -EOVERFLOW;
	if (!(m->vma_flags & VMA_SHARED) || mode == O_RDWR)
		m->vma_flags |= VMA_MAYWRITE;
	if (m->vma_flags & VMA_SHARED && mode == O_RDWR)
		m->vma_flags |= VMA_WRITEBACK;
	if (m->vma_flags & VMA_WRITEBACK && !shared_identity(f, &m->device, &m->inode))
		return -ENODEV;
	return f->ops->map_check(f, (int)m->prot, m->flags, m->offset, m->length);
}

/* The type bits first, as Linux does: everything about the request that does not depend on the address space. */
static int map_decode(struct map_request *m)
{
	int type = m->flags & MAP_TYPE;

	if (!m->length || m->offset & PAGE_MASK)
		return -EINVAL;
	if (m->length > USER_TOP)
		return -ENOMEM;
	m->length = PAGE_UP(m->length);
	if (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (m->flags & MAP_HUGETLB)
		return -ENOMEM;
	if (m->flags & MAP_SYNC && type == MAP_SHARED_VALIDATE)
		return -EOPNOTSUPP;
	if (type != MAP_PRIVATE)
		m->vma_flags |= VMA_SHARED;
	if (m->flags & MAP_NORESERVE)
		m->vma_flags |= VMA_NORESERVE;
	if (m->flags & MAP_LOCKED)
		m->vma_flags |= VMA_LOCKED;
	if (m->file)
		return m->flags & MAP_GROWSDOWN ? -EINVAL : map_check_file(m);
	m->vma_flags |= VMA_MAYWRITE;
	if (m->flags & MAP_STACK && type == MAP_PRIVATE)
		m->vma_flags |= VMA_THREAD_STACK;
	if (m->flags & MAP_GROWSDOWN) {
		if (type != MAP_PRIVATE)
			return -EINVAL;
		m->vma_flags |= m->flags & MAP_STACK ? VMA_GROWSDOWN | VMA_STACK : VMA_GROWSDOWN;
	}
	return 0;
}

static int map_check_fixed(const struct map_request *m)
{
	if (m->addr & PAGE_MASK)
		return -EINVAL;
	if (m->addr < USER_BOTTOM)
		return -EPERM;
	return space_range_ok(m->addr, m->length) ? 0 : -ENOMEM;
}

static bool map_hits_kernel(struct mm *mm, uint64_t start, uint64_t end)
{
	for (struct vma *v = vma_find_overlap(&mm->areas, start, end); v && v->start < end; v = vma_next(&mm->areas, v))
		if (v->flags & VMA_KERNEL)
			return true;
	return false;
}

static bool map_within_memory(const struct mm *mm, const struct map_request *m)
{
	uint64_t pages = m->length / PAGE_SIZE;

	if (!(m->prot & PROT_WRITE) || m->vma_flags & VMA_NORESERVE)
		return true;
	if (m->flags & MAP_FIXED) /* what is there already goes, and makes room */
		pages = space_absent(mm, m->addr, m->addr + m->length);
	return space_charge(mm, pages, m->vma_flags);
}

/* Find or make the room. mm->lock is held. */
static long map_place(struct mm *mm, const struct map_request *m, struct vma_dead *dead)
{
	uint64_t end = m->addr + m->length;
	int error;

	if (!(m->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
		return space_choose(mm, m->addr, m->length, m->flags);
	if (m->flags & MAP_FIXED_NOREPLACE)
		return vma_find_overlap(&mm->areas, m->addr, end) ? -EEXIST : (long)m->addr;
	if (map_hits_kernel(mm, m->addr, end))
		return -ENOMEM;
	error = space_unmap(mm, m->addr, end, false, dead);
	return error ? error : (long)m->addr;
}

static long map_insert(struct mm *mm, struct map_request *m, struct vma_dead *dead)
{
	long addr;
	struct vma *v;

	if (!space_within_limit(mm, m->length) || !map_within_memory(mm, m))
		return -ENOMEM;
	if (m->vma_flags & VMA_WRITEBACK) {
		const struct vma as = { .end = m->length, .file = m->file, .offset = m->offset, .device = m->device,
					.inode = m->inode };

		if (m->prot & PROT_WRITE && shared_alias(mm, &as, NULL))
			return -ENODEV;
		__atomic_store_n(&shared_writable, true, __ATOMIC_RELAXED);
	}
	addr = map_place(mm, m, dead);
	if (addr < 0)
		return addr;
	if (mm->lock_future)
		m->vma_flags |= VMA_LOCKED;
	v = space_area_new(mm, (uint64_t)addr, (uint64_t)addr + m->length, m->prot, m->vma_flags);
	if (!v)
		return -ENOMEM;
	if (m->file) {
		v->file = file_get(m->file);
		v->offset = m->offset;
		v->device = m->device;
		v->inode = m->inode;
	}
	(void)vma_merge(&mm->areas, v);
	return addr;
}

long mm_map(uint64_t addr, uint64_t length, int prot, int flags, struct file *file, uint64_t offset)
{
	struct map_request m = {
		.addr = addr, .length = length, .offset = offset, .flags = flags, .prot = (uint32_t)prot & PROT_ALL,
		.file = flags & MAP_ANONYMOUS ? NULL : file,
	};
	struct vma_dead dead = { NULL };
	int error = map_decode(&m);
	long at;

	if (!error && flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
		error = map_check_fixed(&m);
	if (!error && flags & MAP_FIXED)
		error = shared_flush(addr, addr + m.length);
	if (error)
		return error;
	lock_acquire(&mm_self.lock);
	at = map_insert(&mm_self, &m, &dead);
	lock_release(&mm_self.lock);
	space_bury(&dead);
	if (at > 0 && m.prot && (flags & MAP_POPULATE || m.vma_flags & VMA_LOCKED))
		space_populate((uint64_t)at, (uint64_t)at + m.length);
	return at;
}

void space_bury(struct vma_dead *dead)
{
	while (dead->first) {
		struct vma *v = dead->first;

		dead->first = v->left;
		if (v->file)
			file_put(v->file);
		heap_free(v);
	}
}

int space_unmap(struct mm *mm, uint64_t start, uint64_t end, bool kernel_too, struct vma_dead *dead)
{
	int error = vma_isolate(&mm->areas, start, end);

	while (!error) {
		struct vma *v = vma_find_overlap(&mm->areas, start, end);

		if (!v)
			break;
		start = v->end;
		if (v->flags & VMA_KERNEL && !kernel_too)
			continue;
		error = v->file || kernel_too ? space_release(mm, v->start, v->end) : space_park(mm, v->start, v->end);
		if (error)
			break;
		vma_remove(&mm->areas, v);
		mm->virtual_pages -= (v->end - v->start) / PAGE_SIZE;
		v->left = dead->first;
		dead->first = v;
	}
	return error;
}

int mm_unmap(uint64_t addr, uint64_t length)
{
	uint64_t end = addr + PAGE_UP(length);
	bool everything = addr <= USER_BOTTOM && end == USER_TOP; /* exec: nothing of the old program remains */
	struct vma_dead dead = { NULL };
	int error;

	if (addr & PAGE_MASK || !length || addr > USER_TOP || length > USER_TOP - addr)
		return -EINVAL;
	error = shared_flush(addr, end);
	if (error)
		return error;
	lock_acquire(&mm_self.lock);
	error = space_unmap(&mm_self, addr, end, everything, &dead);
	if (everything && !error)
		mm_self.brk_start = mm_self.brk = 0;
	lock_release(&mm_self.lock);
	space_bury(&dead);
	return error;
}
