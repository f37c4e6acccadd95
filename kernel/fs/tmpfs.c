/* Files in enclave memory and their names: see tmpfs.h. */
#include "kernel/fs/tmpfs.h"
#include "base/mem.h"
#include "kernel/exec/definition.h"
#include "kernel/mm/heap.h"
#include "kernel/task/process.h"
#include "kernel/time/clock.h"

#define PAGES_WITHOUT_LIMIT (8 * GIB / PAGE_SIZE)

static const struct inode_ops tmpfs_ops;

struct timespec tmpfs_now(void)
{
	int64_t ns = clock_realtime_ns();

	return (struct timespec){ .tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC };
}

struct tmpfs_node *tmpfs_node_new(struct tmpfs *fs, uint32_t mode)
{
	struct tmpfs_node *n = heap_alloc(sizeof(*n));

	if (!n)
		return NULL;
	inode_init(&n->inode, &tmpfs_ops, mode, __atomic_add_fetch(&fs->next_ino, 1, __ATOMIC_RELAXED));
	n->fs = fs;
	n->uid = init_process.cred.fsuid;
	n->gid = init_process.cred.fsgid;
	n->atime = n->mtime = n->ctime = tmpfs_now();
	list_init(&n->entries);
	n->next_cookie = 2; /* 0 and 1 are "." and ".." */
	return n;
}

static void node_release(struct inode *i)
{
	struct tmpfs_node *n = tmpfs_node_of(i);

	tmpfile_destroy(n);
	heap_free(n->buckets);
	heap_free(n->target);
	heap_free(n);
}

/* A name of the node is gone for good: its reference is the caller's, to be put without a lock. names is held. */
static void node_unname(struct tmpfs_node *node)
{
	node->nlink -= S_ISDIR(node->inode.mode) ? 2 : 1;
	node->ctime = tmpfs_now();
}

/* In a sticky directory only the owners of file and directory may remove. */
static bool sticky_refuses(const struct tmpfs_node *dir, const struct tmpfs_node *node)
{
	uint32_t me = init_process.cred.fsuid;

	return dir->inode.mode & S_ISVTX && me && me != node->uid && me != dir->uid;
}

static int tmpfs_lookup(struct inode *i, const char *name, size_t length, struct inode **out)
{
	struct tmpfs_node *dir = tmpfs_node_of(i), *node;

	LOCKED(&dir->fs->names);
	node = tmpfs_entry_node(dir, name, length);
	if (!node)
		return -ENOENT;
	*out = inode_get(&node->inode);
	return 0;
}

static long tmpfs_readlink(struct inode *i, char *to, size_t size)
{
	size_t length = strlen(tmpfs_node_of(i)->target); /* constant */

	if (length > size)
		length = size;
	memcpy(to, tmpfs_node_of(i)->target, length);
	return (long)length;
}

/* What a new node takes from its directory. */
static void node_inherit(struct tmpfs_node *node, const struct tmpfs_node *dir)
{
	node->inode.mount = dir->inode.mount;
	if (dir->inode.mode & S_ISGID) {
		node->gid = dir->gid;
		if (S_ISDIR(node->inode.mode))
			node->inode.mode |= S_ISGID;
	}
}

/* Put a new node under a name; on success the caller gets a reference in *out unless NULL. Takes over `node`. */
static int node_insert(struct tmpfs_node *dir, const char *name, size_t length, struct tmpfs_node *node,
		       struct inode **out)
{
	int error;

	if (!node)
		return -ENOSPC;
	node_inherit(node, dir);
	lock_acquire(&dir->fs->names);
	if (!dir->nlink)
		error = -ENOENT; /* the directory was removed */
	else if (tmpfs_entry_slot(dir, name, length))
		error = -EEXIST;
	else
		error = tmpfs_entry_add(dir, name, length, node);
	if (!error) {
		node->nlink = S_ISDIR(node->inode.mode) ? 2 : 1;
		if (out)
			*out = inode_get(&node->inode);
	}
	lock_release(&dir->fs->names);
	if (error)
		inode_put(&node->inode);
	return error;
}

static int tmpfs_create(struct inode *i, const char *name, size_t length, uint32_t mode, uint64_t device,
			struct inode **out)
{
	struct tmpfs_node *dir = tmpfs_node_of(i), *node = tmpfs_node_new(dir->fs, mode);

	if (node)
		node->rdev = device;
	return node_insert(dir, name, length, node, out);
}

static int tmpfs_tmpfile(struct inode *i, uint32_t mode, struct inode **out)
{
	struct tmpfs_node *dir = tmpfs_node_of(i), *node = tmpfs_node_new(dir->fs, mode);

	if (!node)
		return -ENOSPC;
	node_inherit(node, dir);
	node->linkable = true;
	*out = &node->inode;
	return 0;
}

static int tmpfs_symlink(struct inode *i, const char *name, size_t length, const char *target)
{
	struct tmpfs_node *dir = tmpfs_node_of(i), *node = tmpfs_node_new(dir->fs, S_IFLNK | 0777);
	size_t size = strlen(target) + 1;

	if (node) {
		node->target = heap_alloc(size);
		if (!node->target) {
			inode_put(&node->inode);
			return -ENOSPC;
		}
		memcpy(node->target, target, size);
		node->size = size - 1;
	}
	return node_insert(dir, name, length, node, NULL);
}

static int tmpfs_link(struct inode *i, const char *name, size_t length, struct inode *old)
{
	struct tmpfs_node *dir = tmpfs_node_of(i), *node = tmpfs_node_of(old);
	int error;

	LOCKED(&dir->fs->names);
	if (!dir->nlink || (!node->nlink && !node->linkable))
		return -ENOENT;
	if (tmpfs_entry_slot(dir, name, length))
		return -EEXIST;
	error = tmpfs_entry_add(dir, name, length, node);
	if (error)
		return error;
	inode_get(old);
	node->nlink++;
	node->ctime = tmpfs_now();
	return 0;
}

static int tmpfs_unlink(struct inode *i, const char *name, size_t length, bool directory)
{
	struct tmpfs_node *dir = tmpfs_node_of(i), *node;
	struct tmpfs_entry **at;
	int error = 0;

	lock_acquire(&dir->fs->names);
	at = tmpfs_entry_slot(dir, name, length);
	node = at ? (*at)->node : NULL;
	if (!node)
		error = -ENOENT;
	else if (sticky_refuses(dir, node))
		error = -EPERM;
	else if (directory != S_ISDIR(node->inode.mode))
		error = directory ? -ENOTDIR : -EISDIR;
	else if (directory && node->entry_count)
		error = -ENOTEMPTY;
	else
		node_unname(tmpfs_entry_remove(dir, at));
	lock_release(&dir->fs->names);
	if (!error)
		inode_put(&node->inode);
	return error;
}

static int rename_check(const struct tmpfs_node *from, const struct tmpfs_node *node, const struct tmpfs_node *to,
			const struct tmpfs_node *over, uint32_t flags)
{
	if (!node || !to->nlink || (!over && flags & RENAME_EXCHANGE))
		return -ENOENT;
	if (over && flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (over == node)
		return 0;
	if (sticky_refuses(from, node) || (over && sticky_refuses(to, over)))
		return -EPERM;
	if (!over || flags & RENAME_EXCHANGE)
		return 0;
	if (S_ISDIR(over->inode.mode) && !S_ISDIR(node->inode.mode))
		return -EISDIR;
	if (S_ISDIR(node->inode.mode) && !S_ISDIR(over->inode.mode))
		return -ENOTDIR;
	return over->entry_count ? -ENOTEMPTY : 0;
}

static int tmpfs_rename(struct inode *from_inode, const char *name, size_t length, struct inode *to_inode,
			const char *new_name, size_t new_length, uint32_t flags)
{
	struct tmpfs_node *from = tmpfs_node_of(from_inode), *to = tmpfs_node_of(to_inode), *node, *over;
	struct tmpfs_node *dropped = NULL;
	int error;

	if (flags & RENAME_WHITEOUT)
		return -EINVAL;
	lock_acquire(&from->fs->names);
	node = tmpfs_entry_node(from, name, length);
	over = tmpfs_entry_node(to, new_name, new_length);
	error = rename_check(from, node, to, over, flags);
	if (!error && over != node) {
		if (flags & RENAME_EXCHANGE) {
			struct tmpfs_entry *a = *tmpfs_entry_slot(from, name, length),
					   *b = *tmpfs_entry_slot(to, new_name, new_length);

			tmpfs_entry_replace(from, a, over);
			tmpfs_entry_replace(to, b, node);
		} else if (over) {
			tmpfs_entry_remove(from, tmpfs_entry_slot(from, name, length));
			tmpfs_entry_replace(to, *tmpfs_entry_slot(to, new_name, new_length), node);
			node_unname(over);
			dropped = over;
		} else {
			error = tmpfs_entry_add(to, new_name, new_length, node);
			if (!error)
				tmpfs_entry_remove(from, tmpfs_entry_slot(from, name, length));
			node->ctime = tmpfs_now();
		}
	}
	lock_release(&from->fs->names);
	if (dropped)
		inode_put(&dropped->inode);
	return error;
}

static const struct inode_ops tmpfs_ops = {
	.lookup = tmpfs_lookup,
	.readlink = tmpfs_readlink,
	.open = tmpfile_open,
	.create = tmpfs_create,
	.tmpfile = tmpfs_tmpfile,
	.symlink = tmpfs_symlink,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rename = tmpfs_rename,
	.getattr = tmpfs_getattr,
	.setattr = tmpfs_setattr,
	.statfs = tmpfs_statfs,
	.release = node_release,
};

int tmpfs_new(uint32_t mode, struct inode **root)
{
	struct tmpfs *fs = heap_alloc(sizeof(*fs));
	struct tmpfs_node *n = fs ? tmpfs_node_new(fs, S_IFDIR | mode) : NULL;
	uint64_t memory = definition()->memory;

	if (!n) {
		heap_free(fs);
		return -ENOMEM;
	}
	fs->page_limit = memory ? memory / PAGE_SIZE / 2 : PAGES_WITHOUT_LIMIT;
	n->parent = n;
	n->nlink = 2;
	*root = &n->inode;
	return 0;
}
