/* Assignments, scopes, clients and providers are kept, listed and deleted in one way. */
#ifndef ADYTON_SERVER_IDENTITY_PROVIDER_THING_H
#define ADYTON_SERVER_IDENTITY_PROVIDER_THING_H

#include "server/identity/provider.h"

const char *thing_path(struct request *r, const char *kind, const char *name); /* "oidc/<kind>/<name>" */
const char *thing_name(struct request *r);                                     /* that the request names */
bool thing_load(struct request *r, const char *kind, const char *name, const struct record_row *rows, void *thing);
void thing_put(struct request *r, const char *kind, const char *name, const struct record_row *rows,
	       const void *thing);
/* Names of the things of a kind whose list `member` has `name`. */
struct names thing_users(struct request *r, const char *kind, const char *member, const char *name);
int thing_refuse_used(struct request *r, const char *what, const char *name, const char *by, struct names users);
/* `info`: an object that is open, with a member for each. */
int thing_reply_list(struct request *r, const struct names *names, struct json_writer *info);

bool scope_known(struct request *r, const char *name);

int assignment_list(struct request *r);
int assignment_read(struct request *r);
int assignment_write(struct request *r);
int assignment_delete(struct request *r);
bool assignment_known(struct request *r, const char *name);
int scope_list(struct request *r);
int scope_read(struct request *r);
int scope_write(struct request *r);
int scope_delete(struct request *r);
int client_list(struct request *r);
int client_read(struct request *r);
int client_write(struct request *r);
int client_delete(struct request *r);

#endif
