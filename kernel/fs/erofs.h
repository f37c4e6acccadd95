/*
 * A reader for EROFS images, as pure functions over blocks: no allocation, no state but the caller's, no locks needed
 * (struct erofs and struct erofs_inode are only read after they were filled). Whatever the image says is checked before
 * it is used; each loop is bounded by the size of a block or of the name looked up.
 *
 * Errors: -EUCLEAN the image contradicts itself or its size, -EOPNOTSUPP it uses what we do not read, and what the
 * device reports (-EIO for a block that fails verification).
 */
#ifndef ADYTON_KERNEL_FS_EROFS_H
#define ADYTON_KERNEL_FS_EROFS_H

#include "abi/types.h"

struct erofs_device {
	/* A verified block of 4096 bytes that nobody changes until it is put back. Called for one block at a time. */
	int (*get)(void *ctx, uint64_t block, const uint8_t **page);
	void (*put)(void *ctx, uint64_t block, const uint8_t *page);
	void *ctx;
	uint64_t blocks;
};

struct erofs {
	struct erofs_device device;
	uint64_t blocks; /* at most device.blocks */
	uint64_t meta_start; /* in bytes */
	uint64_t inodes;
	uint64_t root_nid;
	int64_t build_time;
	uint32_t build_time_ns;
	uint32_t features; /* incompatible ones, all of them known */
	uint8_t uuid[16];
};

struct erofs_inode {
	uint64_t nid; /* unique: the inode number; hard links share it */
	uint64_t size; /* 0 but for files, directories, links */
	int64_t mtime;
	uint32_t mtime_ns;
	uint32_t mode;
	uint32_t nlink;
	uint32_t uid, gid;
	uint32_t device; /* of a device node, as in st_rdev */
	uint32_t layout; /* enum erofs_layout */
	uint32_t chunk_shift; /* chunked: log2 of blocks in a chunk */
	bool chunk_indexes;
	uint64_t start;  /* flat: first block; chunked: the table's place in bytes */
	uint64_t tail;   /* flat inline: the tail's place in bytes */
};

/* Why (not NULL): what the image lacks or asks for, for the message to people; a constant string. */
int erofs_open_super(struct erofs *fs, const struct erofs_device *device, const char **why) must_check;

int erofs_inode_read(const struct erofs *fs, uint64_t nid, struct erofs_inode *inode) must_check;

/* Where the bytes of one page of a file are: within one block, followed by zeros. */
#define EROFS_HOLE UINT64_MAX
struct erofs_extent {
	uint64_t block; /* EROFS_HOLE: only zeros */
	uint32_t offset; /* in the block; 0 and length 4096: the block is the page */
	uint32_t length;
};
/* -EINVAL: behind the end of the file. */
int erofs_map_page(const struct erofs *fs, const struct erofs_inode *inode, uint64_t page_index,
		   struct erofs_extent *extent) must_check;
/* Fill a page, zeros behind the end of the file. */
int erofs_read_page(const struct erofs *fs, const struct erofs_inode *inode, uint64_t page_index,
		    void *page) must_check;
/* Bytes read (0 at and behind the end), or a negative errno when not even the first could be. Links: their target. */
long erofs_pread(const struct erofs *fs, const struct erofs_inode *inode, uint64_t offset, void *to,
		 size_t size) must_check;

/* Type as in getdents (DT_*). -ENOENT, -ENOTDIR, -ENAMETOOLONG. "." and ".." are found like other names. */
int erofs_lookup(const struct erofs *fs, const struct erofs_inode *dir, const char *name, size_t length, uint64_t *nid,
		 uint8_t *type) must_check;

struct erofs_entry {
	const char *name; /* no NUL behind it */
	size_t length;
	uint64_t nid;
	uint64_t next; /* the cookie behind this entry: d_off */
	uint8_t type;
};
/*
 * Give the entries from *cookie on (0: the first) until emit answers false, which leaves that entry for the next call.
 * Cookies are places in the directory: they hold as long as the image, and any number a program invents is harmless.
 */
int erofs_readdir(const struct erofs *fs, const struct erofs_inode *dir, uint64_t *cookie,
		  bool (*emit)(void *arg, const struct erofs_entry *entry), void *arg) must_check;

#endif
