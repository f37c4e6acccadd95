/*
 * EROFS as it lies on the medium, little-endian: Linux Documentation/filesystems/erofs.rst and the format pages of the
 * EROFS project. Only what mkfs.erofs writes for uncompressed images: flat and chunk-based files, one device.
 */
#ifndef ADYTON_KERNEL_FS_EROFS_FORMAT_H
#define ADYTON_KERNEL_FS_EROFS_FORMAT_H

#include "abi/types.h"

#define EROFS_MAGIC 0xe0f5e1e2U
#define EROFS_SUPER_OFFSET 1024
#define EROFS_BLOCK_BITS 12
#define EROFS_NID_SHIFT 5 /* inodes stand at multiples of 32 bytes from the metadata's start */
#define EROFS_NAME_MAX 255
#define EROFS_SYMLINK_MAX 4095

/* Features that change how the rest is read: X(bit, what it means, do we know it). */
#define EROFS_INCOMPATIBLE(X) \
	X(0x01, "compressed files (LZ4 0padding)", false) \
	X(0x02, "compressed files (configurations, big clusters)", false) \
	X(0x04, "chunk-based files", true) \
	X(0x08, "a device table, or two compression heads", false) \
	X(0x10, "compressed tails packed into metadata", false) \
	X(0x20, "compressed fragments or deduplication", false) \
	X(0x40, "long prefixes of extended attribute names", false)

#define EROFS_FEATURE_CHUNKED 0x04U

struct erofs_super_block {
	uint32_t magic;
	uint32_t checksum; /* CRC-32C; every block is under dm-verity, which says more */
	uint32_t feature_compat;
	uint8_t block_bits;
	uint8_t ext_slots;
	uint16_t root_nid;
	uint64_t inodes;
	uint64_t build_time;
	uint32_t build_time_ns;
	uint32_t blocks;
	uint32_t meta_block;
	uint32_t xattr_block;
	uint8_t uuid[16];
	uint8_t volume_name[16];
	uint32_t feature_incompat;
	uint16_t compression;
	uint16_t extra_devices;
	uint16_t device_slot;
	uint8_t directory_block_bits;
	uint8_t reserved[37];
} __attribute__((packed));

/* erofs_inode_*.format: bit 0 version, bits 1-3 layout, the rest reserved. */
#define EROFS_FORMAT_EXTENDED 0x1U
#define EROFS_FORMAT_LAYOUT(format) ((format) >> 1 & 0x7U)
#define EROFS_FORMAT_KNOWN 0xfU

enum erofs_layout {
	EROFS_FLAT_PLAIN = 0,  /* blocks in a row */
	EROFS_COMPRESSED = 1,
	EROFS_FLAT_INLINE = 2, /* blocks in a row, and the tail behind the inode */
	EROFS_COMPACTED = 3,
	EROFS_CHUNKED = 4,     /* a table of chunks behind the inode */
};

struct erofs_inode_compact {
	uint16_t format;
	uint16_t xattr_count;
	uint16_t mode;
	uint16_t nlink;
	uint32_t size;
	uint32_t reserved;
	uint32_t data; /* by layout: start block, chunk format; by type: device */
	uint32_t ino;
	uint16_t uid;
	uint16_t gid;
	uint32_t reserved2;
} __attribute__((packed));

struct erofs_inode_extended {
	uint16_t format;
	uint16_t xattr_count;
	uint16_t mode;
	uint16_t reserved;
	uint64_t size;
	uint32_t data;
	uint32_t ino;
	uint32_t uid;
	uint32_t gid;
	uint64_t mtime;
	uint32_t mtime_ns;
	uint32_t nlink;
	uint8_t reserved2[16];
} __attribute__((packed));

/* Extended attributes stand between inode and tail: a header of 12 bytes, then words of 4; count 0: nothing. */
#define EROFS_XATTR_HEADER 12U
#define EROFS_XATTR_WORD 4U

#define EROFS_CHUNK_BITS 0x1fU     /* log2 of blocks in a chunk */
#define EROFS_CHUNK_INDEXES 0x20U  /* the table has struct erofs_chunk, else block numbers of 32 bits */
#define EROFS_CHUNK_KNOWN 0x3fU
#define EROFS_CHUNK_HOLE 0xffffffffU

struct erofs_chunk {
	uint16_t advise;
	uint16_t device;
	uint32_t block;
} __attribute__((packed));

/*
 * A directory block: entries, then names. The first entry's name_offset so also tells how many entries there are. A
 * name ends where the next begins; the last at a NUL or the block's end. Names ascend, within a block and from block to
 * block.
 */
struct erofs_dirent {
	uint64_t nid;
	uint16_t name_offset;
	uint8_t type;
	uint8_t reserved;
} __attribute__((packed));

_Static_assert(sizeof(struct erofs_super_block) == 128, "erofs_super_block");
_Static_assert(offsetof(struct erofs_super_block, feature_incompat) == 0x50, "erofs_super_block");
_Static_assert(sizeof(struct erofs_inode_compact) == 32, "erofs_inode_compact");
_Static_assert(sizeof(struct erofs_inode_extended) == 64, "erofs_inode_extended");
_Static_assert(offsetof(struct erofs_inode_extended, mtime) == 0x20, "erofs_inode_extended");
_Static_assert(sizeof(struct erofs_chunk) == 8, "erofs_chunk");
_Static_assert(sizeof(struct erofs_dirent) == 12, "erofs_dirent");

#endif
