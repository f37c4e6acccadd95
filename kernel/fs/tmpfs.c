/* Names and attributes of files in enclave memory: see tmpfs.h. */
#include "kernel/fs/tmpfs.h"
#include "base/mem.h"
#include "kernel/exec/definition.h"
#include "kernel/mm/heap.h"
#include "kernel/task/process.h"
#include "kernel/time/clock.h"

#define BUCKETS_FIRST 16
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

static uint32_t name_hash(const char *name, size_t length)
{
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < length; i++)
		h = (h ^ (uint8_t)name[i]) * 16777619U;
	return h;
}

/* names is held, here and below down to the operations. */
static struct tmpfs_entry **entry_slot(struct tmpfs_node *dir, const char *name, size_t length)
{
	uint32_t h = name_hash(name, length);
	struct tmpfs_entry **at;

	if (!dir->bucket_count)
		return NULL;
	for (at = &dir->buckets[h % dir->bucket_count]; *at; at = &(*at)->next) {
		if ((*at)->hash == h && (*at)->length == length && !memcmp((*at)->name, name, length))
			return at;
	}
	return NULL;
}

static struct tmpfs_node *entry_node(struct tmpfs_node *dir, const char *name, size_t length)
{
	struct tmpfs_entry **at = entry_slot(dir, name, length);

	return at ? (*at)->node : NULL;
}

static void touch(struct tmpfs_node *dir)
{
	dir->mtime = dir->ctime = tmpfs_now();
}

/* Twice the buckets when they are full; without memory the chains get longer. */
static bool buckets_grow(struct tmpfs_node *dir)
{
	uint32_t count = dir->bucket_count ? dir->bucket_count * 2 : BUCKETS_FIRST;
	struct tmpfs_entry **buckets;

	if (dir->entry_count < dir->bucket_count)
		return true;
	buckets = heap_alloc(count * sizeof(struct tmpfs_entry *));
	if (!buckets)
		return dir->bucket_count;
	list_for_each(at, &dir->entries) {
		struct tmpfs_entry *e = container_of(at, struct tmpfs_entry, link);

		e->next = buckets[e->hash % count];
		buckets[e->hash % count] = e;
	}
	heap_free(dir->buckets);
	dir->buckets = buckets;
	dir->bucket_count = count;
	return true;
}

/* Add a name for a node; takes over one reference to it. */
static int entry_add(struct tmpfs_node *dir, const char *name, size_t length, struct tmpfs_node *node)
{
	struct tmpfs_entry *e = heap_alloc(sizeof(*e) + length);
	struct tmpfs_entry **bucket;

	if (!e || !buckets_grow(dir)) {
		heap_free(e);
		return -ENOSPC;
	}
	memcpy(e->name, name, length);
	e->length = (uint32_t)length;
	e->hash = name_hash(name, length);
	e->node = node;
	e->cookie = dir->next_cookie++;
	bucket = &dir->buckets[e->hash % dir->bucket_count];
	e->next = *bucket;
	*bucket = e;
	list_add_tail(&dir->entries, &e->link);
	dir->entry_count++;
	if (S_ISDIR(node->inode.mode)) {
		node->parent = dir;
		dir->nlink++;
	}
	touch(dir);
	return 0;
}

/* Remove a name; the node's reference goes to the caller. */
static struct tmpfs_node *entry_remove(struct tmpfs_node *dir, struct tmpfs_entry **at)
{
	struct tmpfs_entry *e = *at;
	struct tmpfs_node *node = e->node;

	*at = e->next;
	list_del(&e->link);
	heap_free(e);
	dir->hint = NULL;
	dir->entry_count--;
	if (S_ISDIR(node->inode.mode))
		dir->nlink--;
	touch(dir);
	return node;
}

/* A name of the node is gone for good: hand its reference over, to be put without a lock. */
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
	node = entry_node(dir, name, length);
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
	else if (entry_slot(dir, name, length))
		error = -EEXIST;
	else
		error = entry_add(dir, name, length, node);
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
	if (entry_slot(dir, name, length))
		return -EEXIST;
	error = entry_add(dir, name, length, node);
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
	at = entry_slot(dir, name, length);
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
		node_unname(entry_remove(dir, at));
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

/* Put another node under an existing name: no memory is needed, so nothing can fail half way. */
static void entry_replace(struct tmpfs_node *dir, struct tmpfs_entry *e, struct tmpfs_node *node)
{
	if (S_ISDIR(e->node->inode.mode))
		dir->nlink--;
	if (S_ISDIR(node->inode.mode)) {
		dir->nlink++;
		node->parent = dir;
	}
	e->node = node;
	node->ctime = tmpfs_now();
	touch(dir);
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
	node = entry_node(from, name, length);
	over = entry_node(to, new_name, new_length);
	error = rename_check(from, node, to, over, flags);
	if (!error && over != node) {
		if (flags & RENAME_EXCHANGE) {
			struct tmpfs_entry *a = *entry_slot(from, name, length),
					   *b = *entry_slot(to, new_name, new_length);

			entry_replace(from, a, over);
			entry_replace(to, b, node);
		} else if (over) {
			entry_remove(from, entry_slot(from, name, length));
			entry_replace(to, *entry_slot(to, new_name, new_length), node);
			node_unname(over);
			dropped = over;
		} else {
			error = entry_add(to, new_name, new_length, node);
			if (!error)
				entry_remove(from, entry_slot(from, name, length));
			node->ctime = tmpfs_now();
		}
	}
	lock_release(&from->fs->names);
	if (dropped)
		inode_put(&dropped->inode);
	return error;
}

int tmpfs_getattr(struct inode *i, struct stat *st)
{
	struct tmpfs_node *n = tmpfs_node_of(i);

	LOCKED(&i->lock);
	*st = (struct stat){
		.st_dev = i->mount ? i->mount->dev : DEV_MAKE(0U, 39U),
		.st_ino = i->ino,
		.st_nlink = n->nlink,
		.st_mode = i->mode,
		.st_uid = n->uid,
		.st_gid = n->gid,
		.st_rdev = n->rdev,
		.st_size = S_ISDIR(i->mode) ? 40 + 20 * (int64_t)n->entry_count : (int64_t)n->size,
		.st_blksize = PAGE_SIZE,
		.st_blocks = (int64_t)(n->pages.pages * (PAGE_SIZE / 512)),
		.st_atime = (uint64_t)n->atime.tv_sec,
		.st_atime_nsec = (uint64_t)n->atime.tv_nsec,
		.st_mtime = (uint64_t)n->mtime.tv_sec,
		.st_mtime_nsec = (uint64_t)n->mtime.tv_nsec,
		.st_ctime = (uint64_t)n->ctime.tv_sec,
		.st_ctime_nsec = (uint64_t)n->ctime.tv_nsec,
	};
	return 0;
}

/* Who may change what (chmod(2), chown(2), utimensat(2)). */
static int setattr_check(struct inode *i, const struct tmpfs_node *n, const struct inode_attr *a)
{
	const struct credentials *c = &init_process.cred;
	bool times = a->valid & (ATTR_ATIME | ATTR_MTIME), owner = c->fsuid == n->uid;

	if (!c->fsuid)
		return 0;
	if (a->valid & ATTR_UID && !(owner && a->uid == n->uid))
		return -EPERM;
	if (a->valid & ATTR_GID && !(owner && a->gid == c->fsgid))
		return -EPERM;
	if ((a->valid & ATTR_MODE || times) && !owner)
		return -EPERM;
	if (a->valid & (ATTR_ATIME_NOW | ATTR_MTIME_NOW) && !owner)
		return inode_permission(i, W_OK);
	return 0;
}

static int tmpfs_setattr(struct inode *i, const struct inode_attr *a)
{
	struct tmpfs_node *n = tmpfs_node_of(i);
	struct timespec now = tmpfs_now();
	int error = setattr_check(i, n, a);

	if (!error && a->valid & ATTR_SIZE)
		error = tmpfile_truncate(n, a->size);
	if (error)
		return error;
	LOCKED(&i->lock);
	if (a->valid & (ATTR_UID | ATTR_GID) && !S_ISDIR(i->mode))
		i->mode &= ~(uint32_t)(S_ISUID | (i->mode & S_IXGRP ? S_ISGID : 0));
	if (a->valid & ATTR_UID)
		n->uid = a->uid;
	if (a->valid & ATTR_GID)
		n->gid = a->gid;
	if (a->valid & ATTR_MODE)
		i->mode = (i->mode & S_IFMT) | (a->mode & 07777);
	if (a->valid & (ATTR_ATIME | ATTR_ATIME_NOW))
		n->atime = a->valid & ATTR_ATIME ? a->atime : now;
	if (a->valid & (ATTR_MTIME | ATTR_MTIME_NOW))
		n->mtime = a->valid & ATTR_MTIME ? a->mtime : now;
	n->ctime = now;
	return 0;
}

static int tmpfs_statfs(struct inode *i, struct statfs *st)
{
	struct tmpfs *fs = tmpfs_node_of(i)->fs;
	uint64_t used = __atomic_load_n(&fs->pages, __ATOMIC_RELAXED);
	int64_t left = used < fs->page_limit ? (int64_t)(fs->page_limit - used) : 0;

	*st = (struct statfs){ .f_type = TMPFS_MAGIC,
			       .f_bsize = PAGE_SIZE,
			       .f_blocks = (int64_t)fs->page_limit,
			       .f_bfree = left,
			       .f_bavail = left,
			       .f_files = 1 << 20,
			       .f_ffree = 1 << 20,
			       .f_namelen = NAME_MAX,
			       .f_frsize = PAGE_SIZE,
			       .f_flags = ST_VALID | ST_NOSUID | ST_NODEV };
	return 0;
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
