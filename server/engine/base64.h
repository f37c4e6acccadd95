/*
 * Base64 as Go's encoding/base64 reads it: line breaks are skipped, the bits that padding leaves over are not looked
 * at.
 * (pool_base64_read() is strict, for what only this server writes.)
 */
#ifndef ADYTON_SERVER_ENGINE_BASE64_H
#define ADYTON_SERVER_ENGINE_BASE64_H

#include "server/core/pool.h"

/* NULL, or what is wrong with it, in Go's words. text NULL is empty. */
const char *base64_read(struct pool *p, const char *text, struct blob *out);
/* RFC 4648 section 5, without padding. */
const char *base64_read_url(struct pool *p, const char *text, struct blob *out);
char *base64_url(struct pool *p, const void *bytes, size_t size);
/* Behind a prefix, as in "vault:v1:...". */
char *base64_behind(struct pool *p, const char *prefix, const void *bytes, size_t size);

#endif
