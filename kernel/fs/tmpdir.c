/* Listings of directories in enclave memory: see tmpfs.h. */
#include "abi/linux/dirent.h"
#include "base/mem.h"
#include "kernel/fs/tmpfs.h"

/* Where to look for the entry at a position; names is held. */
static struct list *cursor(struct tmpfs_node *dir, int64_t pos)
{
	return dir->hint && dir->hint_pos == pos ? dir->hint : dir->entries.next;
}

/* The entry at the cursor: 0 ".", 1 "..", then by cookie. */
static int next_entry(struct file *f, struct listing *e, char *name)
{
	struct tmpfs_node *dir = tmpfs_node_of_file(f);

	LOCKED(&dir->fs->names);
	if (f->pos < 2) {
		e->name = f->pos ? ".." : ".";
		e->length = f->pos ? 2 : 1;
		e->ino = f->pos ? dir->parent->inode.ino : dir->inode.ino;
		e->type = DT_DIR;
		e->next_pos = f->pos + 1;
		return 1;
	}
	for (struct list *at = cursor(dir, f->pos); at != &dir->entries; at = at->next) {
		struct tmpfs_entry *t = container_of(at, struct tmpfs_entry, link);

		if (t->cookie < (uint64_t)f->pos)
			continue;
		dir->hint = at->next;
		dir->hint_pos = (int64_t)t->cookie + 1;
		memcpy(name, t->name, t->length); /* the entry may go once the lock does */
		e->length = t->length;
		e->ino = t->node->inode.ino;
		e->type = (uint8_t)(t->node->inode.mode >> 12 & 15);
		e->next_pos = (int64_t)t->cookie + 1;
		return 1;
	}
	return 0;
}

long tmpdir_readdir(struct file *f, uint64_t buf, uint64_t size)
{
	return listing_fill(f, buf, size, next_entry);
}

long tmpdir_seek(struct file *f, int64_t offset, int whence)
{
	return whence == SEEK_SET || whence == SEEK_CUR ? file_seek_within(f, offset, whence, 0) : -EINVAL;
}
