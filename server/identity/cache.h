/* Entities as requests need them: made from the store, and remembered. */
#ifndef ADYTON_SERVER_IDENTITY_CACHE_H
#define ADYTON_SERVER_IDENTITY_CACHE_H

#include "server/core/backend.h"

struct person;

int identity_open(struct request *r, struct mount *m);
void identity_close(struct mount *m);
struct entity *entity_make(struct request *r, const struct person *from);

#endif
