/* What an image is, as its author writes it in HCL, and as the kernel reads it (abi/image.h, enum definition_type). */
#ifndef ADYTON_IMAGE_DEFINITION_H
#define ADYTON_IMAGE_DEFINITION_H

#include "abi/image.h"
#include "base/bytes.h"
#include "image/fail.h"

#define DEFINITION_LIST_MAX 256 /* what the kernel takes of each kind */
#define DEFINITION_MOUNTS_MAX 32
#define DEFINITION_COMPILED_MAX (1UL << 20)

struct strings {
	const char **at;
	size_t count;
};

struct definition_volume {
	const char *path, *source; /* source is empty for a tmpfs */
	uint32_t type;             /* enum definition_mount_type */
	bool read_only;
};

struct definition {
	const char *label;      /* for people, not measured */
	const char *rootfs;     /* as written: relative to the definition's folder; NULL: none */
	const char *root_host;  /* the host's folder that is the root, unmeasured; NULL: none */
	const char *workdir;    /* NULL: "/" */
	struct strings entrypoint, environment, allow_environment;
	/* of adyton-init, before the entry point; count 0: the definition asks for no secrets */
	struct strings init;
	uint64_t memory, threads, product_id, security_version;
	bool debug, allow_arguments, ordinary_memory, quick, development, provisioning;
	struct definition_volume mounts[DEFINITION_MOUNTS_MAX];
	size_t mount_count;
	bool has_verity;
	struct definition_verity verity;
	void *owned; /* where the strings are */
};

/* Parse and check. `name` stands in messages. */
must_check int definition_parse(struct definition *d, const char *name, const char *text, size_t size, struct fail *f);
must_check int definition_read_file(struct definition *d, const char *path, struct fail *f);
void definition_free(struct definition *d);

/* The compiled form: the same definition gives the same bytes. */
must_check int definition_compile(const struct definition *d, struct bytes_writer *out, struct fail *f);

/* One record of the compiled form. */
struct definition_record {
	uint32_t type, length;
	const uint8_t *at;
};
/* 1: *record is the next; 0: the end; -1: malformed. */
must_check int definition_next(struct bytes_reader *r, struct definition_record *record);
/* Check the whole compiled form as the kernel will: known types, their order, lengths and contents. */
must_check int definition_check(const uint8_t *compiled, size_t size, struct fail *f);

#endif
