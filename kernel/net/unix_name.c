/*
 * Names of UNIX sockets: abstract ones and paths. A path leads to an inode; one in a host directory makes the socket
 * the host's, which gets to it through the descriptor that stands for the inode (or the parent) there, since what the
 * program calls it means nothing outside.
 */
#include "base/mem.h"
#include "kernel/fs/hostwalk.h"
#include "kernel/fs/walk.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"
#include "kernel/net/unix.h"
#include "kernel/task/process.h"

#define UNIX_PATH offsetof(struct sockaddr_un, sun_path)
#define UNIX_AUTOBIND_MAX 0x100000U

static struct lock names_lock; /* names, autobind */
static struct list names = LIST_INIT(names);
static uint32_t autobind;

static const char *name_path(const struct host_addr *addr)
{
	return (const char *)addr->addr + UNIX_PATH;
}

static bool name_abstract(const struct host_addr *addr)
{
	return addr->size > UNIX_PATH && !addr->addr[UNIX_PATH];
}

int unix_name_check(struct host_addr *addr)
{
	uint16_t family = 0;

	memcpy(&family, addr->addr, sizeof(family));
	if (addr->size < sizeof(family) || addr->size > sizeof(struct sockaddr_un) || family != AF_UNIX)
		return -EINVAL;
	if (addr->size == UNIX_PATH || name_abstract(addr))
		return 0;
	addr->addr[addr->size] = 0; /* a path may fill all of sun_path */
	addr->size = (uint32_t)(UNIX_PATH + strlen(name_path(addr)) + 1);
	return 0;
}

/* An absolute path for the walker, which starts relative ones at the root. Heap. */
static char *name_absolute(const struct host_addr *addr)
{
	const char *path = name_path(addr);
	struct vfs *vfs = &init_vfs;
	size_t size = strlen(path) + 2;
	char *text;

	LOCKED(&vfs->lock);
	if (path[0] != '/')
		size += strlen(vfs->cwd.name);
	text = heap_alloc(size);
	if (text && path[0] == '/')
		str_copy(text, size, path);
	else if (text)
		format(text, size, "%s/%s", vfs->cwd.name, path);
	return text;
}

/* Walk to what a path names, or to its parent. */
static int name_walk(const struct host_addr *addr, bool parent, struct walk **w)
{
	char *path = name_absolute(addr);
	int error = path ? walk_begin_kernel(w, path, WALK_FOLLOW) : -ENOMEM;

	if (!error)
		error = parent ? walk_parent(*w, -EEXIST) : walk_run(*w, WALK_INODE);
	if (error == -EEXIST)
		error = -EADDRINUSE;
	heap_free(path);
	return error;
}

/* names_lock is held. By inode when there is one, by bytes otherwise. */
static struct unix_socket *name_lookup(const struct host_addr *addr, const struct inode *inode)
{
	list_for_each(at, &names) {
		struct unix_socket *u = container_of(at, struct unix_socket, name_link);

		if (inode ? u->inode == inode :
			    !u->inode && u->name_size == addr->size && !memcmp(u->name, addr->addr, addr->size))
			return u;
	}
	return NULL;
}

int unix_name_find(const struct host_addr *addr, struct unix_socket **out)
{
	_cleanup_walk_ struct walk *w = NULL;
	int error;

	if (!name_abstract(addr)) {
		error = name_walk(addr, false, &w);
		if (!error && hostfs_inode_is(w->at))
			return UNIX_ON_HOST;
		if (!error)
			error = inode_permission(w->at, W_OK);
		if (!error && !S_ISSOCK(w->at->mode))
			error = -ECONNREFUSED;
		if (error)
			return error;
	}
	LOCKED(&names_lock);
	*out = name_lookup(addr, w ? w->at : NULL);
	if (*out)
		unix_get(*out);
	/* A quick run sees the host's abstract names behind its own. */
	return *out ? 0 : w || !init_process.quick ? -ECONNREFUSED : UNIX_ON_HOST;
}

/* names_lock is held: the name is free. */
static void name_insert(struct unix_socket *u, const struct host_addr *addr, struct inode *inode)
{
	memcpy(u->name, addr->addr, addr->size);
	u->inode = inode;
	__atomic_store_n(&u->name_size, addr->size, __ATOMIC_RELEASE);
	list_add_tail(&names, &u->name_link);
}

static int name_bind_abstract(struct unix_socket *u, const struct host_addr *addr)
{
	LOCKED(&names_lock);
	if (name_lookup(addr, NULL))
		return -EADDRINUSE;
	name_insert(u, addr, NULL);
	return 0;
}

/* A name of the kernel's choice: a NUL and five hexadecimal digits (unix(7), autobind). */
static int name_bind_auto(struct unix_socket *u)
{
	struct host_addr addr = { 0 };
	const uint16_t family = AF_UNIX;

	memcpy(addr.addr, &family, sizeof(family));
	LOCKED(&names_lock);
	for (uint32_t i = 0; i < UNIX_AUTOBIND_MAX; i++) {
		format((char *)addr.addr + UNIX_PATH + 1, 8, "%05x", autobind++ % UNIX_AUTOBIND_MAX);
		addr.size = UNIX_PATH + 6;
		if (name_lookup(&addr, NULL))
			continue;
		name_insert(u, &addr, NULL);
		return 0;
	}
	return -ENOSPC;
}

static int name_make_inode(struct walk *w, struct inode **out)
{
	uint32_t mode = S_IFSOCK | (0777 & ~init_process.umask);
	int error = walk_writable(w);

	if (!error)
		error = inode_permission(w->at, W_OK | X_OK);
	if (!error && (w->trailing || !w->at->ops->create))
		error = w->trailing ? -ENOENT : -EPERM;
	if (!error)
		error = w->at->ops->create(w->at, w->rest, w->last_length, mode, 0, out);
	return error == -EEXIST ? -EADDRINUSE : error;
}

int unix_name_bind(struct unix_socket *u, const struct host_addr *addr)
{
	_cleanup_walk_ struct walk *w = NULL;
	struct inode *inode;
	int error;

	if (addr->size == UNIX_PATH)
		return name_bind_auto(u);
	if (name_abstract(addr))
		return name_bind_abstract(u, addr);
	error = name_walk(addr, true, &w);
	if (!error && hostfs_inode_is(w->at))
		return UNIX_ON_HOST;
	if (!error)
		error = name_make_inode(w, &inode);
	if (error)
		return error;
	LOCKED(&names_lock);
	name_insert(u, addr, inode);
	return 0;
}

bool unix_name_exists(const struct host_addr *addr)
{
	_cleanup_walk_ struct walk *w = NULL;

	return addr->size != UNIX_PATH && !name_abstract(addr) && !name_walk(addr, false, &w);
}

void unix_name_remove(struct unix_socket *u)
{
	LOCKED(&names_lock);
	list_del(&u->name_link);
}

/* "/proc/self/fd/N" of the inode, or of the parent with the last name behind it. */
static int name_host_path(const struct walk *w, bool bind, struct unix_host_name *out)
{
	char *to = (char *)out->addr.addr + UNIX_PATH;
	size_t size;

	if (!hostfs_inode_is(w->at))
		return -ECONNREFUSED; /* it went inside meanwhile */
	if (bind)
		size = format(to, UNIX_PATH_MAX, "/proc/self/fd/%d/%.*s", hostfs_fd(w->at), (int)w->last_length,
			      w->rest);
	else
		size = format(to, UNIX_PATH_MAX, "/proc/self/fd/%d", hostfs_fd(w->at));
	if (size >= UNIX_PATH_MAX)
		return -ENAMETOOLONG;
	out->addr.size = (uint32_t)(UNIX_PATH + size + 1);
	out->hold = inode_get(w->at);
	return 0;
}

int unix_name_host(const struct host_addr *given, bool bind, struct unix_host_name *out)
{
	_cleanup_walk_ struct walk *w = NULL;
	const uint16_t family = AF_UNIX;
	struct host_addr addr = *given;
	int error = unix_name_check(&addr);

	out->addr = addr;
	out->hold = NULL;
	if (error || addr.size == UNIX_PATH || name_abstract(&addr))
		return error;
	error = name_walk(&addr, bind, &w);
	if (!error && bind)
		error = walk_writable(w);
	if (error)
		return error;
	memset(&out->addr, 0, sizeof(out->addr));
	memcpy(out->addr.addr, &family, sizeof(family));
	return name_host_path(w, bind, out);
}

void unix_name_host_end(struct unix_host_name *name)
{
	if (name->hold)
		inode_put(name->hold);
}
