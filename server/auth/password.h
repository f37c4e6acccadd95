/*
 * Passwords as bcrypt (cost 10, as Vault's), by the C library's crypt_r(). bcrypt takes 4 KiB while it runs; a
 * memory-hard function would let anybody who may try to log in take 16 MiB of an enclave's memory with each try
 * (docs/decisions/0047).
 */
#ifndef ADYTON_SERVER_AUTH_PASSWORD_H
#define ADYTON_SERVER_AUTH_PASSWORD_H

#include "server/core/pool.h"

#define PASSWORD_MAX 72 /* bcrypt sees no more */

/* "$2b$10$..."; NULL: longer than PASSWORD_MAX. */
const char *password_hash(struct pool *p, const char *password);
/*
 * Whether it is the password of that hash. NULL: of nobody; the answer is no, and takes as long. The comparison
 * takes as long wherever they differ.
 */
bool password_matches(struct pool *p, const char *password, const char *hash);
/* The cost of a bcrypt hash made elsewhere, or -1 where the text is none. */
int password_cost(const char *hash);

#endif
