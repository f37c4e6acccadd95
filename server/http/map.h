/* From a request on the wire to a request of the core (vault-api: methods, headers, bodies), and back to bytes. */
#ifndef ADYTON_SERVER_HTTP_MAP_H
#define ADYTON_SERVER_HTTP_MAP_H

#include "server/core/request.h"
#include "server/http/gate.h"

/* 0: r is ready for core_handle(). Otherwise a status, and what is wrong stands in r->reply. The texts must stay. */
int map_request(struct request *r, const struct gate_head *head, const char *body, size_t size);
/*
 * Who asks, by the header of a proxy in `authorized` (blocks of addresses with commas between them; NULL: none). 0 or a
 * status.
 */
int map_forwarded(struct request *r, const struct gate_head *head, const char *authorized);
struct names map_ranges(struct pool *p, const char *text);
/* The answer as sent, in r's pool. */
struct blob map_answer(struct request *r, const struct gate_head *head, bool close);
/* One that never became a request: written into the buffer; its size. */
size_t map_refusal(const struct gate_error *why, char *buffer, size_t size);

#endif
