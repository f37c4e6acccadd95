#include "abi/linux/dirent.h"
#include "abi/linux/stat.h"
#include "base/mem.h"
#include "kernel/fs/erofs_format.h"
#include "kernel/fs/erofs_page.h"

/* A directory block in use: its entries and names lie in [at, at + size) of the held page. */
struct dir_block {
	struct erofs_page page;
	const uint8_t *at;
	uint32_t size;
	uint32_t count; /* of entries, at least one */
};

struct dir_name {
	const char *at;
	size_t length;
};

static void dir_block_put(struct dir_block *b)
{
	erofs_page_put(&b->page);
}
#define _cleanup_block_ __attribute__((cleanup(dir_block_put)))

static const struct erofs_dirent *dir_entry(const struct dir_block *b, uint32_t index)
{
	return (const struct erofs_dirent *)(const void *)b->at + index;
}

static int dir_block_get(const struct erofs *fs, const struct erofs_inode *dir, uint64_t index, struct dir_block *b)
{
	struct erofs_extent extent;
	uint32_t names;
	int err = erofs_map_page(fs, dir, index, &extent);

	if (err)
		return err;
	if (extent.length < sizeof(struct erofs_dirent))
		return -EUCLEAN;
	err = erofs_page_get(fs, extent.block, &b->page);
	if (err)
		return err;
	b->at = b->page.at + extent.offset;
	b->size = extent.length;
	names = dir_entry(b, 0)->name_offset;
	b->count = names / (uint32_t)sizeof(struct erofs_dirent);
	if (!b->count || names % sizeof(struct erofs_dirent) || names >= b->size)
		return -EUCLEAN;
	return 0;
}

/* Names lie behind the entries, in their order, not empty, none longer than a name may be. */
static int dir_name(const struct dir_block *b, uint32_t index, struct dir_name *name)
{
	uint32_t start = dir_entry(b, index)->name_offset, end = b->size;

	if (index + 1 < b->count)
		end = dir_entry(b, index + 1)->name_offset;
	if (start < b->count * sizeof(struct erofs_dirent) || start >= end || end > b->size)
		return -EUCLEAN;
	name->at = (const char *)b->at + start;
	name->length = index + 1 < b->count ? end - start : strnlen(name->at, end - start);
	return name->length && name->length <= EROFS_NAME_MAX ? 0 : -EUCLEAN;
}

/* The order of mkfs.erofs: by bytes, a prefix before what continues it. */
static int dir_name_compare(const struct dir_name *a, const struct dir_name *b)
{
	size_t common = a->length < b->length ? a->length : b->length;
	int order = memcmp(a->at, b->at, common);

	if (order)
		return order;
	return (a->length > b->length) - (a->length < b->length);
}

/* Type codes on the medium are those of Linux's fs_types. */
static uint8_t dir_type(uint8_t code)
{
	static const uint8_t types[] = { DT_UNKNOWN, DT_REG, DT_DIR, DT_CHR, DT_BLK, DT_FIFO, DT_SOCK, DT_LNK };

	return code < sizeof(types) ? types[code] : DT_UNKNOWN;
}

/* The last block whose first name is not behind the one we look for. */
static int dir_block_search(const struct erofs *fs, const struct erofs_inode *dir, const struct dir_name *want,
			    uint64_t *found)
{
	uint64_t low = 0, high = (dir->size - 1) >> PAGE_SHIFT;

	while (low < high) {
		_cleanup_block_ struct dir_block b = { 0 };
		uint64_t middle = high - (high - low) / 2;
		struct dir_name first;
		int err = dir_block_get(fs, dir, middle, &b);

		if (!err)
			err = dir_name(&b, 0, &first);
		if (err)
			return err;
		if (dir_name_compare(&first, want) <= 0)
			low = middle;
		else
			high = middle - 1;
	}
	*found = low;
	return 0;
}

static int dir_entry_search(const struct dir_block *b, const struct dir_name *want, uint32_t *found)
{
	uint32_t low = 0, high = b->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct dir_name name;
		int order, err = dir_name(b, middle, &name);

		if (err)
			return err;
		order = dir_name_compare(want, &name);
		if (!order) {
			*found = middle;
			return 0;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -ENOENT;
}

int erofs_lookup(const struct erofs *fs, const struct erofs_inode *dir, const char *name, size_t length, uint64_t *nid,
		 uint8_t *type)
{
	_cleanup_block_ struct dir_block b = { 0 };
	struct dir_name want = { name, length };
	uint64_t block;
	uint32_t index = 0;
	int err;

	if (!S_ISDIR(dir->mode))
		return -ENOTDIR;
	if (length > EROFS_NAME_MAX)
		return -ENAMETOOLONG;
	if (!dir->size)
		return -ENOENT;
	err = dir_block_search(fs, dir, &want, &block);
	if (!err)
		err = dir_block_get(fs, dir, block, &b);
	if (!err)
		err = dir_entry_search(&b, &want, &index);
	if (err)
		return err;
	*nid = dir_entry(&b, index)->nid;
	*type = dir_type(dir_entry(&b, index)->type);
	return 0;
}

/* What a program may be shown: a name that cannot be mistaken for a path. */
static bool dir_name_plain(const struct dir_name *name)
{
	return !memchr(name->at, '/', name->length) && !memchr(name->at, '\0', name->length);
}

/* Entries of one block from *cookie on; *full is set when emit wants no more. */
static int dir_block_emit(const struct dir_block *b, uint64_t *cookie, bool (*emit)(void *, const struct erofs_entry *),
			  void *arg, bool *full)
{
	uint64_t base = PAGE_DOWN(*cookie);
	uint64_t index = ((*cookie & PAGE_MASK) + sizeof(struct erofs_dirent) - 1) / sizeof(struct erofs_dirent);

	for (; index < b->count; index++) {
		const struct erofs_dirent *raw = dir_entry(b, (uint32_t)index);
		struct erofs_entry entry = { .nid = raw->nid, .type = dir_type(raw->type) };
		struct dir_name name;
		int err = dir_name(b, (uint32_t)index, &name);

		if (err || !dir_name_plain(&name))
			return err ? err : -EUCLEAN;
		entry.name = name.at;
		entry.length = name.length;
		entry.next = base + (index + 1 < b->count ? (index + 1) * sizeof(*raw) : PAGE_SIZE);
		if (!emit(arg, &entry)) {
			*full = true;
			return 0;
		}
		*cookie = entry.next;
	}
	*cookie = base + PAGE_SIZE; /* also when an invented cookie pointed among the names */
	return 0;
}

int erofs_readdir(const struct erofs *fs, const struct erofs_inode *dir, uint64_t *cookie,
		  bool (*emit)(void *arg, const struct erofs_entry *entry), void *arg)
{
	bool full = false;

	if (!S_ISDIR(dir->mode))
		return -ENOTDIR;
	while (!full && *cookie < dir->size) {
		_cleanup_block_ struct dir_block b = { 0 };
		int err = dir_block_get(fs, dir, *cookie >> PAGE_SHIFT, &b);

		if (!err)
			err = dir_block_emit(&b, cookie, emit, arg, &full);
		if (err)
			return err;
	}
	return 0;
}
