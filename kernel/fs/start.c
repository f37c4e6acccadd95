/* The tree at the start: what the definition says, and what every program expects to find. */
#include "base/mem.h"
#include "kernel/exec/definition.h"
#include "kernel/fs/hostfs.h"
#include "kernel/fs/vfs.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"
#include "kernel/task/process.h"

static int mount_root(const struct definition *d)
{
	struct inode *root;
	int error;

	if (!d->root_host)
		return -EINVAL;
	error = hostfs_mount(d->root_host, &root);
	if (error)
		return error;
	return mount_add("/", "9p", d->root_host, root, false) ?: vfs_set_root(root);
}

int vfs_start(const char *workdir)
{
	const struct definition *d = definition();
	int error = mount_root(d);

	init_process.vfs = &init_vfs;
	if (error)
		kernel_log("cannot mount the root file system: error %d", -error);
	return error ?: vfs_chdir_kernel(workdir);
}
