/* Inodes: counted, asked for permission. */
#include "kernel/fs/vfs.h"
#include "kernel/mm/heap.h"
#include "kernel/task/process.h"

void inode_init(struct inode *i, const struct inode_ops *ops, uint32_t mode, uint64_t ino)
{
	*i = (struct inode){ .refs = 1, .mode = mode, .ino = ino, .ops = ops };
}

struct inode *inode_get(struct inode *i)
{
	if (!(__atomic_load_n(&i->refs, __ATOMIC_RELAXED) & INODE_IMMORTAL))
		LOCK_ADD(&i->refs, 1);
	return i;
}

void inode_put(struct inode *i)
{
	if (!i || __atomic_load_n(&i->refs, __ATOMIC_RELAXED) & INODE_IMMORTAL)
		return;
	if (!LOCK_ADD(&i->refs, -1U))
		i->ops->release(i);
}

void path_put(struct path *p)
{
	inode_put(p->inode);
	heap_free(p->name);
	*p = (struct path){ 0 };
}

static bool in_group(const struct credentials *c, uint32_t gid)
{
	if (c->fsgid == gid)
		return true;
	for (uint32_t i = 0; i < c->group_count; i++) {
		if (c->groups[i] == gid)
			return true;
	}
	return false;
}

int attr_permission(uint32_t mode, uint32_t uid, uint32_t gid, uint32_t want)
{
	const struct credentials *c = &init_process.cred;
	uint32_t have;

	if (!c->fsuid) /* CAP_DAC_OVERRIDE: all but executing what nobody may execute */
		return !(want & X_OK) || S_ISDIR(mode) || mode & 0111 ? 0 : -EACCES;
	if (c->fsuid == uid)
		have = mode >> 6;
	else
		have = in_group(c, gid) ? mode >> 3 : mode;
	return (want & ~have & 7) ? -EACCES : 0;
}

int inode_permission(struct inode *i, uint32_t want)
{
	struct stat st;
	int error;

	if (i->ops->own_permissions || (!init_process.cred.fsuid && (S_ISDIR(i->mode) || !(want & X_OK))))
		return 0;
	error = i->ops->getattr(i, &st);
	return error ? error : attr_permission(st.st_mode, st.st_uid, st.st_gid, want);
}
