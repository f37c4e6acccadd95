/*
 * See flock.h. One list of all locks inside the enclave, guarded by locks_lock; there are few of them. A waiter is on
 * locks_queue and looks again after every release.
 *
 * The owner of a POSIX record lock is the process; of an OFD lock, and of a flock(2) lock, the description.
 */
#include "kernel/fs/flock.h"
#include "kernel/fs/vfs.h"
#include "kernel/mm/heap.h"
#include "kernel/syscall.h"
#include "kernel/task/process.h"

enum { KIND_FLOCK, KIND_RECORD };

struct held {
	struct list link;
	struct inode *inode; /* no reference: the owner's description has one */
	const void *owner;
	uint8_t kind;
	bool exclusive;
	int64_t start, end; /* end is inclusive */
};

static struct lock locks_lock;
static struct list locks = LIST_INIT(locks);
static struct waitq locks_queue = { .waiters = LIST_INIT(locks_queue.waiters) };

static bool same_owner(const struct held *a, const struct held *b)
{
	return a->inode == b->inode && a->kind == b->kind && a->owner == b->owner;
}

/* locks_lock is held, here and below. */
static struct held *find_conflict(const struct held *want)
{
	list_for_each(at, &locks) {
		struct held *h = container_of(at, struct held, link);

		if (h->inode == want->inode && h->kind == want->kind && h->owner != want->owner &&
		    h->start <= want->end && want->start <= h->end && (h->exclusive || want->exclusive))
			return h;
	}
	return NULL;
}

static struct held *held_new(const struct held *from)
{
	struct held *h = heap_alloc(sizeof(*h));

	if (h) {
		*h = *from;
		list_init(&h->link);
	}
	return h;
}

/* Take the owner's range out of what it holds; a lock around it falls in two, for which `spare` is there. */
static void cut_out(const struct held *range, struct held **spare)
{
	list_for_each_safe(at, &locks) {
		struct held *h = container_of(at, struct held, link);

		if (!same_owner(h, range) || h->start > range->end || range->start > h->end)
			continue;
		if (h->start < range->start && h->end > range->end) {
			struct held *upper = *spare;

			*spare = NULL;
			*upper = *h;
			upper->start = range->end + 1;
			list_add_tail(&locks, &upper->link);
			h->end = range->start - 1;
		} else if (h->start < range->start) {
			h->end = range->start - 1;
		} else if (h->end > range->end) {
			h->start = range->end + 1;
		} else {
			list_del(&h->link);
			heap_free(h);
		}
	}
}

/* Set (or with `unlock` remove) a lock. -EAGAIN: in conflict. */
static int apply(const struct held *want, bool unlock)
{
	struct held *fresh = held_new(want), *spare = held_new(want);
	int error = 0;

	if (!fresh || !spare) {
		heap_free(fresh);
		heap_free(spare);
		return -ENOLCK;
	}
	lock_acquire(&locks_lock);
	if (!unlock && find_conflict(want)) {
		error = -EAGAIN;
	} else {
		cut_out(want, &spare);
		if (!unlock) {
			list_add_tail(&locks, &fresh->link);
			fresh = NULL;
		}
	}
	lock_release(&locks_lock);
	heap_free(fresh);
	heap_free(spare);
	if (!error)
		waitq_wake(&locks_queue, 0); /* a lock may have shrunk or become shared */
	return error;
}

static int apply_waiting(const struct held *want, bool unlock, bool wait)
{
	int error = apply(want, unlock);
	struct waiter w;

	if (error != -EAGAIN || !wait)
		return error;
	waitq_add(&locks_queue, &w);
	while ((error = apply(want, unlock)) == -EAGAIN) {
		if (thread_park(NO_DEADLINE) == -EINTR) {
			error = -ERESTARTSYS;
			break;
		}
	}
	waitq_remove(&locks_queue, &w);
	return error;
}

int flock_whole(struct file *f, int operation)
{
	struct held want = { .inode = f->inode, .owner = f, .kind = KIND_FLOCK, .end = INT64_MAX,
			     .exclusive = (operation & ~LOCK_NB) == LOCK_EX };

	return apply_waiting(&want, (operation & ~LOCK_NB) == LOCK_UN, !(operation & LOCK_NB));
}

/* struct flock to a range: whence, negative lengths, "to the end". */
static int range_of(struct file *f, const struct flock *l, struct held *range)
{
	struct stat st;
	int64_t start = l->l_start, base = 0;
	int error;

	if (l->l_whence == SEEK_CUR) {
		base = f->pos;
	} else if (l->l_whence == SEEK_END) {
		error = file_getattr(f, &st);
		if (error)
			return error;
		base = st.st_size;
	} else if (l->l_whence != SEEK_SET) {
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, start, &start))
		return -EOVERFLOW;
	if (start < 0 || (l->l_len < 0 && start < -l->l_len))
		return -EINVAL;
	range->start = l->l_len < 0 ? start + l->l_len : start;
	range->end = l->l_len > 0 ? start + l->l_len - 1 : l->l_len < 0 ? start - 1 : INT64_MAX;
	return range->end < range->start ? -EOVERFLOW : 0;
}

static long get_lock(const struct held *want, struct flock *l, uint64_t user)
{
	const struct held *h;

	lock_acquire(&locks_lock);
	h = find_conflict(want);
	if (h) {
		l->l_type = h->exclusive ? F_WRLCK : F_RDLCK;
		l->l_whence = SEEK_SET;
		l->l_start = h->start;
		l->l_len = h->end == INT64_MAX ? 0 : h->end - h->start + 1;
		l->l_pid = h->owner == &init_process ? init_process.pid : -1;
	} else {
		l->l_type = F_UNLCK;
	}
	lock_release(&locks_lock);
	return copy_to_user(user, l, sizeof(*l));
}

long flock_range(struct file *f, int cmd, uint64_t user)
{
	bool ofd = cmd == F_OFD_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;
	struct held want = { .inode = f->inode, .owner = ofd ? (void *)f : (void *)&init_process, .kind = KIND_RECORD };
	uint32_t mode = f->flags & O_ACCMODE;
	struct flock l;
	int error = copy_from_user(&l, user, sizeof(l));

	if (error)
		return error;
	if (l.l_type != F_RDLCK && l.l_type != F_WRLCK && l.l_type != F_UNLCK)
		return -EINVAL;
	if (ofd && l.l_pid)
		return -EINVAL;
	error = range_of(f, &l, &want);
	if (error)
		return error;
	want.exclusive = l.l_type == F_WRLCK;
	if (cmd == F_GETLK || cmd == F_OFD_GETLK)
		return l.l_type == F_UNLCK ? -EINVAL : get_lock(&want, &l, user);
	if ((l.l_type == F_RDLCK && mode == O_WRONLY) || (l.l_type == F_WRLCK && mode == O_RDONLY))
		return -EBADF;
	return apply_waiting(&want, l.l_type == F_UNLCK, cmd == F_SETLKW || cmd == F_OFD_SETLKW);
}

static void drop(const struct inode *i, const void *owner, int kind)
{
	bool any = false;

	lock_acquire(&locks_lock);
	list_for_each_safe(at, &locks) {
		struct held *h = container_of(at, struct held, link);

		if (h->inode != i || h->owner != owner || (kind >= 0 && h->kind != kind))
			continue;
		list_del(&h->link);
		heap_free(h);
		any = true;
	}
	lock_release(&locks_lock);
	if (any)
		waitq_wake(&locks_queue, 0);
}

void flock_close(struct file *f)
{
	if (f->inode && f->ops->lock_range == flock_range)
		drop(f->inode, &init_process, KIND_RECORD);
}

void flock_release(struct file *f)
{
	drop(f->inode, f, -1);
}
