/* The listening sockets. */
#ifndef ADYTON_SERVER_HTTP_DOOR_H
#define ADYTON_SERVER_HTTP_DOOR_H

#include "server/http/connection.h"

/* Opens d->fd and reads the certificates. False with a message. */
must_check bool door_open(struct door *d, const struct listener *listener, struct core *core, char *error, size_t size);
void door_close(struct door *d); /* takes no more; sessions go on */
void door_free(struct door *d);
/* The next connection that waits, or -errno. Fills in the peer. */
int door_accept(const struct door *d, struct connection *c);
uint16_t door_port(const struct door *d);

#endif
