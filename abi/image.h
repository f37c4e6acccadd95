/*
 * The image file (*.adyton), little-endian:
 *
 *     struct image_header                       page 0
 *     struct image_segment [segment_count]      right behind the header, inside page 0
 *     struct sgx_sigstruct                      at sigstruct_offset (zero bytes while unsigned)
 *     page contents                             at each segment's file_offset, page aligned
 *     root file system (EROFS), hash tree       at root_offset, hash_offset, page aligned; absent for root_kind NONE
 *     label (UTF-8, not measured)               in the header, for people
 *
 * Only what the segments describe is measured: ECREATE, then for each segment in order and each page in order EADD and
 * (if `measure`) 16 EEXTENDs. So MRENCLAVE covers the kernel, the first thread's pages and the compiled definition, and
 * through the definition's root hash every block of the root file system.
 */
#ifndef ADYTON_ABI_IMAGE_H
#define ADYTON_ABI_IMAGE_H

#include "abi/sgx.h"

#define IMAGE_MAGIC "ADYTON\0\1"
#define IMAGE_VERSION 1
#define IMAGE_SEGMENTS_MAX 32

struct image_header {
	uint8_t magic[8];
	uint32_t version;
	uint32_t segment_count;
	uint64_t elrange; /* SECS.SIZE; SECS.BASEADDR is 0 */
	uint32_t ssa_frame_size;
	uint32_t misc_select;
	struct sgx_attributes attributes;
	uint64_t enclu_page; /* for the software processor: the address of the stub page */
	uint64_t tcs;        /* address of the first TCS */
	uint64_t definition; /* address of the compiled definition, for inspect and the host's mounts */
	uint64_t definition_size;
	uint64_t sigstruct_offset;
	uint64_t root_offset; /* EROFS image; 0 when there is none */
	uint64_t root_size;
	uint64_t hash_offset; /* dm-verity tree without superblock */
	uint64_t hash_size;
	uint8_t label[64];
	uint8_t reserved[328];
} __attribute__((packed));

struct image_segment {
	uint64_t address;
	uint64_t pages;
	uint64_t file_offset; /* 0: pages of zeros */
	uint64_t secinfo;     /* SECINFO.FLAGS of every page */
	uint32_t measure;     /* 1: EEXTEND every page */
	uint32_t reserved;
} __attribute__((packed));

/*
 * The compiled definition: records {u32 type, u32 length, bytes, zero padding to 8}, starting with DEF_BEGIN and ending
 * with DEF_END. Unknown types are refused by the kernel. Strings are not NUL-terminated; none may contain a NUL.
 * The file's order is the order below, so that the same definition always compiles to the same bytes.
 */
enum definition_type {
	DEF_BEGIN = 1,          /* u32 version = 1, u32 flags (DEF_FLAG_*) */
	DEF_NAME = 2,           /* string: the image's name */
	DEF_MEMORY = 3,         /* u64: bound on committed program pages, in bytes; 0: none */
	DEF_THREADS = 4,        /* u64: live program threads; 0: none */
	DEF_ROOT_VERITY = 5,    /* struct definition_verity */
	DEF_ROOT_HOST = 6,      /* string: host path of the root directory (unmeasured) */
	DEF_ENTRYPOINT = 7,     /* string, one per argument, argv[0] first; argv[0] is the absolute path to execute */
	DEF_ENVIRONMENT = 8,    /* string "K=V", one per variable, sorted by name */
	DEF_WORKDIR = 9,        /* string */
	DEF_ALLOW_ENV = 10,     /* string: a variable's name that the host may set; "*": any */
	DEF_MOUNT = 11,         /* struct definition_mount, then path, then source */
	DEF_END = 12,           /* length 0 */
};

#define DEF_FLAG_ALLOW_ARGUMENTS 0x1U  /* the host may append arguments */
/* entrypoint, working directory and ids come from the host (adyton run PROGRAM) */
#define DEF_FLAG_QUICK 0x2U
#define DEF_FLAG_DEBUG 0x4U
#define DEF_FLAG_ORDINARY_MEMORY 0x8U  /* runs on ordinary, unprotected memory */
#define DEF_FLAG_DEVELOPMENT 0x10U     /* signed with a development key */
#define DEF_FLAG_LOGIN 0x40U           /* the entry point proves itself to a secrets server, then becomes the program */
#define DEF_FLAG_PROVISIONING 0x20U    /* ATTRIBUTES.PROVISIONKEY: may derive the keys that name the platform */

struct definition_verity {
	uint64_t data_blocks; /* of 4096 bytes */
	uint64_t hash_blocks;
	/* SHA-256, salt empty, hash type 1, block sizes 4096 (veritysetup --format=1 --no-superblock) */
	uint8_t root_hash[32];
} __attribute__((packed));

enum definition_mount_type { MOUNT_TMPFS = 1, MOUNT_HOST = 2 };
struct definition_mount {
	uint32_t type;
	uint32_t flags; /* bit 0: read only */
	uint32_t path_length;
	uint32_t source_length;
} __attribute__((packed));

_Static_assert(sizeof(struct image_header) == 512, "image_header");
_Static_assert(sizeof(struct image_segment) == 40, "image_segment");

#endif
