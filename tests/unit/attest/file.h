/* What the programs under this folder verify: whole files, or the end of the program. */
#ifndef ADYTON_TESTS_UNIT_ATTEST_FILE_H
#define ADYTON_TESTS_UNIT_ATTEST_FILE_H

#include <stdio.h>
#include <stdlib.h>

#include "attest/attest.h"

/* malloc'd, with no room behind the last byte, so that a sanitizer sees who reads too far. Never freed. */
static inline struct attest_bytes file_read(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *at = malloc(ATTEST_COLLATERAL_MAX);
	size_t size;

	if (!f || !at) {
		perror(path);
		exit(2);
	}
	size = fread(at, 1, ATTEST_COLLATERAL_MAX, f);
	fclose(f);
	return (struct attest_bytes){ realloc(at, size + 1), size };
}

#endif
