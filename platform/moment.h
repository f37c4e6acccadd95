/* Moments as Intel's documents write them: 2026-05-01T12:00:00Z, seconds since 1970 in here. */
#ifndef ADYTON_PLATFORM_MOMENT_H
#define ADYTON_PLATFORM_MOMENT_H

#include "abi/types.h"

#define MOMENT_SIZE 24 /* with the NUL */
#define MOMENT_DAY 86400

/* The whole form, or a day alone (its midnight). False: neither, or no such day. */
must_check bool moment_parse(const char *text, size_t size, int64_t *moment);
void moment_text(int64_t moment, char text[MOMENT_SIZE]);

#endif
