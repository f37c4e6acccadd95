/*
 * What `adyton run` hands to the host program `adyton-host`: one sealed memfd, its number is argv[1] in decimal:
 *
 *     struct launch                    at offset 0
 *     u32 offsets, strings             anywhere behind it
 *
 * adyton-host maps `size` bytes of it read-only and shared, so that nobody can change it later. Offsets count from the
 * start of the struct, never pointers; an offset of 0 means absent. Every string ends with a NUL inside `size`.
 * Open descriptors that the launcher names here are not close-on-exec; the host must keep them from the program.
 */
#ifndef ADYTON_ABI_LAUNCH_H
#define ADYTON_ABI_LAUNCH_H

#include "abi/types.h"

#define LAUNCH_MAGIC "ADYLNCH\1"
#define LAUNCH_VERSION 1

enum launch_processor { LAUNCH_PROCESSOR_AUTO, LAUNCH_PROCESSOR_SOFT, LAUNCH_PROCESSOR_HW };
enum launch_memory { LAUNCH_MEMORY_SECRET, LAUNCH_MEMORY_ORDINARY };

#define LAUNCH_STRICT 0x1U /* soft processor: ENCLU and CPUID trap one by one */
#define LAUNCH_QUICK 0x2U  /* the image is the quick image; `program` is what it executes */
#define LAUNCH_NO_RANDOMIZE 0x4U /* personality ADDR_NO_RANDOMIZE: quick and debug runs heed it */

/* --trace: what to print on stderr. Plain --trace is LAUNCH_TRACE_SYSCALL. */
#define LAUNCH_TRACE_SYSCALL 0x1U
#define LAUNCH_TRACE_HOSTCALL 0x2U
#define LAUNCH_TRACE_FAULT 0x4U
#define LAUNCH_TRACE_SIGNAL 0x8U

struct launch {
	uint8_t magic[8];
	uint32_t version;
	uint32_t size;        /* of everything, strings included */
	int32_t image_fd;     /* open for reading, at offset 0 */
	int32_t stats_fd;     /* where the JSON of --stats goes at exit; -1: nowhere */
	uint32_t trace;       /* LAUNCH_TRACE_* */
	uint32_t trace_names; /* string: only these system calls, by name, separated by commas; 0: all */
	uint32_t memory;      /* enum launch_memory */
	uint32_t processor;   /* enum launch_processor */
	uint32_t flags;       /* LAUNCH_* above */
	uint32_t argc;        /* strings in argv. Image: what follows the operand (no argv[0]); quick: argv[0] first */
	uint32_t argv;        /* offset of u32 [argc], each the offset of a string */
	uint32_t envc;
	uint32_t envp;        /* offset of u32 [envc]; the whole environment of the launcher, "K=V" */
	uint32_t cwd;         /* string: absolute working directory */
	uint32_t program;     /* string, quick only: what a shell would execute, relative to cwd or absolute */
	uint32_t image_path;  /* string: the image as the user named it, for messages */
	uint32_t guard;       /* string: absolute path of adyton-guard, 0 when not installed */
	uint32_t keys;        /* string: absolute path of adyton-keys, 0 when not installed */
	uint32_t data_dir;    /* string: absolute folder of the platform (processor secret, quoting) */
	uint32_t quoting;     /* string: absolute path of adyton-quoting, 0 when not installed */
	uint32_t reserved[10];
};

_Static_assert(sizeof(struct launch) == 128, "launch");

#endif
