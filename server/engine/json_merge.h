/*
 * JSON made of other JSON without reading its values: what is kept is copied as it was written, so that a number of
 * 400 digits survives. Results lie in the pool.
 */
#ifndef ADYTON_SERVER_ENGINE_JSON_MERGE_H
#define ADYTON_SERVER_ENGINE_JSON_MERGE_H

#include "server/core/pool.h"

/* JSON merge patch (RFC 7396); target may be NULL or no object. */
struct blob json_merge(struct pool *p, const struct json *target, const struct json *patch);
/* An object's members with null for every value: objects are entered as deep as `depth` (0: without end; 1: not). */
struct blob json_skeleton(struct pool *p, const struct json *object, int64_t depth);
/* A member's name, decoded; it may hold any character but NUL (NULL then). */
const char *json_name(struct pool *p, const struct json *member);

#endif
