/*
 * A request, from its first byte to its last: what was asked, by whom, what is stored for it, what is answered. It runs
 * in one thread. What it stores is one transaction: gathered in `batch`, made durable as a whole after the handler
 * and before the answer. A store that fails to read or write marks the request `failed`; then nothing is committed and
 * the answer is 500, so that handlers need not look.
 */
#ifndef ADYTON_SERVER_CORE_REQUEST_H
#define ADYTON_SERVER_CORE_REQUEST_H

#include "server/core/pool.h"

struct core;
struct mount;
struct route;
struct token;
struct policy_set;
struct entity;
struct gate_field;

enum operation { OP_READ, OP_LIST, OP_CREATE, OP_UPDATE, OP_PATCH, OP_DELETE, OP_HELP, OP_COUNT };
const char *operation_name(enum operation op); /* as the audit log has it: "read", ... */

/* Where a request came from. All of it may be empty for a request of the server's own (expiry, tidy). */
struct origin {
	const char *remote_address; /* "127.0.0.1" */
	uint16_t remote_port;
	bool tls;
	/* The client's certificates as sent, DER, leaf first; none without mutual TLS. Nothing was verified but that
	 * the client holds the leaf's key. */
	const struct blob *certificates;
	size_t certificate_count;
	/*
	 * RFC 5705 exporter of the connection: label "EXPORTER-Channel-Binding" (RFC 9266), 32 bytes; size 0 without
	 * TLS.
	 */
	struct blob exporter;
	const char *user_agent;
	const struct gate_field *headers; /* as sent: server/http/gate.h */
	size_t header_count;
};

/* A login that a handler grants; the token store makes the token of it. Durations in seconds, 0: not said. */
struct login {
	struct names policies;      /* as the role says; "default" is added unless no_default_policy */
	bool no_default_policy;
	bool renewable;
	bool orphan;                /* tokens of logins are orphans */
	const char *display_name;   /* without the mount: "ada" gives "userpass-ada" */
	const char *type;           /* "service", "batch", "default", NULL: as the mount is tuned */
	uint64_t ttl, max_ttl, explicit_max_ttl, period, num_uses;
	struct names bound_cidrs;
	struct blob metadata;       /* JSON object of strings; size 0: none */
	struct blob internal;       /* JSON object that comes back to the backend's renew() */
	const char *alias;          /* name of the identity at this mount; NULL: no entity */
	struct blob alias_metadata; /* JSON object of strings */
	struct names group_aliases; /* names of the identity's groups at this mount */
	int64_t not_after;          /* the token and all that follows from it end here (Unix seconds); 0: never */
	const char *bound_key;      /* SHA-256 of the client's public key in hex: only who holds it may use the token */
	const char *role;           /* of auth/token/create/<role>, else NULL */
};

/* What a secret with a lease asks for. */
struct lease_wish {
	uint64_t ttl, max_ttl; /* seconds; 0: the mount's */
	bool renewable;
	struct blob internal;  /* JSON object that comes back to revoke() and renew() */
};

/* What is answered. Handlers use the functions below. */
struct reply {
	int status;
	struct json_writer data; /* open while has_data */
	bool has_data;
	struct names warnings, errors;
	struct names headers;    /* name, value, name, value */
	struct login *login;
	struct lease_wish *lease;
	const char *raw_type;    /* set: raw is the body and its media type */
	struct blob raw;
	struct blob attestation; /* the verdict over a login's evidence: the audit log has it as it is */
	/* filled in by the core: */
	struct blob data_text;   /* the finished object, or size 0 */
	struct blob auth_text;
	struct blob wrap_text;
	const char *lease_id;
	uint64_t lease_duration;
	bool lease_renewable;
	bool bare;               /* no envelope: data is the body */
};

struct request {
	struct core *core;
	struct pool pool;
	char id[37];             /* a UUID */
	int64_t now;             /* Unix nanoseconds; the same during the whole request */
	enum operation operation;
	const char *path;        /* whole, without "v1/": "secret/data/x" */
	struct mount *mount;     /* whose it is */
	const char *rest;        /* the path below the mount: "data/x" */
	const struct route *route;
	const struct json *body; /* an OBJECT always: body or query parameters */
	struct blob body_text;   /* as read */
	const char *content_type;
	const char *token_text;  /* as sent; NULL: none */
	const char *authorization; /* the header, where it is no Bearer's: "Basic ..." of an OpenID client; or NULL */
	uint64_t wrap_ttl;       /* seconds; 0: not asked for */
	const char *wrap_format; /* "" or "jwt" */
	struct origin origin;
	/* the path's {names} */
	struct {
		const char *name, *value;
	} parameters[8];
	size_t parameter_count;
	/* who asks, once known */
	struct token *token;
	struct entity *entity;
	const struct policy_set *policies;
	bool root; /* holds the root policy */
	/* what it stores */
	struct batch *batch;
	int failed;              /* negative errno: the store failed, see above */
	struct request_lock *locks;
	struct after *after;     /* what follows in memory once it is durable: server/lease/after.h */
	struct reply reply;
};

/* -- answering: handlers return an HTTP status -- */

/* The object "data", open for members. The core closes it. */
struct json_writer *reply_data(struct request *r);
/* An error answer: the status is returned. */
int refuse(struct request *r, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
void reply_warning(struct request *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
int reply_raw(struct request *r, int status, const char *media_type, const void *bytes, size_t size);
void reply_header(struct request *r, const char *name, const char *value);
struct login *reply_login(struct request *r);
struct lease_wish *reply_lease(struct request *r);
/* The answer to a LIST: data.keys; 404 where there are none. */
int reply_keys(struct request *r, const struct names *keys);

/* -- what was asked: path parameters first, then the body; the route's fields were checked before the handler ran -- */

bool asked(const struct request *r, const char *name); /* present and not null */
const char *ask_text(struct request *r, const char *name); /* NULL: absent */
const char *ask_text_or(struct request *r, const char *name, const char *otherwise);
bool ask_bool(struct request *r, const char *name, bool otherwise);
int64_t ask_int(struct request *r, const char *name, int64_t otherwise);
uint64_t ask_seconds(struct request *r, const char *name, uint64_t otherwise); /* "1h", 3600, "3600" */
struct names ask_list(struct request *r, const char *name); /* an array, or "a,b"; trimmed, empty ones left out */
const struct json *ask_json(const struct request *r, const char *name); /* as sent, or NULL */

/* -- the store: a view is a prefix; keys are relative to it -- */

struct view {
	const char *prefix; /* "logical/<uuid>/" */
};

bool entry_get(struct request *r, const struct view *view, const char *key, struct blob *value);
const struct json *entry_read(struct request *r, const struct view *view, const char *key); /* an OBJECT, or NULL */
void entry_put(struct request *r, const struct view *view, const char *key, const void *value, size_t size);
/* w: an object that is open, from entry_write(); ended and put. */
struct json_writer *entry_write(struct request *r);
void entry_written(struct request *r, const struct view *view, const char *key, struct json_writer *w);
void entry_delete(struct request *r, const struct view *view, const char *key);
/* What lies directly below a folder ("" or "a/b/"), sorted; folders end in '/'. */
struct names entry_list(struct request *r, const struct view *view, const char *folder);
/* Delete everything below a folder. */
void entry_delete_all(struct request *r, const struct view *view, const char *folder);

/*
 * No other request changes this entry until this one is answered. Locks have classes, and a request takes one of each
 * class at most, in this order; a second wish for the same class is an assertion.
 */
enum lock_class { LOCK_ENGINE, LOCK_IDENTITY, LOCK_TOKEN, LOCK_LEASE, LOCK_CLASSES };
void entry_lock(struct request *r, enum lock_class class, const struct view *view, const char *key);

/*
 * Make durable what was gathered so far; false: it failed, and so will the request. The core does it after the handler.
 */
bool request_commit(struct request *r);

/* A request of the server's own. */
void request_begin(struct request *r, struct core *core);
void request_release(struct request *r); /* unlocks, once the answer is settled */
void request_end(struct request *r); /* unlocks, wipes; what was not committed is dropped */
/* Given `= { .core = NULL }` it may be left before request_begin(). */
#define _cleanup_request_ __attribute__((cleanup(request_end)))

int64_t request_seconds(const struct request *r); /* r->now in Unix seconds */
/* RFC 3339 with nanoseconds, UTC, as Go writes it: "2026-11-22T03:04:05.678Z" without trailing zeros. */
const char *time_text(struct pool *p, int64_t nanoseconds);
/* Go's form of a duration: "3h25m19s", "0s". */
const char *duration_text(struct pool *p, uint64_t seconds);
/* Vault's durations: "", "90", "1h30m", "7d", fractions of units; false: not one. */
bool duration_read(const char *text, int64_t *nanoseconds);

#endif
