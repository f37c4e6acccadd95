/* The table of mounts. It is filled by vfs_start() before the program runs, and only read afterwards: no lock. */
#include "base/mem.h"
#include "kernel/fs/vfs.h"
#include "kernel/mm/heap.h"

struct mount mounts[MOUNTS_MAX];
uint32_t mount_count;
static uint64_t mount_letters; /* a bit for the first letter of each name (modulo 64): most paths begin otherwise */

static uint64_t letter_bit(char c)
{
	return 1UL << ((uint8_t)c % 64);
}

int mount_add(const char *name, const char *type, const char *source, struct inode *root, bool read_only)
{
	struct mount *m = &mounts[mount_count];
	size_t size = strlen(name) + 1;
	char *copy;

	if (mount_count == MOUNTS_MAX)
		return -ENOSPC;
	copy = heap_alloc(size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, name, size);
	*m = (struct mount){ .name = copy,
			     .length = size == 2 ? 0 : size - 1,
			     .type = type,
			     .source = source,
			     .root = root,
			     .id = 20 + mount_count,
			     .dev = DEV_MAKE(0U, 40 + mount_count),
			     .read_only = read_only };
	root->mount = m;
	root->refs = INODE_IMMORTAL;
	mount_letters |= letter_bit(name[1]);
	mount_count++;
	return 0;
}

static struct mount *deepest(const char *name, size_t length, size_t above)
{
	struct mount *best = NULL;
	size_t most = above;

	for (uint32_t i = 0; i < mount_count; i++) {
		struct mount *m = &mounts[i];

		/* Of two at one name the later one lies on top. */
		if (m->length < most || m->length > length ||
		    (m->length < length && m->length && name[m->length] != '/') || memcmp(m->name, name, m->length))
			continue;
		best = m;
		most = m->length;
	}
	return best;
}

struct mount *mount_of(const char *name, size_t length)
{
	return deepest(name, length, 0);
}

struct mount *mount_below(const char *name, size_t length, size_t above)
{
	/* Every path comes through here, and strictly below anything "/" itself does not count. */
	return mount_letters & letter_bit(name[1]) ? deepest(name, length, above + 1) : NULL;
}
