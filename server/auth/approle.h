/*
 * approle: logins of machines, by a role's id and a secret id. Storage in the mount's view:
 *
 *   role/<name>                    the role
 *   role-id/<hash>                 its name, found by the role id
 *   secret/<hash>/<hash>           a secret id: both hashes are HMACs under the role's key
 *   accessor/<hash>                the second of them, found by the accessor
 *
 * A role's key is its own and new each time the role is made, so secret ids of a deleted role of that name stay dead
 * whatever else happens.
 *
 * Locks: changes of a role and the making of secret ids lock the role; what spends or destroys a secret id locks that.
 */
#ifndef ADYTON_SERVER_AUTH_APPROLE_H
#define ADYTON_SERVER_AUTH_APPROLE_H

#include "server/auth/record.h"
#include "server/auth/token_params.h"

#define APPROLE_NAME_MAX 4096

struct approle {
	const char *name, *key;  /* in small letters; "role/<name>" */
	const char *role_id, *hmac_key;
	bool bind_secret_id, local_secret_ids;
	struct names secret_id_bound_cidrs;
	int64_t secret_id_num_uses;
	uint64_t secret_id_ttl;
	struct token_params token;
	const char *folder; /* of its secret ids: "secret/<hash>/" */
};

extern const struct record_row approle_rows[];

/* False: there is no such role; a has its name and key all the same. */
bool approle_load(struct request *r, const struct mount *m, const char *name, struct approle *a);
bool approle_of_request(struct request *r, struct approle *a); /* by "role_name" */
bool approle_lock(struct request *r, struct approle *a);       /* the same, locked */
bool approle_of_id(struct request *r, const char *role_id, struct approle *a);
/* Put it. 204, or the status of a refusal. `before`: its role id until now, or NULL. */
int approle_put(struct request *r, const struct approle *a, const char *before);
bool approle_constrained(const struct approle *a);

struct secret_id {
	const char *key, *secret_id_accessor;
	int64_t secret_id_num_uses; /* those that are left; 0: without limit */
	uint64_t secret_id_ttl;
	int64_t creation_time, expiration_time, last_updated_time; /* Unix nanoseconds; expiration 0: never */
	struct blob metadata;
	struct names cidr_list, token_bound_cidrs;
};

/* "secret/<hash>/<hash>" */
const char *secret_id_key(struct request *r, const struct approle *a, const char *secret_id);
bool secret_id_load(struct request *r, const struct mount *m, const char *key, struct secret_id *s);
void secret_id_put(struct request *r, const struct secret_id *s);
void secret_id_delete(struct request *r, const struct mount *m, const struct secret_id *s);
bool secret_id_expired(const struct request *r, const struct secret_id *s);

/* handlers */
int approle_list(struct request *r);
int approle_read(struct request *r);
int approle_write(struct request *r);
int approle_delete(struct request *r);
bool approle_exists(struct request *r);
int approle_field_read(struct request *r);
int approle_field_write(struct request *r);
int approle_field_clear(struct request *r);
int approle_role_id_write(struct request *r);
int secret_id_make(struct request *r);
int secret_id_make_custom(struct request *r);
int secret_ids_list(struct request *r);
int secret_id_lookup(struct request *r);
int secret_id_destroy(struct request *r);
int secret_id_lookup_accessor(struct request *r);
int secret_id_destroy_accessor(struct request *r);
int approle_login(struct request *r);
bool approle_renew(struct request *r, struct mount *m, const struct json *internal, struct login *login);
int approle_tidy(struct request *r);
void approle_tick(struct request *r, struct mount *m);

#endif
