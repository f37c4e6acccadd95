/* The auth methods, each a backend in a file (or a few) of its name. */
#ifndef ADYTON_SERVER_AUTH_AUTH_H
#define ADYTON_SERVER_AUTH_AUTH_H

#include "server/core/backend.h"

extern const struct backend userpass_backend, approle_backend, cert_backend, jwt_backend, oidc_backend;

/* open() and close() of those that lock users out: a mount's state is its struct lockout. */
int lockout_open(struct request *r, struct mount *m);
void lockout_close(struct mount *m);

#endif
