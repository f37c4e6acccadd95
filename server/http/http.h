/*
 * HTTP/1.1 over TCP, Unix sockets and TLS (libssl). A gate in front of everything refuses what a secrets server
 * must not guess about (gate.h); what passes becomes a struct request, is handled by a worker, and its answer is sent.
 * Idle and slow connections hold no thread.
 */
#ifndef ADYTON_SERVER_HTTP_HTTP_H
#define ADYTON_SERVER_HTTP_HTTP_H

#include "server/core/core.h"

struct http;

/* Start all listeners of the configuration. NULL with a message. */
struct http *http_start(struct core *core, char *error, size_t size);
/* The port of the first listener (tests ask for port 0). */
uint16_t http_port(const struct http *h);
void http_reload(struct http *h); /* SIGHUP: certificates are read anew */
/* Take no more, finish what runs (at most 10 s), close. */
void http_stop(struct http *h);

#endif
