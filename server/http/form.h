/* Percent-encoding, queries and forms: text of the URL as text, as pairs, as the JSON object that handlers read. */
#ifndef ADYTON_SERVER_HTTP_FORM_H
#define ADYTON_SERVER_HTTP_FORM_H

#include "server/core/pool.h"

/* Decoded, in the pool; NULL: an escape is broken, or what comes out is not printable UTF-8. plus: '+' is a space. */
char *form_decode(struct pool *p, const char *at, size_t size, bool plus);
/*
 * "a=1&b=x%20y" as names: name, value, name, value, ... False: refused. Names without '=' have the value "".
 */
bool form_pairs(struct pool *p, const char *at, size_t size, struct names *pairs);
/* The value of the first pair of that name, or NULL. */
const char *form_value(const struct names *pairs, const char *name);
/* An object of strings, or of arrays where a name is repeated. Leaves out "help", which is no parameter. */
const struct json *form_object(struct pool *p, const struct names *pairs, struct blob *text);

#endif
