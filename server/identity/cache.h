/* Entities as requests need them: made from the store, and remembered. */
#ifndef ADYTON_SERVER_IDENTITY_CACHE_H
#define ADYTON_SERVER_IDENTITY_CACHE_H

#include "server/core/backend.h"

struct person;
struct oidc_states;

int identity_open(struct request *r, struct mount *m);
void identity_close(struct mount *m);
struct oidc_states *identity_codes(const struct request *r); /* codes that the OpenID provider gave out */
struct entity *entity_make(struct request *r, const struct person *from);

#endif
