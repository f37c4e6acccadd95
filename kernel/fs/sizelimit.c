/* RLIMIT_FSIZE: see sizelimit.h. The file's size and place are asked for only while there is a limit. */
#include "kernel/fs/sizelimit.h"
#include "kernel/fs/vfs.h"
#include "kernel/signal/signal.h"

static int sizelimit_exceeded(void)
{
	signal_own(SIGXFSZ);
	return -EFBIG;
}

/* Where a write without an offset begins; another one may move the position meanwhile, as on Linux. */
static int64_t sizelimit_start(struct file *f, const struct stat *st, const int64_t *pos)
{
	long at;

	if (f->flags & O_APPEND)
		return st->st_size;
	if (pos)
		return *pos;
	if (f->ops->positioned || !f->ops->seek)
		return f->pos;
	at = f->ops->seek(f, 0, SEEK_CUR);
	return at < 0 ? 0 : at;
}

int sizelimit_write(struct file *f, const int64_t *pos, uint64_t *size)
{
	uint64_t limit = init_process.limits[RLIMIT_FSIZE].rlim_cur, start;
	struct stat st;

	if (!*size || file_getattr(f, &st) || !S_ISREG(st.st_mode))
		return 0;
	start = (uint64_t)sizelimit_start(f, &st, pos);
	if (start >= limit)
		return sizelimit_exceeded();
	if (*size > limit - start)
		*size = limit - start;
	return 0;
}

static int sizelimit_grows(const struct stat *st, int64_t size)
{
	if (size <= st->st_size || (uint64_t)size <= init_process.limits[RLIMIT_FSIZE].rlim_cur)
		return 0;
	return sizelimit_exceeded();
}

int sizelimit_resize(struct file *f, int64_t size)
{
	struct stat st;

	return !sizelimit_set() || file_getattr(f, &st) ? 0 : sizelimit_grows(&st, size);
}

int sizelimit_resize_inode(struct inode *i, int64_t size)
{
	struct stat st;

	return !sizelimit_set() || i->ops->getattr(i, &st) ? 0 : sizelimit_grows(&st, size);
}
