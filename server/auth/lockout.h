/*
 * User lockout as Vault has it since 1.13: after 5 wrong passwords for one name within 15 minutes, logins of that name
 * are refused for 15 minutes. A mount's user_lockout_config changes these numbers.
 *
 * The counts live in memory. Names that do not exist are counted too, else a lock would tell which exist; so the table
 * is bounded, and a full row of it forgets its oldest count.
 */
#ifndef ADYTON_SERVER_AUTH_LOCKOUT_H
#define ADYTON_SERVER_AUTH_LOCKOUT_H

#include "server/core/backend.h"

struct lockout;

struct lockout *lockout_make(void); /* NULL: no memory */
void lockout_free(struct lockout *l);

bool lockout_locked(struct lockout *l, const struct request *r, const char *name);
void lockout_failed(struct lockout *l, const struct request *r, const char *name);
void lockout_forget(struct lockout *l, const char *name); /* a login, or an unlock */
/* Names that are locked now. */
struct names lockout_names(struct lockout *l, struct request *r, const struct mount *m);

/* The counts of a mount whose method has them, or NULL. */
struct lockout *lockout_of(const struct mount *m);

#endif
