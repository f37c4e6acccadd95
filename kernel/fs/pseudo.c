/* See pseudo.h. */
#include "kernel/fs/pseudo.h"
#include "abi/linux/dirent.h"
#include "base/mem.h"
#include "kernel/fs/flock.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/mm/heap.h"
#include "kernel/task/process.h"
#include "kernel/time/clock.h"

#define STORE_MAX 1024

struct pseudo_inode {
	struct inode inode; /* data: struct pseudo_fs */
	const struct pseudo_entry *entry;
	uint64_t arg, parent_ino;
};

static const struct inode_ops pseudo_ops, pseudo_magic_ops;

static struct pseudo_inode *pseudo_of(const struct inode *i)
{
	return container_of(i, struct pseudo_inode, inode);
}

/* Constant while the kernel runs, different for all entries and arguments that occur. */
static uint64_t ino_of(const struct pseudo_entry *e, uint64_t arg)
{
	return ((uint64_t)e / sizeof(uint64_t) & 0xffffff) | (arg + 1) << 24;
}

static int pseudo_inode_new(struct inode *dir, const struct pseudo_entry *e, uint64_t arg, struct inode **out)
{
	struct pseudo_inode *p = heap_alloc(sizeof(*p));

	if (!p)
		return -ENOMEM;
	inode_init(&p->inode, e->follow ? &pseudo_magic_ops : &pseudo_ops, e->mode, ino_of(e, arg));
	p->entry = e;
	p->arg = arg;
	p->parent_ino = p->inode.ino;
	if (dir) {
		p->inode.mount = dir->mount;
		p->inode.data = dir->data;
		p->parent_ino = dir->ino;
	}
	*out = &p->inode;
	return 0;
}

/* The decimal number that a name is, behind the prefix; -1: none, or not as it would be written. */
static int64_t number_of(const struct pseudo_entry *e, const char *name, size_t length)
{
	size_t skip = e->number_prefix ? strlen(e->number_prefix) : 0;
	int64_t value = 0;

	if (length <= skip || length - skip > 9 || (skip && memcmp(name, e->number_prefix, skip)))
		return -1;
	for (size_t i = skip; i < length; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -1;
		value = value * 10 + (name[i] - '0');
	}
	return name[skip] == '0' && length - skip > 1 ? -1 : value;
}

static int pseudo_lookup(struct inode *dir, const char *name, size_t length, struct inode **out)
{
	const struct pseudo_entry *e = pseudo_of(dir)->entry, *child;
	int64_t number;

	for (child = e->children; child && child->name; child++) {
		if (strlen(child->name) == length && !memcmp(child->name, name, length))
			return pseudo_inode_new(dir, child, pseudo_of(dir)->arg, out);
	}
	number = e->numbered ? number_of(e, name, length) : -1;
	if (number < 0 || e->next_number(pseudo_of(dir)->arg, number) != number)
		return -ENOENT;
	return pseudo_inode_new(dir, e->numbered, (uint64_t)number, out);
}

static long pseudo_readlink(struct inode *i, char *to, size_t size)
{
	return pseudo_of(i)->entry->link(to, size, pseudo_of(i)->arg);
}

static int pseudo_follow(struct inode *i, struct file **out)
{
	return pseudo_of(i)->entry->follow(pseudo_of(i)->arg, out);
}

static int pseudo_getattr(struct inode *i, struct stat *st)
{
	uint64_t now = (uint64_t)clock_realtime_ns();

	*st = (struct stat){ .st_dev = i->mount->dev,
			     .st_ino = i->ino,
			     .st_nlink = S_ISDIR(i->mode) ? 2 : 1,
			     .st_mode = i->mode,
			     .st_blksize = 1024,
			     .st_atime = now / NSEC_PER_SEC,
			     .st_mtime = now / NSEC_PER_SEC,
			     .st_ctime = now / NSEC_PER_SEC };
	if (pseudo_of(i)->arg) { /* of a thread or descriptor: it belongs to whoever the process is */
		st->st_uid = init_process.cred.euid;
		st->st_gid = init_process.cred.egid;
	}
	return 0;
}

static int pseudo_statfs(struct inode *i, struct statfs *st)
{
	const struct pseudo_fs *fs = i->data;

	*st = (struct statfs){ .f_type = fs->magic, .f_bsize = PAGE_SIZE, .f_namelen = NAME_MAX, .f_frsize = PAGE_SIZE,
			       .f_flags = ST_VALID | ST_NOSUID | ST_NODEV | ST_NOEXEC };
	return 0;
}

static void pseudo_release_inode(struct inode *i)
{
	heap_free(pseudo_of(i));
}

/*
 * The text as of the last read from the beginning. pos_lock guards it: reads without a position of their own hold it.
 */
static long pseudo_read(struct file *f, const struct iov *to, int64_t *pos)
{
	const struct pseudo_inode *p = pseudo_of(f->inode);
	struct text own = { 0 }, *t = pos == &f->pos ? f->data : &own;
	uint64_t size, at = (uint64_t)*pos;
	long result = 0;

	if (!*pos || t == &own || !t->data) {
		text_free(t);
		result = p->entry->text ? (text_add(t, "%s", p->entry->text), 0) : p->entry->show(t, p->arg);
		if (!result && t->failed)
			result = -ENOMEM;
	}
	size = result || at >= t->length ? 0 : to->total < t->length - at ? to->total : t->length - at;
	if (size)
		result = iov_put(to, 0, t->data + at, size) ? -EFAULT : (long)size;
	if (result > 0)
		*pos += result;
	text_free(&own);
	return result;
}

static long pseudo_write(struct file *f, const struct iov *from, int64_t *pos)
{
	const struct pseudo_inode *p = pseudo_of(f->inode);
	char text[STORE_MAX];
	size_t size = from->total;
	int error;

	if (!p->entry->store)
		return -EACCES;
	if (size >= sizeof(text))
		return -EINVAL;
	if (iov_get(from, 0, text, size))
		return -EFAULT;
	text[size] = 0;
	error = p->entry->store(text, size, p->arg);
	if (error)
		return error;
	*pos += (int64_t)size;
	return (long)size;
}

static long pseudo_seek(struct file *f, int64_t offset, int whence)
{
	return whence == SEEK_END ? -EINVAL : file_seek_within(f, offset, whence, 0);
}

static int pseudo_file_getattr(struct file *f, struct stat *st)
{
	return pseudo_getattr(f->inode, st);
}

/* The cursor: 0 ".", 1 "..", then the table, then from NUMBERS on the numbers. */
#define NUMBERS (1 << 20)

static int next_child(struct file *f, struct listing *l, char *name)
{
	const struct pseudo_inode *p = pseudo_of(f->inode);
	const struct pseudo_entry *child = p->entry->children;
	int64_t number;

	if (f->pos < 2) {
		l->name = f->pos ? ".." : ".";
		l->length = f->pos ? 2 : 1;
		l->ino = f->pos ? p->parent_ino : p->inode.ino;
		l->type = DT_DIR;
		l->next_pos = f->pos + 1;
		return 1;
	}
	for (int64_t i = 2; f->pos < NUMBERS && child && child->name; i++, child++) {
		if (i < f->pos)
			continue;
		l->name = child->name;
		l->length = strlen(child->name);
		l->ino = ino_of(child, p->arg);
		l->type = (uint8_t)(child->mode >> 12);
		l->next_pos = i + 1;
		return 1;
	}
	number = p->entry->numbered ? p->entry->next_number(p->arg, f->pos < NUMBERS ? 0 : f->pos - NUMBERS) : -1;
	if (number < 0)
		return 0;
	l->length = format(name, NAME_MAX, "%s%ld", p->entry->number_prefix ? p->entry->number_prefix : "", number);
	l->ino = ino_of(p->entry->numbered, (uint64_t)number);
	l->type = (uint8_t)(p->entry->numbered->mode >> 12);
	l->next_pos = NUMBERS + number + 1;
	return 1;
}

static long pseudo_readdir(struct file *f, uint64_t buf, uint64_t size)
{
	return listing_fill(f, buf, size, next_child);
}

static long pseudo_dir_seek(struct file *f, int64_t offset, int whence)
{
	return file_seek_within(f, offset, whence, INT64_MAX);
}

static void pseudo_release(struct file *f)
{
	text_free(f->data);
	heap_free(f->data);
}

static const struct file_ops pseudo_file_ops = {
	.kind = "pseudofile",
	.positioned = true,
	.read = pseudo_read,
	.write = pseudo_write,
	.seek = pseudo_seek,
	.getattr = pseudo_file_getattr,
	.release = pseudo_release,
};

static const struct file_ops pseudo_dir_ops = {
	.kind = "pseudodir",
	.positioned = true,
	.seek = pseudo_dir_seek,
	.getattr = pseudo_file_getattr,
	.readdir = pseudo_readdir,
};

static int pseudo_open(struct inode *i, uint32_t flags, struct file **out)
{
	bool file = S_ISREG(i->mode);
	struct text *t = file ? heap_alloc(sizeof(*t)) : NULL;

	/* Those without write permission refuse even root: there is nothing that could be written. */
	if (file && (flags & O_ACCMODE) != O_RDONLY && !(i->mode & 0222)) {
		heap_free(t);
		return -EACCES;
	}
	*out = file && !t ? NULL : file_new(file ? &pseudo_file_ops : &pseudo_dir_ops, flags, t);
	if (!*out) {
		heap_free(t);
		return -ENOMEM;
	}
	(*out)->inode = inode_get(i);
	return 0;
}

#define PSEUDO_INODE_OPS \
	.lookup = pseudo_lookup, .readlink = pseudo_readlink, .open = pseudo_open, .getattr = pseudo_getattr, \
	.statfs = pseudo_statfs, .release = pseudo_release_inode

static const struct inode_ops pseudo_ops = { PSEUDO_INODE_OPS };
static const struct inode_ops pseudo_magic_ops = { PSEUDO_INODE_OPS, .follow = pseudo_follow };

int pseudo_mount(const struct pseudo_fs *fs, struct inode **root)
{
	int error = pseudo_inode_new(NULL, fs->root, 0, root);

	if (!error)
		(*root)->data = (void *)fs;
	return error;
}
