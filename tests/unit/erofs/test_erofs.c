/*
 * A small image, written by hand field by field, and what the reader says when one field lies. Images of mkfs.erofs are
 * compared with their directories in test_images.py.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/fs/erofs.h"
#include "kernel/fs/erofs_format.h"

#define BLOCKS 8
#define META 1 /* block of the inodes */
#define DIR 2  /* two blocks of the directory */
#define DATA 4 /* two blocks of files */
#define NID_ROOT 0
#define NID_FILE 2
#define NID_INLINE 4 /* with its tail behind it, at 6 */
#define NID_CHUNKED 16
#define NID_LINK 20
#define NID_DEVICE 24
#define FILE_SIZE 5000

static _Alignas(8) uint8_t image[BLOCKS][PAGE_SIZE];
static int held, get_fails_at;

static int image_get(void *ctx, uint64_t block, const uint8_t **page)
{
	(void)ctx;
	assert_true(block < BLOCKS);
	if (get_fails_at && !--get_fails_at)
		return -EIO;
	held++;
	*page = memcpy(malloc(PAGE_SIZE), image[block], PAGE_SIZE); /* apart, for the sanitizer */
	return 0;
}

static void image_put(void *ctx, uint64_t block, const uint8_t *page)
{
	(void)ctx;
	assert_memory_equal(page, image[block], PAGE_SIZE);
	free((void *)(uintptr_t)page);
	held--;
}

static const struct erofs_device device = { image_get, image_put, NULL, BLOCKS };

static struct erofs_super_block *super(void)
{
	return (void *)(image[0] + EROFS_SUPER_OFFSET);
}

static struct erofs_inode_extended *raw_inode(uint64_t nid)
{
	return (void *)(image[META] + nid * 32);
}

static uint32_t *chunk_table(void)
{
	return (void *)(image[META] + (NID_CHUNKED + 2) * 32);
}

static struct erofs_dirent *raw_dirent(unsigned block, unsigned index)
{
	return (struct erofs_dirent *)(void *)image[DIR + block] + index;
}

/* Names ascending, packed behind the entries. */
static void block_write(unsigned block, unsigned count, const char *const *names)
{
	size_t at = count * sizeof(struct erofs_dirent);

	for (unsigned i = 0; i < count; i++) {
		*raw_dirent(block, i) = (struct erofs_dirent){ NID_FILE + i, (uint16_t)at, 1, 0 };
		memcpy(image[DIR + block] + at, names[i], strlen(names[i]));
		at += strlen(names[i]);
	}
}

static int setup(void **state)
{
	static const char *const first[] = { ".", "..", "a", "ab", "b" }, *const second[] = { "c", "cc", "d" };

	(void)state;
	memset(image, 0, sizeof(image));
	held = get_fails_at = 0;
	*super() = (struct erofs_super_block){ .magic = EROFS_MAGIC, .block_bits = 12, .blocks = BLOCKS,
					       .meta_block = META, .root_nid = NID_ROOT,
					       .feature_incompat = EROFS_FEATURE_CHUNKED };
	*raw_inode(NID_ROOT) = (struct erofs_inode_extended){ .format = 1, .mode = 040755, .nlink = 2, .data = DIR,
							      .size = 2 * PAGE_SIZE };
	block_write(0, 5, first);
	block_write(1, 3, second);
	*raw_inode(NID_FILE) = (struct erofs_inode_extended){ .format = 1, .mode = 0100644, .nlink = 1, .data = DATA,
							      .size = FILE_SIZE, .mtime = 9, .mtime_ns = 8 };
	*raw_inode(NID_INLINE) = (struct erofs_inode_extended){ .format = 1 | EROFS_FLAT_INLINE << 1, .mode = 0100644,
								.nlink = 1, .data = DATA, .size = PAGE_SIZE + 100 };
	*raw_inode(NID_CHUNKED) = (struct erofs_inode_extended){ .format = 1 | EROFS_CHUNKED << 1, .mode = 0100644,
								 .nlink = 1, .size = 3 * PAGE_SIZE };
	memcpy(chunk_table(), (const uint32_t[]){ DATA + 1, EROFS_CHUNK_HOLE, DATA }, 12);
	*raw_inode(NID_LINK) = (struct erofs_inode_extended){ .format = 1 | EROFS_FLAT_INLINE << 1, .mode = 0120777,
							      .nlink = 1, .size = 3 };
	memcpy(raw_inode(NID_LINK + 2), "c/d", 3);
	*raw_inode(NID_DEVICE) =
		(struct erofs_inode_extended){ .format = 1, .mode = 020666, .nlink = 1, .data = 0x103 };
	memset(image[DATA], 'x', PAGE_SIZE);
	memset(image[DATA + 1], 'y', PAGE_SIZE);
	memset(raw_inode(NID_INLINE + 2), 'z', 100);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return held; /* every page was given back, on every path */
}

static struct erofs open_good(void)
{
	struct erofs fs;

	assert_int_equal(erofs_open_super(&fs, &device, NULL), 0);
	return fs;
}

static int inode_error(uint64_t nid)
{
	struct erofs fs = open_good();
	struct erofs_inode inode;

	return erofs_inode_read(&fs, nid, &inode);
}

static void reads(void **state)
{
	struct erofs fs = open_good();
	struct erofs_inode inode;
	uint8_t page[PAGE_SIZE];

	(void)state;
	assert_int_equal(erofs_inode_read(&fs, NID_FILE, &inode), 0);
	assert_int_equal(inode.mtime * 10 + inode.mtime_ns, 98);
	assert_int_equal(erofs_pread(&fs, &inode, 4095, page, sizeof(page)), FILE_SIZE - 4095);
	assert_memory_equal(page, "xyyy", 4);
	assert_int_equal(erofs_pread(&fs, &inode, FILE_SIZE, page, 1), 0);
	assert_int_equal(erofs_pread(&fs, &inode, UINT64_MAX, page, SIZE_MAX), 0);
	assert_int_equal(erofs_read_page(&fs, &inode, 1, page), 0);
	assert_int_equal(page[FILE_SIZE - 4097], 'y');
	assert_int_equal(page[FILE_SIZE - 4096], 0); /* what lies behind the end in the block is not shown */
	assert_int_equal(erofs_read_page(&fs, &inode, 2, page), -EINVAL);
	assert_int_equal(erofs_read_page(&fs, &inode, UINT64_MAX, page), -EINVAL);
	assert_int_equal(erofs_inode_read(&fs, NID_INLINE, &inode), 0);
	assert_int_equal(erofs_pread(&fs, &inode, 4095, page, sizeof(page)), 101);
	assert_memory_equal(page, "xzzz", 4);
	assert_int_equal(erofs_inode_read(&fs, NID_CHUNKED, &inode), 0);
	assert_int_equal(erofs_pread(&fs, &inode, 4095, page, 4096), 4096);
	assert_memory_equal(page, "y\0\0", 3);
	assert_int_equal(erofs_pread(&fs, &inode, 8192, page, 5000), 4096);
	assert_memory_equal(page, "xxx", 3);
	assert_int_equal(erofs_inode_read(&fs, NID_LINK, &inode), 0);
	assert_int_equal(erofs_pread(&fs, &inode, 0, page, sizeof(page)), 3);
	assert_memory_equal(page, "c/d", 3);
	assert_int_equal(erofs_inode_read(&fs, NID_DEVICE, &inode), 0);
	assert_int_equal(inode.device, 0x103);
}

static void lookups(void **state)
{
	struct erofs fs = open_good();
	struct erofs_inode root, file;
	char longest[257];
	uint64_t nid;
	uint8_t type;

	(void)state;
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(erofs_inode_read(&fs, NID_ROOT, &root), 0);
	assert_int_equal(erofs_lookup(&fs, &root, "ab", 2, &nid, &type), 0);
	assert_int_equal(nid, NID_FILE + 3);
	assert_int_equal(type, 8);
	assert_int_equal(erofs_lookup(&fs, &root, "d", 1, &nid, &type), 0);
	assert_int_equal(nid, NID_FILE + 2);
	for (const char *const *name = (const char *const[]){ "", "-", "aa", "abc", "ccc", "e", NULL }; *name; name++)
		assert_int_equal(erofs_lookup(&fs, &root, *name, strlen(*name), &nid, &type), -ENOENT);
	assert_int_equal(erofs_lookup(&fs, &root, "d\0", 2, &nid, &type), -ENOENT);
	assert_int_equal(erofs_lookup(&fs, &root, longest, 255, &nid, &type), -ENOENT);
	assert_int_equal(erofs_lookup(&fs, &root, longest, 256, &nid, &type), -ENAMETOOLONG);
	assert_int_equal(erofs_inode_read(&fs, NID_FILE, &file), 0);
	assert_int_equal(erofs_lookup(&fs, &file, "a", 1, &nid, &type), -ENOTDIR);
}

static bool count_entry(void *arg, const struct erofs_entry *entry)
{
	(void)entry;
	++*(unsigned *)arg;
	return true;
}

static bool count_none(void *arg, const struct erofs_entry *entry)
{
	(void)arg, (void)entry;
	return false;
}

static int readdir_from(uint64_t cookie, unsigned *count)
{
	struct erofs fs = open_good();
	struct erofs_inode root;

	*count = 0;
	assert_int_equal(erofs_inode_read(&fs, NID_ROOT, &root), 0);
	return erofs_readdir(&fs, &root, &cookie, count_entry, count);
}

static void invented_cookies(void **state)
{
	static const struct { uint64_t cookie; unsigned count; } table[] = {
		{ 0, 8 }, { 1, 7 }, { 12, 7 }, { 13, 6 }, { 60, 3 }, { 61, 3 }, { 4095, 3 }, { 4096, 3 },
		{ 4096 + 36, 0 }, { 8191, 0 }, { 8192, 0 }, { UINT64_MAX, 0 }, { INT64_MAX, 0 },
	};
	struct erofs fs = open_good();
	struct erofs_inode root, file;
	uint64_t cookie = 12;
	unsigned count;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(readdir_from(table[i].cookie, &count), 0);
		assert_int_equal(count, table[i].count);
	}
	assert_int_equal(erofs_inode_read(&fs, NID_ROOT, &root), 0);
	assert_int_equal(erofs_readdir(&fs, &root, &cookie, count_none, NULL), 0);
	assert_int_equal(cookie, 12);
	assert_int_equal(erofs_inode_read(&fs, NID_FILE, &file), 0);
	assert_int_equal(erofs_readdir(&fs, &file, &cookie, count_none, NULL), -ENOTDIR);
}

#define LIE(lie, expected) \
	do { \
		setup(NULL); \
		lie; \
		assert_int_equal(expected, 0); \
	} while (0)

static void lying_inodes(void **state)
{
	(void)state;
	assert_int_equal(inode_error(BLOCKS * 128), -EUCLEAN);
	assert_int_equal(inode_error(UINT64_MAX), -EUCLEAN);
	assert_int_equal(inode_error((BLOCKS - META) * 128), -EUCLEAN);
	assert_int_equal(inode_error(1UL << 59), -EUCLEAN); /* times 32: 0 */
	LIE(raw_inode(NID_FILE)->data = BLOCKS - 1, inode_error(NID_FILE) + EUCLEAN);
	LIE(raw_inode(NID_FILE)->data = UINT32_MAX, inode_error(NID_FILE) + EUCLEAN);
	LIE(raw_inode(NID_FILE)->size = UINT64_MAX, inode_error(NID_FILE) + EUCLEAN);
	LIE(raw_inode(NID_FILE)->size = (BLOCKS - DATA) * PAGE_SIZE, inode_error(NID_FILE));
	LIE(raw_inode(NID_FILE)->size = (BLOCKS - DATA) * PAGE_SIZE + 1, inode_error(NID_FILE) + EUCLEAN);
	LIE(raw_inode(NID_FILE)->mode = 0170644, inode_error(NID_FILE) + EUCLEAN);
	LIE(raw_inode(NID_FILE)->format |= 0x10, inode_error(NID_FILE) + EOPNOTSUPP);
	LIE(raw_inode(NID_FILE)->format = 1 | EROFS_COMPRESSED << 1, inode_error(NID_FILE) + EOPNOTSUPP);
	LIE(raw_inode(NID_FILE)->format = 1 | EROFS_COMPACTED << 1, inode_error(NID_FILE) + EOPNOTSUPP);
	LIE(raw_inode(NID_FILE)->format = 1 | 7 << 1, inode_error(NID_FILE) + EUCLEAN);
	/* a tail of a whole page */
	LIE(raw_inode(NID_INLINE)->size = 2 * PAGE_SIZE, inode_error(NID_INLINE) + EUCLEAN);
	LIE(raw_inode(NID_INLINE)->size = PAGE_SIZE + PAGE_SIZE - 6 * 32, inode_error(NID_INLINE));
	LIE(raw_inode(NID_INLINE)->size = PAGE_SIZE + PAGE_SIZE - 6 * 32 + 1, inode_error(NID_INLINE) + EUCLEAN);
	LIE(raw_inode(NID_INLINE)->xattr_count = UINT16_MAX, inode_error(NID_INLINE) + EUCLEAN);
	LIE(raw_inode(NID_LINK)->size = 0, inode_error(NID_LINK) + EUCLEAN);
	LIE(raw_inode(NID_LINK)->size = 4096, inode_error(NID_LINK) + EUCLEAN);
	LIE(raw_inode(NID_DEVICE)->size = UINT64_MAX, inode_error(NID_DEVICE));
}

static void lying_chunks(void **state)
{
	struct erofs fs = open_good();
	struct erofs_extent extent;
	struct erofs_inode inode;
	uint8_t byte;

	(void)state;
	LIE(raw_inode(NID_CHUNKED)->data = 0x40, inode_error(NID_CHUNKED) + EUCLEAN);
	LIE(raw_inode(NID_CHUNKED)->size = UINT64_MAX, inode_error(NID_CHUNKED) + EUCLEAN);
	LIE(raw_inode(NID_CHUNKED)->size = INT64_MAX, inode_error(NID_CHUNKED) + EUCLEAN);
	LIE(raw_inode(NID_CHUNKED)->mode = 040755, inode_error(NID_CHUNKED) + EUCLEAN);
	LIE(super()->feature_incompat = 0, inode_error(NID_CHUNKED) + EUCLEAN);
	setup(NULL);
	raw_inode(NID_CHUNKED)->data = 0x1f; /* one chunk of 8 TiB, of which the image has a little */
	raw_inode(NID_CHUNKED)->size = 1UL << 40;
	assert_int_equal(erofs_inode_read(&fs, NID_CHUNKED, &inode), 0);
	assert_int_equal(erofs_pread(&fs, &inode, 2 * PAGE_SIZE, &byte, 1), 1);
	assert_int_equal(erofs_pread(&fs, &inode, 3 * PAGE_SIZE, &byte, 1), -EUCLEAN);
	assert_int_equal(erofs_pread(&fs, &inode, 1UL << 39, &byte, 1), -EUCLEAN);
	assert_int_equal(erofs_map_page(&fs, &inode, 2, &extent), 0);
	assert_int_equal(erofs_map_page(&fs, &inode, 3, &extent), -EUCLEAN);
	raw_inode(NID_CHUNKED)->data = EROFS_CHUNK_INDEXES;
	raw_inode(NID_CHUNKED)->size = PAGE_SIZE;
	chunk_table()[0] = 1U << 16; /* of another device */
	assert_int_equal(erofs_inode_read(&fs, NID_CHUNKED, &inode), 0);
	assert_int_equal(erofs_pread(&fs, &inode, 0, &byte, 1), -EUCLEAN);
}

static int readdir_error(void)
{
	unsigned count;

	return readdir_from(0, &count);
}

static int lookup_error(const char *name)
{
	struct erofs fs = open_good();
	struct erofs_inode root;
	uint64_t nid;
	uint8_t type;

	assert_int_equal(erofs_inode_read(&fs, NID_ROOT, &root), 0);
	return erofs_lookup(&fs, &root, name, strlen(name), &nid, &type);
}

/* A directory whose only block is a tail that ends with its page, too short for one entry. */
static int short_tail_error(void)
{
	struct erofs fs = { .device = device, .blocks = BLOCKS, .meta_start = META * PAGE_SIZE };
	struct erofs_inode dir;
	uint64_t nid = 124;
	uint8_t type;

	*raw_inode(nid) = (struct erofs_inode_extended){ .format = 1 | EROFS_FLAT_INLINE << 1, .xattr_count = 13,
							 .mode = 040755, .size = 4 };
	assert_int_equal(erofs_inode_read(&fs, nid, &dir), 0);
	assert_int_equal(dir.tail % PAGE_SIZE, PAGE_SIZE - 4);
	return erofs_lookup(&fs, &dir, "a", 1, &nid, &type);
}

/* A name that goes on behind the directory's end, where the block has more bytes. */
static int long_name_error(void)
{
	char name[64] = "";

	raw_inode(NID_ROOT)->size = PAGE_SIZE + 60;
	raw_dirent(1, 2)->name_offset = 100;
	memset(name, 'c', 63);
	memset(image[DIR + 1] + 37, 'c', 63);
	return lookup_error(name);
}

static void lying_directories(void **state)
{
	(void)state;
	LIE(raw_dirent(0, 0)->name_offset = 0, readdir_error() + EUCLEAN);
	LIE(raw_dirent(0, 0)->name_offset = 61, readdir_error() + EUCLEAN);
	LIE(raw_dirent(0, 0)->name_offset = 4096 / 12 * 12 + 12, readdir_error() + EUCLEAN);
	LIE(raw_dirent(0, 0)->name_offset = 72, readdir_error() + EUCLEAN);
	LIE(raw_dirent(0, 1)->name_offset = 0, readdir_error() + EUCLEAN);
	LIE(raw_dirent(0, 1)->name_offset = UINT16_MAX, readdir_error() + EUCLEAN);
	LIE(raw_dirent(0, 2)->name_offset = raw_dirent(0, 1)->name_offset, readdir_error() + EUCLEAN);
	LIE(raw_dirent(0, 4)->name_offset = 4096, readdir_error() + EUCLEAN);
	LIE(memset(image[DIR] + raw_dirent(0, 4)->name_offset, 'b', 255), readdir_error());
	LIE(memset(image[DIR] + raw_dirent(0, 4)->name_offset, 'b', 256), readdir_error() + EUCLEAN);
	LIE(image[DIR][raw_dirent(0, 2)->name_offset] = '/', readdir_error() + EUCLEAN);
	LIE(image[DIR][raw_dirent(0, 3)->name_offset] = 0, readdir_error() + EUCLEAN);
	LIE(raw_inode(NID_ROOT)->size = PAGE_SIZE + 11, readdir_error() + EUCLEAN);
	LIE(raw_inode(NID_ROOT)->size = 0, readdir_error());
	LIE(raw_inode(NID_ROOT)->size = 0, lookup_error("a") + ENOENT);
	LIE(raw_dirent(1, 0)->name_offset = 0, lookup_error("a") + EUCLEAN);
	LIE(raw_dirent(1, 1)->name_offset = 5, lookup_error("d") + EUCLEAN);
	LIE(raw_dirent(0, 2)->name_offset = 50, lookup_error("b") + EUCLEAN);
	LIE(raw_dirent(0, 0)->name_offset = UINT16_MAX / 12 * 12, lookup_error("b") + EUCLEAN);
	LIE(, short_tail_error() + EUCLEAN);
	LIE(, long_name_error() + EUCLEAN);
	LIE(raw_dirent(0, 2)->type = 200, readdir_error()); /* an unknown type is DT_UNKNOWN */
}

static int super_error(void)
{
	struct erofs fs;
	const char *why = NULL;
	int err = erofs_open_super(&fs, &device, &why);

	assert_true(!err || why);
	return err;
}

static void lying_superblock(void **state)
{
	const struct erofs_device empty = { image_get, image_put, NULL, 0 };
	struct erofs fs;

	(void)state;
	assert_int_equal(erofs_open_super(&fs, &empty, NULL), -EUCLEAN);
	LIE(super()->magic ^= 1, super_error() + EINVAL);
	LIE(super()->block_bits = 16, super_error() + EOPNOTSUPP);
	LIE(super()->ext_slots = 1, super_error() + EOPNOTSUPP);
	LIE(super()->directory_block_bits = 1, super_error() + EOPNOTSUPP);
	LIE(super()->extra_devices = 1, super_error() + EOPNOTSUPP);
	LIE(super()->blocks = BLOCKS + 1, super_error() + EUCLEAN);
	LIE(super()->blocks = 0, super_error() + EUCLEAN);
	LIE(super()->meta_block = BLOCKS, super_error() + EUCLEAN);
	LIE(super()->root_nid = UINT16_MAX, super_error() + EUCLEAN);
	LIE(super()->root_nid = NID_FILE, super_error() + EUCLEAN);
	for (uint32_t bit = 1; bit; bit <<= 1)
		LIE(super()->feature_incompat |= bit, super_error() + (bit == EROFS_FEATURE_CHUNKED ? 0 : EOPNOTSUPP));
}

/* A device that fails at the n-th block: the error comes through, and nothing stays held. */
static void failing_device(void **state)
{
	struct erofs fs = open_good();
	struct erofs_inode inode;
	uint8_t data[FILE_SIZE];

	(void)state;
	for (int n = 1; n <= 3; n++) {
		get_fails_at = n;
		assert_int_equal(super_error(), -EIO);
	}
	get_fails_at = 2;
	assert_int_equal(erofs_inode_read(&fs, NID_FILE, &inode), -EIO);
	assert_int_equal(erofs_inode_read(&fs, NID_FILE, &inode), 0);
	get_fails_at = 1;
	assert_int_equal(erofs_pread(&fs, &inode, 0, data, sizeof(data)), -EIO);
	get_fails_at = 2;
	/* as read(2): what was had before */
	assert_int_equal(erofs_pread(&fs, &inode, 0, data, sizeof(data)), PAGE_SIZE);
	get_fails_at = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads), TEST(lookups), TEST(invented_cookies), TEST(lying_superblock), TEST(lying_inodes),
		TEST(lying_chunks), TEST(lying_directories), TEST(failing_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
