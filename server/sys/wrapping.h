/* Response wrapping: an answer is put away under a token of one use, and the token is given instead. */
#ifndef ADYTON_SERVER_SYS_WRAPPING_H
#define ADYTON_SERVER_SYS_WRAPPING_H

#include "server/core/backend.h"

/*
 * Put r's finished answer away for r->wrap_ttl seconds: data, auth and lease leave the reply, wrap_text comes. A
 * status.
 */
must_check int wrap_reply(struct request *r);

extern const struct route_table sys_wrapping_tables[];

#endif
