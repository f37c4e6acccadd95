/*
 * The compiled definition (abi/image.h), read once from its measured pages. Constant afterwards; strings end with NUL.
 */
#ifndef ADYTON_KERNEL_EXEC_DEFINITION_H
#define ADYTON_KERNEL_EXEC_DEFINITION_H

#include "abi/image.h"

#define DEFINITION_LIST_MAX 256
#define DEFINITION_MOUNTS_MAX 32

struct definition_place {
	uint32_t type; /* MOUNT_TMPFS, MOUNT_HOST */
	bool read_only;
	const char *path, *source;
};

struct definition {
	uint32_t flags; /* DEF_FLAG_* */
	const char *name, *workdir;
	uint64_t memory;  /* bytes; 0: no bound */
	uint64_t threads; /* 0: no bound */
	bool has_verity;
	struct definition_verity verity;
	const char *root_host; /* NULL unless the root is a host directory */
	uint32_t argc, envc, allow_envc, mount_count;
	const char *argv[DEFINITION_LIST_MAX], *envp[DEFINITION_LIST_MAX], *allow_env[DEFINITION_LIST_MAX];
	struct definition_place mounts[DEFINITION_MOUNTS_MAX];
};

const struct definition *definition(void);

/* Parse the records in [from, from + size); 0, or -EINVAL with what is wrong in *why. Strings are copied by `keep`. */
int definition_parse(struct definition *d, const uint8_t *from, size_t size,
		     char *(*keep)(const void *bytes, size_t size), const char **why) must_check;

void definition_start(void);

#endif
