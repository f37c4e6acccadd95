/* The tree at the start: what the definition says, and what every program expects to find. */
#include "base/mem.h"
#include "kernel/exec/definition.h"
#include "kernel/fs/dev.h"
#include "kernel/fs/hostfs.h"
#include "kernel/fs/pseudo.h"
#include "kernel/fs/rootfs.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/fs/walk.h"
#include "kernel/mm/heap.h"
#include "kernel/task/process.h"

static int mount_root(const struct definition *d)
{
	struct inode *root;
	int error;

	if (d->root_host)
		error = hostfs_mount(d->root_host, &root) ?: mount_add("/", "9p", d->root_host, root, false);
	else if (d->has_verity)
		error = rootfs_mount(&d->verity, &root) ?: mount_add("/", "erofs", "/dev/root", root, true);
	else
		error = tmpfs_new(0755, &root) ?: mount_add("/", "tmpfs", "tmpfs", root, false);
	return error ? error : vfs_set_root(root);
}

static int walk_to(const char *path, char name[PATH_MAX])
{
	_cleanup_walk_ struct walk *w = NULL;
	int error = walk_begin_kernel(&w, path, WALK_FOLLOW) ?: walk_run(w, WALK_INODE);

	if (!error)
		str_copy(name, PATH_MAX, w->name);
	return error;
}

/*
 * The name without links at which something is to be mounted. *missing: where in it the first name begins that does not
 * exist; 0: all do. `path` is absolute and is cut for a moment.
 */
static int resolve(char *path, char name[PATH_MAX], size_t *missing)
{
	int error = walk_to(path, name);
	size_t length = strlen(path);

	*missing = 0;
	while (error == -ENOENT && length > 1) {
		char *slash = path + length;
		char behind;

		while (*--slash != '/')
			;
		length = (size_t)(slash - path);
		behind = path[length ? length : 1];
		path[length ? length : 1] = 0;
		error = walk_to(path, name);
		path[length ? length : 1] = behind;
		if (error)
			continue;
		length = strlen(name);
		*missing = length == 1 ? 1 : length + 1;
		str_copy(name + *missing - 1, PATH_MAX - *missing, slash);
		return 0;
	}
	return error;
}

/* Make a directory (or the place for a file) in a tmpfs that we made ourselves, at the end of a name. */
static int make_place(const char *name)
{
	_cleanup_walk_ struct walk *w = NULL;
	int error = walk_begin_kernel(&w, name, 0) ?: walk_parent(w, -EEXIST);

	if (error)
		return error == -EEXIST ? 0 : error;
	if (!w->at->ops->create)
		return -EROFS;
	error = w->at->ops->create(w->at, w->rest, w->last_length, S_IFDIR | 0755, 0, NULL);
	return error == -EEXIST ? 0 : error;
}

/*
 * Where the folders of a mount point are missing: the first of them becomes a tmpfs of its own, which the listing of
 * its parent adds (mount.missing), and the others are made in it.
 */
static int make_folders(char *name, size_t missing)
{
	struct inode *root;
	int error;

	for (char *slash = name + missing; (slash = strchr(slash, '/')); *slash++ = '/') {
		bool first = !memchr(name + missing, '/', (size_t)(slash - (name + missing)));

		*slash = 0;
		if (first) {
			error = tmpfs_new(0755, &root) ?: mount_add(name, "tmpfs", "tmpfs", root, false);
			if (!error)
				mounts[mount_count - 1].missing = true;
		} else {
			error = make_place(name);
		}
		if (error) {
			*slash = '/';
			return error;
		}
	}
	return strchr(name + missing, '/') ? make_place(name) : 0;
}

static int mount_at(const char *path, const char *type, const char *source, struct inode *root, bool read_only)
{
	char *name = heap_alloc(2 * PATH_MAX), *own = name + PATH_MAX;
	size_t missing;
	bool alone = false;
	int error = -ENOMEM;

	if (name)
		error = str_copy(own, PATH_MAX, path) < PATH_MAX ? resolve(own, name, &missing) : -ENAMETOOLONG;

	if (!error && missing) {
		alone = !strchr(name + missing, '/');
		error = make_folders(name, missing);
	}
	if (!error)
		error = mount_add(name, type, source, root, read_only);
	if (!error)
		mounts[mount_count - 1].missing = alone;
	if (error)
		kernel_log("mount %s: error %d", path, -error);
	heap_free(name);
	return error;
}

static int mount_pseudo(const struct pseudo_fs *fs, const char *path, const char *type)
{
	struct inode *root;

	return pseudo_mount(fs, &root) ?: mount_at(path, type, type, root, false);
}

static int mount_tmpfs(const char *path, uint32_t mode, bool read_only)
{
	struct inode *root;

	return tmpfs_new(mode, &root) ?: mount_at(path, "tmpfs", "tmpfs", root, read_only);
}

static int mount_host(const char *path, const char *source, bool read_only)
{
	struct inode *root;
	int error = hostfs_mount(source, &root);

	if (error) {
		kernel_log("mount %s: host path %s: error %d", path, source, -error);
		return error;
	}
	return mount_at(path, "9p", source, root, read_only);
}

static int mount_system(const struct definition *d)
{
	struct inode *dev;
	int error = mount_pseudo(&proc_fs, "/proc", "proc");

	error = error ?: dev_mount(&dev) ?: mount_at("/dev", "devtmpfs", "udev", dev, false);
	error = error ?: mount_tmpfs("/dev/shm", 01777, false) ?: mount_pseudo(&sys_fs, "/sys", "sysfs") ?:
		mount_pseudo(&cgroup_fs, "/sys/fs/cgroup", "cgroup2") ?:
		mount_pseudo(&attest_fs, "/dev/attestation", "attestation");
	if (!error && !d->root_host)
		error = mount_tmpfs("/tmp", 01777, false);
	return error;
}

/* Parts of the host that a quick run sees as they are: terminals, the state of the network. Some hosts lack them. */
static void mount_quick(void)
{
	char net[32];
	struct inode *root;

	if (!hostfs_mount("/dev/pts", &root) && mount_at("/dev/pts", "devpts", "devpts", root, false))
		inode_put(root);
	format(net, sizeof(net), "/proc/%d/net", init_process.pid);
	if (!hostfs_mount("/proc/self/net", &root) && mount_at(net, "proc", "proc", root, true))
		inode_put(root);
}

static int mount_defined(const struct definition *d)
{
	int error = 0;

	for (uint32_t i = 0; !error && i < d->mount_count; i++) {
		const struct definition_place *m = &d->mounts[i];

		error = m->type == MOUNT_TMPFS ? mount_tmpfs(m->path, 01777, m->read_only) :
						 mount_host(m->path, m->source, m->read_only);
	}
	return error;
}

int vfs_start(const char *workdir)
{
	static const char *const ours[] = { "/proc", "/sys", "/dev", "/dev/shm", "/dev/pts" };
	const struct definition *d = definition();
	int error = mount_root(d);

	init_process.vfs = &init_vfs;
	for (size_t i = 0; d->root_host && i < sizeof(ours) / sizeof(ours[0]); i++)
		hostfs_shadow(ours[i]);
	error = error ?: mount_system(d);
	if (!error && d->root_host)
		mount_quick();
	return error ?: mount_defined(d) ?: vfs_chdir_kernel(workdir);
}
