/* Walking a path: see walk.h. */
#include "kernel/fs/walk.h"
#include "base/mem.h"
#include "kernel/mm/heap.h"

/*
 * Walks are large (four paths), so they are kept for the next: one where a single exchange finds it, the others in a
 * list that free_lock guards.
 */
static struct walk *free_walk; /* atomic */
static struct lock free_lock;
static struct walk *free_walks;

static struct walk *walk_alloc(unsigned how)
{
	struct walk *w = __atomic_exchange_n(&free_walk, NULL, __ATOMIC_ACQUIRE);

	if (!w) {
		lock_acquire(&free_lock);
		w = free_walks;
		if (w)
			free_walks = w->next_free;
		lock_release(&free_lock);
	}
	if (!w)
		w = heap_alloc(sizeof(*w));
	if (!w)
		return NULL;
	memset(w, 0, offsetof(struct walk, name));
	w->how = how;
	w->rest = w->text;
	return w;
}

void walk_end(struct walk *w)
{
	if (!w)
		return;
	inode_put(w->at);
	file_put(w->file);
	w = __atomic_exchange_n(&free_walk, w, __ATOMIC_ACQ_REL);
	if (!w)
		return;
	lock_acquire(&free_lock);
	w->next_free = free_walks;
	free_walks = w;
	lock_release(&free_lock);
}

static int stand_at(struct walk *w, struct inode *i, const char *name, size_t length)
{
	if (length >= PATH_MAX)
		return -ENAMETOOLONG;
	inode_put(w->at);
	w->at = i;
	if (name != w->name)
		memcpy(w->name, name, length);
	w->name[length] = 0;
	w->length = length;
	return 0;
}

static int stand_at_path(struct walk *w, const struct path *p)
{
	LOCKED(&init_vfs.lock);
	return stand_at(w, inode_get(p->inode), p->name, strlen(p->name));
}

static int stand_at_root(struct walk *w)
{
	if (__atomic_load_n(&init_vfs.chrooted, __ATOMIC_ACQUIRE))
		return stand_at_path(w, &init_vfs.root);
	return stand_at(w, mounts[0].root, "/", 1);
}

static int stand_at_fd(struct walk *w, int fd)
{
	_cleanup_file_ struct file *f = fd_get(fd);
	struct inode *i;
	int error;

	if (!f)
		return -EBADF;
	if (!w->text[0]) { /* AT_EMPTY_PATH: the description itself */
		w->file = file_get(f);
		return 0;
	}
	error = file_inode(f, &i);
	if (error)
		return error;
	if (!S_ISDIR(i->mode) || !f->name || f->name[0] != '/') {
		inode_put(i);
		return -ENOTDIR;
	}
	return stand_at(w, i, f->name, strlen(f->name));
}

int walk_begin(struct walk **out, int dirfd, uint64_t path, unsigned how)
{
	struct walk *w = walk_alloc(how);
	long length;
	int error;

	if (!w)
		return -ENOMEM;
	length = path || !(how & WALK_EMPTY) ? copy_string_from_user(w->text, path, PATH_MAX) : (w->text[0] = 0, 0);
	if (length < 0)
		error = (int)length;
	else if (!length && !(how & WALK_EMPTY))
		error = -ENOENT;
	else if (w->text[0] == '/')
		error = stand_at_root(w);
	else if (dirfd == AT_FDCWD)
		error = stand_at_path(w, &init_vfs.cwd);
	else
		error = stand_at_fd(w, dirfd);
	if (error)
		walk_end(w);
	else
		*out = w;
	return error;
}

int walk_keep_below(struct walk *w, int dirfd)
{
	if (w->text[0] == '/') {
		if (w->resolve & RESOLVE_BENEATH)
			return -EXDEV;
		int error = dirfd == AT_FDCWD ? stand_at_path(w, &init_vfs.cwd) : stand_at_fd(w, dirfd);

		if (error)
			return error;
	}
	w->base_length = w->length;
	return 0;
}

int walk_begin_kernel(struct walk **out, const char *path, unsigned how)
{
	struct walk *w = walk_alloc(how);
	int error;

	if (!w)
		return -ENOMEM;
	if (str_copy(w->text, PATH_MAX, path) >= PATH_MAX)
		error = -ENAMETOOLONG;
	else
		error = path[0] == '/' ? stand_at_root(w) : stand_at_path(w, &init_vfs.cwd);
	if (error)
		walk_end(w);
	else
		*out = w;
	return error;
}

static size_t name_length(const char *at)
{
	size_t n = 0;

	while (at[n] && at[n] != '/')
		n++;
	return n;
}

static size_t slashes(const char *at)
{
	size_t n = 0;

	while (at[n] == '/')
		n++;
	return n;
}

static bool is_dots(const char *at, size_t n)
{
	return (n == 1 && at[0] == '.') || (n == 2 && at[0] == '.' && at[1] == '.');
}

/* Put text in front of what remains. */
static int rest_prepend(struct walk *w, const char *text, size_t size)
{
	size_t rest = strlen(w->rest);

	if (size + 1 + rest >= PATH_MAX)
		return -ENAMETOOLONG;
	memmove(w->text + size + 1, w->rest, rest + 1);
	memcpy(w->text, text, size);
	w->text[size] = '/';
	w->rest = w->text;
	return 0;
}

/*
 * ".." at the walk's place: stay at the root, else walk to the parent's name from the top. That name is free of links.
 */
static int step_up(struct walk *w)
{
	size_t cut = w->length;

	if (w->base_length && w->length == w->base_length)
		return w->resolve & RESOLVE_BENEATH ? -EXDEV : 0;
	lock_acquire(&init_vfs.lock);
	if (strlen(init_vfs.root.name) == w->length && !memcmp(init_vfs.root.name, w->name, w->length))
		cut = 0;
	lock_release(&init_vfs.lock);
	if (cut <= 1)
		return 0;
	while (w->name[cut - 1] != '/')
		cut--;
	if (!*w->rest) { /* what stood last was "..", not the name that is walked now */
		w->rest = w->text;
		memcpy(w->text, ".", 2);
	}
	return rest_prepend(w, w->name, cut) ?: stand_at(w, inode_get(mounts[0].root), "/", 1);
}

/*
 * Append the names of a text to the walk's name beyond its end, without "." and doubled slashes; the new length, or 0
 * when the text has a ".." or it is all too long. *last: where the last name begins in the text.
 */
static size_t name_append(struct walk *w, const char *text, size_t size)
{
	size_t length = w->length == 1 ? 0 : w->length;

	for (size_t i = 0, n; i < size; i += n) {
		n = name_length(text + i);
		if (i + n > size)
			n = size - i;
		if (!n) {
			n = 1;
			continue;
		}
		if (n == 1 && text[i] == '.')
			continue;
		if (n == 2 && is_dots(text + i, n))
			return 0;
		if (length + 1 + n >= WALK_ROOM)
			return 0;
		w->name[length++] = '/';
		memcpy(w->name + length, text + i, n);
		length += n;
	}
	if (!length)
		length = 1;
	w->name[0] = '/';
	w->name[length] = 0;
	return length;
}

/* How much of the rest may be taken at once: up to the first "..", for WALK_PARENT up to the last name. */
static size_t segment_length(const struct walk *w)
{
	size_t last = 0;

	for (size_t i = 0, n; w->rest[i]; i += n) {
		n = name_length(w->rest + i);
		if (!n) {
			n = 1;
			continue;
		}
		if (n == 2 && is_dots(w->rest + i, n))
			return i;
		last = i;
	}
	return w->goal == WALK_PARENT ? last : strlen(w->rest);
}

/* A mount point further down the rest, before any "..": go there at once. True: did. */
static bool step_into_mount(struct walk *w, int *error)
{
	size_t up_to = 0, own = w->length == 1 ? 0 : w->length, length, names, i = 0;
	struct mount *m;

	while (w->rest[up_to]) {
		size_t n = name_length(w->rest + up_to);

		if (n == 2 && is_dots(w->rest + up_to, n))
			break;
		up_to += n ? n : 1;
	}
	length = name_append(w, w->rest, up_to);
	m = length ? mount_below(w->name, length, w->length) : NULL;
	w->ahead = w->rest[up_to] ? 0 : up_to;
	w->ahead_length = length;
	w->ahead_char = w->name[w->length];
	w->name[w->length] = 0;
	if (!m)
		return false;
	w->ahead = 0;
	/* Take as many bytes of the rest as make up the mount's name beyond ours. */
	for (names = own; names < strlen(m->name);) {
		size_t n = name_length(w->rest + i);

		if (n && !(n == 1 && w->rest[i] == '.'))
			names += n + 1;
		i += n ? n : 1;
	}
	if (w->goal == WALK_PARENT && !w->rest[i + slashes(w->rest + i)])
		return false; /* the mount point is what a name is wanted for */
	w->rest += i;
	*error = w->resolve & RESOLVE_NO_XDEV ? -EXDEV : stand_at(w, inode_get(m->root), m->name, strlen(m->name));
	return true;
}

/* An absolute path in a link: from the root, or from where openat2 keeps the walk. */
static int step_to_root(struct walk *w)
{
	if (!w->base_length)
		return stand_at_root(w);
	if (w->resolve & RESOLVE_BENEATH)
		return -EXDEV;
	return rest_prepend(w, w->name, w->base_length) ?: stand_at(w, inode_get(mounts[0].root), "/", 1);
}

/* Go on through a symbolic link's target in place of the first `consumed` bytes of the rest. */
static int take_link(struct walk *w, const char *target, size_t size, size_t consumed)
{
	int error;

	if (++w->links > WALK_LINKS_MAX || w->resolve & RESOLVE_NO_SYMLINKS)
		return -ELOOP;
	if (!size)
		return -ENOENT;
	w->rest += consumed;
	error = rest_prepend(w, target, size);
	/* The slash between link and rest must not turn a last name into one that has to be a directory. */
	if (!error && !w->text[size + 1])
		w->text[size] = 0;
	if (!error && target[0] == '/')
		error = step_to_root(w);
	return error;
}

static bool wants_last_link(const struct walk *w)
{
	if (w->goal == WALK_OPEN)
		return !(w->open_flags & O_NOFOLLOW) && (w->open_flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
	return w->how & WALK_FOLLOW;
}

/* The file system met a link somewhere in the segment and left it to us. 1: it cannot say where; go name by name. */
static int segment_link(struct walk *w, size_t segment, char behind)
{
	char *target = heap_alloc(PATH_MAX);
	size_t end = 0;
	long size;
	int error;

	if (!target)
		return -ENOMEM;
	size = w->at->ops->find_link(w->at, w->rest, &end, target, PATH_MAX);
	w->rest[segment] = behind;
	if (size == -ENOENT)
		error = 1;
	else if (size < 0)
		error = (int)size;
	else if (!w->rest[end] && !wants_last_link(w))
		error = w->goal != WALK_OPEN ? -ELOOP : w->open_flags & O_EXCL ? -EEXIST :
			w->open_flags & O_DIRECTORY ? -ENOTDIR : -ELOOP;
	else {
		size_t before = end;

		/* A relative target continues where the link lies: the names before it stay. */
		while (before && w->rest[before - 1] != '/')
			before--;
		error = 0;
		if (before && target[0] != '/' && (size_t)size + before >= PATH_MAX) {
			error = -ENAMETOOLONG;
		} else if (before && target[0] != '/') {
			memmove(target + before, target, (size_t)size);
			memcpy(target, w->rest, before);
			size += (long)before;
		}
		error = error ? error : take_link(w, target, (size_t)size, end);
	}
	heap_free(target);
	return error;
}

/* As much as the file system takes at once. 0: did something; 1: nothing to do for it; or an error. */
static int step_segment(struct walk *w)
{
	size_t segment = w->ahead && w->goal != WALK_PARENT ? w->ahead : segment_length(w), length;
	char behind = w->rest[segment];
	struct inode *i = NULL;
	bool whole = !behind;
	int error;

	if (!segment)
		return 1;
	w->rest[segment] = 0;
	if (whole && w->goal == WALK_OPEN && !(w->open_flags & O_PATH))
		error = w->at->ops->open_path(w->at, w->rest, w->open_flags, w->mode, &w->file);
	else if (whole && w->goal == WALK_STAT)
		error = w->at->ops->stat_path(w->at, w->rest, w->how & WALK_FOLLOW, w->st);
	else
		error = w->at->ops->walk(w->at, w->rest, &i);
	if (i && S_ISLNK(i->mode) && (!whole || wants_last_link(w))) {
		inode_put(i);
		i = NULL;
		error = -ELOOP;
	}
	if (error == -ELOOP)
		return segment_link(w, segment, behind);
	w->rest[segment] = behind;
	if (error)
		return error;
	if (segment == w->ahead && w->ahead_length) {
		w->name[w->length] = w->ahead_char; /* the rest of the name is there since step_into_mount() looked */
		length = w->ahead_length;
	} else {
		length = name_append(w, w->rest, segment);
	}
	w->rest += segment;
	if (i)
		return stand_at(w, i, w->name, length);
	w->done = true;
	w->length = length;
	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int follow_link(struct walk *w, struct inode *link, size_t consumed, bool last)
{
	char *target;
	long size;
	int error;

	if (link->ops->follow) {
		struct file *f;
		struct inode *i;

		if (w->resolve & (RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS))
			return -ELOOP;
		if (w->base_length)
			return -EXDEV;
		error = link->ops->follow(link, &f);
		if (error)
			return error;
		w->rest += consumed;
		w->file = f;
		if (last)
			return 0;
		error = file_inode(f, &i);
		if (!error && !S_ISDIR(i->mode)) {
			inode_put(i);
			error = -ENOTDIR;
		}
		error = error ?: stand_at(w, i, f->name ? f->name : "/", f->name ? strlen(f->name) : 1);
		file_put(f);
		w->file = NULL;
		return error;
	}
	target = heap_alloc(PATH_MAX);
	if (!target)
		return -ENOMEM;
	size = link->ops->readlink(link, target, PATH_MAX);
	error = size < 0 ? (int)size : take_link(w, target, (size_t)size, consumed);
	heap_free(target);
	return error;
}

/* O_CREAT of a name that is not there: the new inode. */
static int step_create(struct walk *w, size_t n, struct inode **child)
{
	int error = walk_writable(w) ?: inode_permission(w->at, W_OK | X_OK);

	if (error)
		return error;
	if (!w->at->ops->create)
		return -ENOENT; /* as Linux' /proc says */
	w->open_flags &= ~(uint32_t)(O_EXCL | O_TRUNC);
	w->open_flags |= WALK_CREATED;
	return w->at->ops->create(w->at, w->rest, n, S_IFREG | (w->mode & 07777), 0, child);
}

/* One name. */
static int step_name(struct walk *w)
{
	size_t n = name_length(w->rest), behind = slashes(w->rest + n), length;
	bool last = !w->rest[n + behind];
	struct inode *child = NULL;
	int error;

	if (!S_ISDIR(w->at->mode))
		return -ENOTDIR;
	if (w->goal == WALK_PARENT && last) {
		w->last_length = n;
		w->trailing = behind;
		w->done = true;
		return 0;
	}
	if (n == 1 && w->rest[0] == '.') {
		w->rest += n;
		return 0;
	}
	if (n == 2 && is_dots(w->rest, n)) {
		w->rest += n;
		return step_up(w);
	}
	if (n > NAME_MAX)
		return -ENAMETOOLONG;
	if (last && behind && w->goal == WALK_OPEN && w->open_flags & O_CREAT)
		return -EISDIR;
	error = inode_permission(w->at, X_OK) ?: w->at->ops->lookup(w->at, w->rest, n, &child);
	if (error == -ENOENT && last && w->goal == WALK_OPEN && w->open_flags & O_CREAT)
		error = step_create(w, n, &child);
	if (error)
		return error;
	if (S_ISLNK(child->mode) && (!last || behind || wants_last_link(w))) {
		error = follow_link(w, child, n, last && !behind);
		inode_put(child);
		return error;
	}
	if (behind && !S_ISDIR(child->mode)) {
		inode_put(child);
		return -ENOTDIR;
	}
	length = name_append(w, w->rest, n);
	w->rest += n;
	return stand_at(w, child, w->name, length);
}

static int step(struct walk *w)
{
	int error = 0;

	if (step_into_mount(w, &error))
		return error;
	if (w->at->ops->walk && S_ISDIR(w->at->mode)) {
		error = step_segment(w);
		if (error <= 0)
			return error;
	}
	return step_name(w);
}

int walk_run(struct walk *w, enum walk_goal goal)
{
	w->goal = goal;
	if (w->file) /* AT_EMPTY_PATH on a description */
		return 0;
	for (;;) {
		int error;

		w->rest += slashes(w->rest);
		if (!*w->rest || w->done || w->file)
			return 0;
		error = step(w);
		if (error)
			return error;
	}
}

int walk_parent(struct walk *w, int dots)
{
	int error = walk_run(w, WALK_PARENT);

	if (error)
		return error;
	if (!w->done || is_dots(w->rest, w->last_length))
		return dots;
	if (w->last_length > NAME_MAX)
		return -ENAMETOOLONG;
	return inode_permission(w->at, X_OK);
}

struct mount *walk_mount(const struct walk *w)
{
	return mount_of(w->name, w->length);
}

int walk_writable(struct walk *w)
{
	return walk_mount(w)->read_only ? -EROFS : 0;
}

int walk_stat(int dirfd, uint64_t path, unsigned how, struct stat *st)
{
	_cleanup_walk_ struct walk *w = NULL;
	int error = walk_begin(&w, dirfd, path, how);

	if (error)
		return error;
	w->st = st;
	error = walk_run(w, WALK_STAT);
	if (error || w->done)
		return error;
	if (w->file)
		return file_getattr(w->file, st);
	return w->at->ops->getattr(w->at, st);
}
