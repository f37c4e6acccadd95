/* The help of a route: what ?help=1 and the method HELP answer. */
#ifndef ADYTON_SERVER_SYS_OPENAPI_H
#define ADYTON_SERVER_SYS_OPENAPI_H

#include "server/core/request.h"

int help_answer(struct request *r);

#endif
