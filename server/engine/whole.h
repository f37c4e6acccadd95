/*
 * Entries that are the whole body of a request as it was sent: key/value storage without versions, and cubbyholes.
 * Keys are the path in the request ("{path?}").
 */
#ifndef ADYTON_SERVER_ENGINE_WHOLE_H
#define ADYTON_SERVER_ENGINE_WHOLE_H

#include "server/core/request.h"

bool whole_exists(struct request *r, const struct view *view);
/* The entry is the answer's data; `root`: where to put what was read, for who wants to look inside. */
int whole_read(struct request *r, const struct view *view, const struct json **root);
int whole_write(struct request *r, const struct view *view);
int whole_delete(struct request *r, const struct view *view);
int whole_list(struct request *r, const struct view *view);

/* The path as a folder: "" or with a '/' at its end. */
const char *path_folder(struct request *r);
/* A path that an entry may have; else refused, and NULL. */
const char *path_to_write(struct request *r);

#endif
