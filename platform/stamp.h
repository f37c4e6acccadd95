/* Moments as Intel's documents write them: 2026-05-01T12:00:00Z, seconds since 1970 in here. */
#ifndef ADYTON_PLATFORM_STAMP_H
#define ADYTON_PLATFORM_STAMP_H

#include "base/json_write.h"

#define STAMP_SIZE 24 /* with the NUL */
#define STAMP_DAY 86400

/* The whole form, or a day alone (its midnight). False: neither, or no such day. */
must_check bool stamp_parse(const char *text, size_t size, int64_t *moment);
void stamp_text(int64_t moment, char text[STAMP_SIZE]);
void stamp_put(struct json_writer *w, const char *name, int64_t moment);

#endif
