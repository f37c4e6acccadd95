/* The compiled definition (abi/image.h), decoded and checked once at the start. */
#ifndef ADYTON_KERNEL_EXEC_DEFINITION_H
#define ADYTON_KERNEL_EXEC_DEFINITION_H

#include "abi/image.h"

#define DEFINITION_MOUNTS_MAX 32

struct definition_mount_entry {
	uint32_t type;  /* enum definition_mount_type */
	uint32_t flags; /* bit 0: read only */
	const char *path, *source;
};

struct definition {
	uint32_t flags; /* DEF_FLAG_* */
	const char *name;
	uint64_t memory, threads;
	uint32_t root_kind; /* DEF_ROOT_VERITY, DEF_ROOT_HOST, or 0: an empty tmpfs */
	struct definition_verity verity;
	const char *root_host;
	uint32_t mount_count;
	struct definition_mount_entry mounts[DEFINITION_MOUNTS_MAX];
};

const struct definition *definition(void);

#endif
