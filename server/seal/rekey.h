/* Replacing shares, and with those of the barrier also the root key. Guarded as seal_state.h says. */
#ifndef ADYTON_SERVER_SEAL_REKEY_H
#define ADYTON_SERVER_SEAL_REKEY_H

#include "server/seal/pgp.h"
#include "server/seal/seal_state.h"

struct rekey *rekey_of(struct request *r);
bool rekey_is_recovery(const struct request *r);
int rekey_refuse(struct request *r); /* 0, or a status: sealed, not initialised, no such keys here */
/* The answer to the last share, and the backup of what it shows. shares: NULL where nobody is given any. */
void rekey_put_fingerprints(struct json_writer *w, const struct rekey *k); /* null where there are none */
int rekey_reply(struct request *r, const struct rekey *k, const struct share *shares);

#endif
