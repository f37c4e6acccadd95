/* Every engine and auth method, and what the core mounts at each init. */
#ifndef ADYTON_SERVER_CORE_BACKENDS_H
#define ADYTON_SERVER_CORE_BACKENDS_H

#include "server/core/backend.h"

extern const struct backend *const backends[]; /* ends with NULL */
extern const struct backend sys_backend;
extern const struct backend kv_v1_backend, kv_v2_backend, cubbyhole_backend;
extern const struct backend pki_backend, totp_backend, transit_backend;

/* By type as a client names it, with the option "version" ("1", "2" or NULL). */
const struct backend *backend_find(const char *type, enum mount_class class, const char *version);

#endif
