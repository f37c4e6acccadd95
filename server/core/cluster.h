/*
 * Who this server is, whatever machine it runs on and however often its image changes: a name, an id, and a P-256 key
 * that was made when the store was. Clients pin the SHA-256 of the key's SubjectPublicKeyInfo in their measured
 * definition, so that another server of the same code is not theirs. The key never leaves the barrier.
 *
 * Storage: core/cluster (name, id), core/cluster-key (PKCS #8, DER).
 */
#ifndef ADYTON_SERVER_CORE_CLUSTER_H
#define ADYTON_SERVER_CORE_CLUSTER_H

#include <openssl/evp.h>

#include "server/core/core.h"

must_check int cluster_open(struct core *core, struct request *r);
void cluster_close(struct core *core);

/* The key itself, to be used within the same lock of the core; NULL while sealed. */
EVP_PKEY *cluster_key(const struct core *core);

#endif
