/* memfd_create(2), and the seals that any file in enclave memory may bear: see tmpfs.h. */
#include "abi/linux/memfd.h"
#include "base/mem.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/vma.h"
#include "kernel/syscall.h"

static int mapped_writable(void *ctx, const struct vma *v)
{
	return v->file && v->file->inode == ctx && v->flags & VMA_SHARED && v->flags & VMA_MAYWRITE ? -EBUSY : 0;
}

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | F_SEAL_EXEC)

static long add_seals(struct file *f, uint64_t seals)
{
	struct tmpfs_node *n = tmpfs_node_of_file(f);
	int error = 0;

	if ((f->flags & O_ACCMODE) == O_RDONLY)
		return -EPERM;
	if (seals & ~(uint64_t)SEALS)
		return -EINVAL;
	if (seals & F_SEAL_WRITE)
		error = mm_each_vma(mapped_writable, f->inode);
	LOCKED(&n->inode.lock);
	if (n->seals & F_SEAL_SEAL)
		return -EPERM;
	if (error || (seals & F_SEAL_WRITE && n->busy))
		return -EBUSY;
	n->seals |= (uint32_t)seals;
	return 0;
}

long memfd_fcntl(struct file *f, int cmd, uint64_t arg)
{
	if (cmd == F_GET_SEALS)
		return (long)tmpfs_node_of_file(f)->seals;
	return cmd == F_ADD_SEALS ? add_seals(f, arg) : -EINVAL;
}

static struct tmpfs memfd_fs = { .page_limit = UINT64_MAX };

#define MEMFD_NAME_MAX 249 /* NAME_MAX without "memfd:" */

static int memfd_open(const char *name, uint32_t flags, struct file **out)
{
	struct tmpfs_node *n = tmpfs_node_new(&memfd_fs, S_IFREG | (flags & MFD_NOEXEC_SEAL ? 0666 : 0777));
	char full[NAME_MAX + 20];
	int error;

	if (!n)
		return -ENOMEM;
	n->seals = flags & MFD_NOEXEC_SEAL ? F_SEAL_EXEC : flags & MFD_ALLOW_SEALING ? 0 : F_SEAL_SEAL;
	error = tmpfile_open(&n->inode, O_RDWR | O_LARGEFILE, out);
	inode_put(&n->inode);
	if (error)
		return error;
	format(full, sizeof(full), "/memfd:%s (deleted)", name);
	file_set_name(*out, full, strlen(full));
	return 0;
}

SYSCALL2(memfd_create, uint64_t, user_name, uint32_t, flags)
{
	char name[MEMFD_NAME_MAX + 1];
	long length = copy_string_from_user(name, user_name, sizeof(name));
	struct file *f;
	int error, fd;

	if (flags & ~(uint32_t)(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC) ||
	    (flags & MFD_EXEC && flags & MFD_NOEXEC_SEAL))
		return -EINVAL;
	if (length < 0)
		return length == -ENAMETOOLONG ? -EINVAL : length;
	error = memfd_open(name, flags, &f);
	if (error)
		return error;
	fd = fd_install(f, flags & MFD_CLOEXEC ? FD_CLOEXEC : 0, 0);
	if (fd < 0)
		file_put(f);
	return fd;
}
