/*
 * What a secrets engine or an auth method is: a table of routes, and what happens when it is mounted and when what it
 * gave out ends. One file per engine in server/engine/, one per method in server/auth/; server/core/backends.c lists
 * them. sys/, identity/, cubbyhole/ and auth/token/ are backends too.
 */
#ifndef ADYTON_SERVER_CORE_BACKEND_H
#define ADYTON_SERVER_CORE_BACKEND_H

#include "base/list.h"
#include "server/core/request.h"

typedef int (*handler_fn)(struct request *r);

enum field_type {
	FIELD_STRING,   /* numbers and booleans are taken as their text */
	FIELD_INT,      /* also "5" */
	FIELD_BOOL,     /* also "true", "1", 1 */
	FIELD_SECONDS,  /* a duration */
	FIELD_LIST,     /* strings: an array, or one text with commas */
	FIELD_MAP,      /* an object */
	FIELD_ANY,
};

struct field {
	const char *name;
	enum field_type type;
	const char *text; /* what it means, for OpenAPI and ?help=1 */
};

enum route_flags {
	ROUTE_OPEN = 1,        /* no token needed */
	ROUTE_SUDO = 2,        /* needs the sudo capability */
	ROUTE_BARE = 4,        /* answers without the envelope */
	ROUTE_INJECT = 8,      /* members of data also stand at the top level */
	ROUTE_SEALED = 16,     /* answers also while sealed or not initialised */
	ROUTE_EXCLUSIVE = 32,  /* changes what the core holds: no other request runs meanwhile */
	ROUTE_UNAUDITED = 64,
};

/*
 * The pattern: segments, "{name}" for one segment of Vault's name characters, "{name*}" for all that is left
 * (at least one character), "{name?}" the same or nothing; only plain text may follow these. "keys" answers LIST
 * "keys/" and GET "keys" alike. The first row that matches counts.
 */
struct route {
	const char *pattern;
	unsigned int flags;
	handler_fn read, list, update, delete, patch; /* update: POST and PUT; create too where `create` is NULL */
	handler_fn create;
	bool (*exists)(struct request *r); /* whether POST is an update; NULL: it is (Vault's rule) */
	const struct field *fields;        /* ends with an empty row; NULL: takes none */
	const char *text;                  /* one line, for OpenAPI and ?help=1 */
};

/* Tables come in arrays that end with an empty one; one without routes stands for another such array. */
struct route_table {
	const struct route *routes;
	size_t count;
	const struct route_table *also;
};
#define ROUTES(table) { table, sizeof(table) / sizeof((table)[0]), NULL }

enum mount_class { MOUNT_SECRET, MOUNT_AUTH };

struct lease; /* server/lease/lease.h */

struct backend {
	const char *type;                 /* "kv" */
	enum mount_class class;
	const struct route_table *tables; /* ends with an empty one */
	bool once;                        /* mounted by the core at its own place and nowhere else */
	/* Each may be NULL. open(): when mounted and at every unseal; state is the mount's. A status of 400 and more
	 * refuses the mounting. */
	int (*open)(struct request *r, struct mount *m);
	void (*close)(struct mount *m);
	/* What a lease gave ends, or goes on; internal: as in the wish. renew() may shorten *ttl; false: it may not be
	 * renewed (refuse() was called). */
	bool (*revoke)(struct request *r, struct mount *m, const struct json *internal);
	bool (*renew)(struct request *r, struct mount *m, const struct json *internal, uint64_t *ttl,
		      uint64_t *max_ttl);
	/* May a token of a login of this method still be renewed? Fills in login->ttl, max_ttl, period, policies
	 * as they are now. */
	bool (*renew_login)(struct request *r, struct mount *m, const struct json *internal, struct login *login);
	/* About once a minute, with nothing held. */
	void (*tick)(struct request *r, struct mount *m);
};

/* A row of the mount table. Stays while a request runs: the table only changes in exclusive ones. */
struct mount {
	struct list link;
	const struct backend *backend;
	struct view view;          /* its storage: "logical/<uuid>/" or "auth/<uuid>/" */
	void *state;               /* the backend's */
	const char *path;          /* "secret/", "auth/userpass/" */
	const char *type;          /* as mounted: "kv", "kv-v2", ... */
	const char *accessor;      /* "kv_1a2b3c4d" */
	const char *uuid;
	const char *description;
	struct blob options;       /* JSON object of strings, or size 0 */
	struct blob config;        /* JSON object: what was tuned, members as Vault names them */
	uint64_t default_lease_ttl, max_lease_ttl; /* seconds; 0: the system's */
	const char *token_type;    /* auth: "default-service", ... */
	bool local, seal_wrap, external_entropy_access;
	struct pool pool;          /* holds the above */
};

const char *mount_option(struct pool *p, const struct mount *m, const char *name);
uint64_t mount_default_ttl(const struct core *core, const struct mount *m);
uint64_t mount_max_ttl(const struct core *core, const struct mount *m);

#endif
