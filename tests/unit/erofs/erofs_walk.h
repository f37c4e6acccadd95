/* Read everything of an EROFS image that lies in memory, through the kernel's reader. */
#ifndef ADYTON_TESTS_UNIT_EROFS_EROFS_WALK_H
#define ADYTON_TESTS_UNIT_EROFS_EROFS_WALK_H

#include <stdio.h>

#include "abi/types.h"

struct erofs_walk {
	const uint8_t *image;
	uint64_t blocks;
	FILE *out;          /* one line per path, or NULL */
	uint64_t inodes_max; /* a hostile image may have directories in circles, or holes of many TiB */
	uint64_t bytes_max;
	/* What came of it. */
	const char *why;    /* the superblock's refusal */
	unsigned held;      /* pages not given back */
	unsigned contradictions; /* two ways to read the same thing that differ */
	unsigned errors;    /* inodes, directories or data that were refused */
};

/* The superblock's result. */
int erofs_walk(struct erofs_walk *w);

#endif
