/* Settings as a table: what a struct's members are called when they are stored, asked for and answered. */
#ifndef ADYTON_SERVER_ENGINE_PKI_ROWS_H
#define ADYTON_SERVER_ENGINE_PKI_ROWS_H

#include "server/core/backend.h"

struct pki_row {
	const char *name;
	enum field_type type; /* BOOL: bool; STRING: const char *; LIST, ANY: struct names; INT, SECONDS: int64_t */
	size_t offset;
};

#define PKI_FIELD_TYPE_BOOL bool
#define PKI_FIELD_TYPE_STRING const char *
#define PKI_FIELD_TYPE_LIST struct names
#define PKI_FIELD_TYPE_ANY struct names /* asked for by its owner */
#define PKI_FIELD_TYPE_INT int64_t
#define PKI_FIELD_TYPE_SECONDS int64_t
/* Of F(kind, name, default as JSON, what it means): a member, a row of a route's fields, a member of defaults. */
#define PKI_FIELD_MEMBER(kind, name, otherwise, text) PKI_FIELD_TYPE_##kind name;
#define PKI_FIELD_ROW(kind, name, otherwise, text) { #name, FIELD_##kind, text },
#define PKI_FIELD_OTHERWISE(kind, name, otherwise, text) ",\"" #name "\":" otherwise

/* Members that are stored; others stay as they are. */
void pki_rows_read(struct pool *pool, const struct pki_row *rows, size_t count, const struct json *stored, void *to);
void pki_rows_write(struct json_writer *w, const struct pki_row *rows, size_t count, const void *from);
/* Those that the request names. */
void pki_rows_ask(struct request *r, const struct pki_row *rows, size_t count, void *to);


#endif
