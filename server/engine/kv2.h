/*
 * Key/value storage with versions. Entries of the mount: "config"; "meta/<key>": the settings of a key and what is
 * known of each version; "data/<key>/<number>": a version's secret, JSON as it was sent. A number is the last segment
 * of its entry's name, so that the versions of "a" and of "a/1" never meet.
 *
 * Whoever changes a key holds its entry_lock. Readers hold none: they read the metadata and then the version.
 */
#ifndef ADYTON_SERVER_ENGINE_KV2_H
#define ADYTON_SERVER_ENGINE_KV2_H

#include "server/core/backend.h"

#define KV2_NEVER (-1) /* delete_version_after of the mount: no version ends by itself, whatever its key says */

struct kv2_config {
	uint64_t max_versions;
	bool cas_required;
	int64_t delete_version_after; /* seconds; 0: not set */
};

struct kv2_version {
	uint64_t number;
	int64_t created, deleted; /* Unix nanoseconds; deleted 0: not, and may lie in the future */
	bool destroyed;
};

struct kv2_meta {
	const char *key;
	uint64_t current, oldest, max_versions;
	bool cas_required;
	int64_t delete_version_after; /* seconds */
	int64_t created, updated;
	struct blob custom;           /* JSON object of strings; size 0: none */
	struct kv2_version *versions; /* by number, rising */
	size_t count;
};

/* -- kv2_meta.c -- */

void kv2_config_read(struct request *r, struct kv2_config *c);
/* False: the key is not there, and the metadata is that of a new one. */
bool kv2_meta_read(struct request *r, const char *key, struct kv2_meta *m);
void kv2_meta_write(struct request *r, const struct kv2_meta *m);
struct kv2_version *kv2_version(const struct kv2_meta *m, uint64_t number); /* NULL: none */
bool kv2_is_deleted(const struct request *r, const struct kv2_version *v);
/* When a version that begins now will end by itself; 0: never. */
int64_t kv2_end(const struct request *r, const struct kv2_config *c, const struct kv2_meta *m);
/* The next version with this secret; those that are too old go. */
struct kv2_version *kv2_add(struct request *r, const struct kv2_config *c, struct kv2_meta *m, struct blob secret);
const char *kv2_data_key(struct request *r, const char *key, uint64_t number);
void kv2_put_time(struct request *r, struct json_writer *w, const char *name, int64_t nanoseconds);
void kv2_put_custom(struct json_writer *w, const struct kv2_meta *m);

/* -- kv2_fields.c: what clients send -- */

/* "versions": false: refused. Numbers that no version can have are left out. */
bool kv2_versions_asked(struct request *r, uint64_t **numbers, size_t *count);
/* A duration of any sign; absent: unchanged. False: refused. */
bool kv2_duration_asked(struct request *r, const char *name, int64_t *seconds);
bool kv2_max_versions_asked(struct request *r, uint64_t *count);
/* custom_metadata as an object of strings; `nulls`: members that are null stay (a patch). Size 0: refused. */
struct blob kv2_custom_asked(struct request *r, bool nulls);

int kv2_metadata_read(struct request *r);
int kv2_metadata_list(struct request *r);
int kv2_metadata_write(struct request *r);
int kv2_metadata_patch(struct request *r);
int kv2_metadata_delete(struct request *r);
int kv2_delete_versions(struct request *r);
int kv2_undelete_versions(struct request *r);
int kv2_destroy_versions(struct request *r);
int kv2_config_get(struct request *r);
int kv2_config_set(struct request *r);
/* What stands on none of the engine's paths is told where to look. */
int kv2_astray(struct request *r);

/* What kv_v1_backend stored in this mount becomes first versions; part of r's transaction, with the mount held. */
void kv2_upgrade(struct request *r, const struct mount *m);

#endif
