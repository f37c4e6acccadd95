/* Finding the row of a path in the tables of a backend. */
#ifndef ADYTON_SERVER_CORE_ROUTE_H
#define ADYTON_SERVER_CORE_ROUTE_H

#include "server/core/backend.h"

/* The first row that `rest` matches, its parameters in r; NULL: none does. */
const struct route *route_find(struct request *r, const struct route_table *tables, const char *rest);
/* NULL: the row has none for this operation. */
handler_fn route_handler(const struct route *route, enum operation op);

#endif
