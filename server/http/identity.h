/*
 * The certificate of a listener without files: made by the server itself for its cluster key (cluster.h), which clients
 * pin, and with evidence inside where the server runs in an enclave. While there is no such key (before init, sealed),
 * it is for a key of this process, so that who initialises the server can check the evidence before trusting it.
 */
#ifndef ADYTON_SERVER_HTTP_IDENTITY_H
#define ADYTON_SERVER_HTTP_IDENTITY_H

#include <stddef.h>

struct core;
struct identity;
struct ssl_st;

/* NULL with a message. */
struct identity *identity_make(struct core *core, char *error, size_t size);
void identity_free(struct identity *i);
/* OpenSSL's cert_cb: what this handshake shows. */
int identity_show(struct ssl_st *session, void *identity);

#endif
