/* The mount table: in memory a list sorted by path, in the store an entry each ("core/mounts/<uuid>"). */
#ifndef ADYTON_SERVER_CORE_MOUNTS_H
#define ADYTON_SERVER_CORE_MOUNTS_H

#include "server/core/core.h"

extern const struct view mounts_view;

/* At unseal: 0 or -errno. */
must_check int mounts_load(struct request *r);
void mounts_unload(struct core *core);
/* Store what a mount says of itself. */
void mount_store(struct request *r, const struct mount *m);
/* Options and tuning of a body, as mount_add() and tune take them; a status, 0 where all is well. */
int mount_tune(struct request *r, struct mount *m, const struct json *body);
/* Tune and store: description and options stay where they are NULL. A status, 0 where all is well. */
int mount_retune(struct request *r, struct mount *m, const char *description, const struct json *options);
/* A new place for it; a status, 0 where all is well. */
int mount_move(struct request *r, struct mount *m, const char *path);
/* The members of a mount in listings. */
void mount_put(struct json_writer *w, const char *name, const struct mount *m);
/* The same members at the top of the answer's data. */
void mount_put_members(struct request *r, const struct mount *m);
/* A path with its slash at the end. */
const char *mount_path(struct pool *p, const char *path);
/* The members of its configuration alone. */
void mount_put_config(struct json_writer *w, const struct mount *m);

/* -- between mounts.c and mount_change.c -- */

struct mount *mount_make(void);
void mount_free(struct mount *m); /* closes it, unlinks it */
void mount_insert(struct core *core, struct mount *m);
/* Type and options give the backend, path and backend the view. False: there is no such backend. */
bool mount_resolve(struct mount *m);
void mount_tuned(struct mount *m); /* config has changed */
const char *mount_keep(struct mount *m, const char *text);
struct blob mount_keep_options(struct mount *m, const struct json *value); /* an OBJECT of strings, or size 0 */
struct blob mount_keep_json(struct mount *m, const struct json *value); /* an OBJECT that is not empty */
bool mount_flag(const struct json *object, const char *name);

#endif
