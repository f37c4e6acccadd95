/* getdents64 for directories that live in the enclave. */
#include "abi/linux/dirent.h"
#include "base/mem.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/mm/heap.h"

#define BUFFER (16 * KIB)

static bool add(uint8_t *buffer, size_t room, size_t *used, const struct listing *e)
{
	size_t size = (sizeof(struct linux_dirent64) + e->length + 1 + 7) & ~7UL;
	struct linux_dirent64 *d = (void *)(buffer + *used);

	if (size > room - *used)
		return false;
	memset(d, 0, size);
	d->d_ino = e->ino;
	d->d_off = e->next_pos;
	d->d_reclen = (uint16_t)size;
	d->d_type = e->type;
	memcpy(buffer + *used + offsetof(struct linux_dirent64, d_name), e->name, e->length);
	*used += size;
	return true;
}

/* `next` may put the name into the space that it is given (NAME_MAX + 1), under its own lock. */
long listing_fill(struct file *f, uint64_t buf, uint64_t size,
		  int (*next)(struct file *f, struct listing *entry, char *name))
{
	size_t room = size < BUFFER ? size : BUFFER, used = 0;
	uint8_t *buffer = heap_alloc(BUFFER);
	struct listing e;
	char name[NAME_MAX + 1];
	long result = 1;

	if (!buffer)
		return -ENOMEM;
	lock_acquire(&f->pos_lock); /* held over the copy: see file_read() */
	while (result > 0) {
		e = (struct listing){ .name = name };
		result = next(f, &e, name);
		if (result <= 0)
			break;
		if (!add(buffer, room, &used, &e)) {
			result = used ? 0 : -EINVAL;
			break;
		}
		f->pos = e.next_pos;
	}
	if (used)
		result = copy_to_user(buf, buffer, used) ? -EFAULT : (long)used;
	lock_release(&f->pos_lock);
	heap_free(buffer);
	return result;
}
