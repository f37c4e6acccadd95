/* The fields of a route, held against what was asked. */
#ifndef ADYTON_SERVER_CORE_ASK_H
#define ADYTON_SERVER_CORE_ASK_H

#include <errno.h>

#include "server/core/backend.h"

/* 0, or a status with the error: a member that its field cannot take. */
int fields_check(struct request *r, const struct field *fields);

#endif
