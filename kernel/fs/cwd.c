/* Root and working directory of the process. init_vfs.lock guards both. */
#include "base/mem.h"
#include "kernel/fs/walk.h"
#include "kernel/mm/heap.h"
#include "kernel/syscall.h"
#include "kernel/task/process.h"

struct vfs init_vfs;

static int path_replace(struct path *p, struct inode *i, const char *name)
{
	struct path old, fresh = { .inode = i, .name = heap_alloc(strlen(name) + 1) };

	if (!fresh.name)
		return -ENOMEM;
	memcpy(fresh.name, name, strlen(name) + 1);
	inode_get(i);
	lock_acquire(&init_vfs.lock);
	old = *p;
	*p = fresh;
	lock_release(&init_vfs.lock);
	path_put(&old);
	return 0;
}

static int change_to(struct path *p, struct inode *i, const char *name)
{
	if (!S_ISDIR(i->mode))
		return -ENOTDIR;
	return inode_permission(i, X_OK) ?: path_replace(p, i, name);
}

int vfs_chdir_kernel(const char *path)
{
	_cleanup_walk_ struct walk *w = NULL;

	int error = walk_begin_kernel(&w, path, WALK_FOLLOW) ?: walk_run(w, WALK_INODE);

	return error ? error : change_to(&init_vfs.cwd, w->at, w->name);
}

static int change_fd(struct path *p, int fd)
{
	_cleanup_file_ struct file *f = fd_get(fd);
	_cleanup_inode_ struct inode *i = NULL;
	int error = f ? file_inode(f, &i) : -EBADF;

	if (error)
		return error;
	return f->name && f->name[0] == '/' ? change_to(p, i, f->name) : -ENOTDIR;
}

static int change_path(struct path *p, uint64_t path)
{
	_cleanup_walk_ struct walk *w = NULL;
	_cleanup_inode_ struct inode *i = NULL;
	int error = walk_begin(&w, AT_FDCWD, path, WALK_FOLLOW) ?: walk_run(w, WALK_INODE);

	if (error)
		return error;
	if (!w->file)
		return change_to(p, w->at, w->name);
	error = file_inode(w->file, &i);
	return error ? error : change_to(p, i, w->file->name ? w->file->name : "/");
}

SYSCALL1(chdir, uint64_t, path)
{
	return change_path(&init_vfs.cwd, path);
}

SYSCALL1(fchdir, int, fd)
{
	return change_fd(&init_vfs.cwd, fd);
}

SYSCALL1(chroot, uint64_t, path)
{
	if (init_process.cred.euid)
		return -EPERM;
	__atomic_store_n(&init_vfs.chrooted, true, __ATOMIC_SEQ_CST);
	return change_path(&init_vfs.root, path);
}

/* The part of an absolute name below the root; NULL: it lies outside. init_vfs.lock is held. */
static const char *below_root(const char *name)
{
	size_t root = strlen(init_vfs.root.name);

	if (root == 1)
		return name;
	if (strncmp(name, init_vfs.root.name, root) || (name[root] && name[root] != '/'))
		return NULL;
	return name[root] ? name + root : "/";
}

long vfs_cwd_name(char *to, size_t size)
{
	const char *name;

	LOCKED(&init_vfs.lock);
	name = below_root(init_vfs.cwd.name);
	return (long)str_copy(to, size, name ? name : "(unreachable)");
}

SYSCALL2(getcwd, uint64_t, buf, uint64_t, size)
{
	char *name = heap_alloc(PATH_MAX);
	long n;

	if (!name)
		return -ENOMEM;
	n = vfs_cwd_name(name, PATH_MAX) + 1;
	if ((uint64_t)n > size)
		n = -ERANGE;
	else if (copy_to_user(buf, name, (size_t)n))
		n = -EFAULT;
	heap_free(name);
	return n;
}

int vfs_set_root(struct inode *root)
{
	return path_replace(&init_vfs.root, root, "/") ?: path_replace(&init_vfs.cwd, root, "/");
}
