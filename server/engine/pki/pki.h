/*
 * The PKI engine: certificate authorities, what they issue, revoke and say about it. Vault's /pki.
 *
 * Storage, in the mount's view: role/<name>; issuer/<id>, key/<id> (private keys live nowhere else); config/<topic>;
 * certs/<serial> (DER), revoked/<serial>, crl (numbers). Serials there are written "aa-bb".
 *
 * What signs is kept parsed in the mount's state as a `pki_set`, made of the store and never changed: handlers take a
 * reference, work with it, and give it back. Who changes an issuer, key or configuration holds the entry lock
 * "issuers", commits, and then calls pki_changed(), so that the next taker reads anew (state.c).
 */
#ifndef ADYTON_SERVER_ENGINE_PKI_PKI_H
#define ADYTON_SERVER_ENGINE_PKI_PKI_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/core/core.h"
#include "server/engine/pki/role.h"

enum { /* what an issuer may be used for */
	PKI_READ_ONLY = 1, PKI_ISSUING = 2, PKI_CRL_SIGNING = 4, PKI_OCSP_SIGNING = 8,
};

struct pki_issuer {
	const char *id, *name, *key_id; /* "" where there is none */
	const struct pki_key *key;
	struct pki_cert cert;
	const char *pem;
	const struct pki_issuer **chain; /* itself first */
	size_t chain_count;
	struct names manual_chain;
	const char *leaf_not_after_behavior; /* "err", "truncate", "permit" */
	unsigned int usage;
	const char *revocation_algorithm;    /* "" : by the key */
	bool revoked;
	int64_t revoked_at;                  /* Unix nanoseconds */
	bool has_urls;
	struct pki_urls urls;
	char crl[33];                        /* of subject and key: issuers that share both share a list */
};

struct pki_crl_config {
	const char *expiry, *ocsp_expiry, *auto_rebuild_grace_period, *delta_rebuild_interval;
	int64_t expiry_seconds, ocsp_seconds, grace_seconds, delta_seconds;
	bool disable, ocsp_disable, auto_rebuild, enable_delta;
};

struct pki_set {
	atomic_uint references;
	struct pool pool;
	uint64_t generation;
	struct pki_issuer *issuers;
	size_t issuer_count;
	struct pki_key *keys;
	size_t key_count;
	const char *default_issuer, *default_key; /* ids, or "" */
	bool follows_latest;
	struct pki_urls urls;
	struct pki_crl_config crl;
	bool allow_expired; /* expired certificates may be revoked */
	const char *cluster_path, *cluster_aia_path;
};

struct pki_book; /* crl.h */

#define PKI_ROLE_SLOTS 64

struct pki {
	pthread_mutex_t lock;     /* guards all here but what book and tidy point to */
	struct pki_role_kept *roles[PKI_ROLE_SLOTS];
	uint64_t role_generation;
	struct pki_set *current;
	uint64_t generation;
	struct pki_book *book;
	struct pki_tidy *tidy;
};

struct pki_set *pki_take(struct request *r);
void pki_give(struct pki_set **set);
#define _cleanup_set_ __attribute__((cleanup(pki_give)))
/* Commit what r wrote and forget the set. False: it failed, r says why. */
bool pki_changed(struct request *r);
/* Lock what issuers, keys and configuration are, and take the set as it is then. */
struct pki_set *pki_take_locked(struct request *r);

/* By id or name or "default"; NULL: *error is Vault's text. */
const struct pki_issuer *pki_issuer_find(struct request *r, const struct pki_set *set, const char *ref,
					 const char **error);
const struct pki_key *pki_key_find(struct request *r, const struct pki_set *set, const char *ref, const char **error);
/* The issuer that signs; NULL: refused, *status. */
const struct pki_issuer *pki_signer(struct request *r, const struct pki_set *set, const char *ref, unsigned int usage,
				    int *status);
/* The URLs of what this issuer signs, with templates filled; NULL: refused. */
const struct pki_urls *pki_urls_of(struct request *r, const struct pki_set *set, const struct pki_issuer *issuer,
				   int *status);
void pki_warn_issuer_ref(struct request *r, const char *ref);
/* The id of who is called "issuer_ref" in the path or body. */
const char *pki_asked_issuer(struct request *r);

/* 500 with Vault's "1 error occurred", for what it does not answer as a user's mistake. */
int pki_fail(struct request *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A serial number as stored: "aa-bb". */
const char *pki_serial_key(struct pool *pool, const char *serial);
bool pki_oid_good(struct pool *pool, const char *oid);
const char *pki_usage_text(struct pool *pool, unsigned int usage);
/* The same URLs, or these with templates filled in; NULL: *why not. */
const struct pki_urls *pki_urls_fill(struct request *r, const struct pki_set *set, const struct pki_urls *urls,
				     const char *issuer_id, const char **why);
void pki_forget(struct pki *pki);
void pki_roles_forget(struct pki *pki);

/* -- making certificates: issue.c, sans.c -- */

enum pki_format { PKI_PEM, PKI_DER, PKI_PEM_BUNDLE, PKI_FORMATS };
/* False: refused. */
bool pki_asked_format(struct request *r, enum pki_format *format);
/* PEM, or base64 of DER. */
const char *pki_show(struct request *r, enum pki_format format, struct blob der);
const char *pki_show_key(struct request *r, enum pki_format format, const struct pki_key *key);
void pki_put_key(struct request *r, struct json_writer *w, enum pki_format format, const struct pki_key *key);
/*
 * Names, times, usages of a certificate as role and request have them. csr, issuer: NULL where there is none. 0, or the
 * status of a refusal.
 */
int pki_wish_fill(struct request *r, const struct pki_role *role, const struct pki_csr *csr,
		  const struct pki_issuer *issuer, struct pki_wish *wish);
int pki_wish_names(struct request *r, const struct pki_role *role, const struct pki_csr *csr, struct pki_wish *wish);
int pki_wish_times(struct request *r, const struct pki_role *role, const struct pki_issuer *issuer,
		   struct pki_wish *wish);
/* The request's "csr", read, its key held against the role. 0, or the status of a refusal. */
int pki_asked_csr(struct request *r, const struct pki_role *role, struct pki_csr *csr);
/* A role that allows everything, with the subject's fields of the request: for authorities. */
void pki_role_any(struct request *r, struct pki_role *role);
void pki_keep_cert(struct request *r, const uint8_t *serial, size_t size, struct blob der);
/* The issuer's chain as texts, the certificate itself first where `first` is set. */
void pki_put_chain(struct request *r, struct json_writer *w, enum pki_format format, const struct pki_issuer *issuer,
		   const char *first, bool without_roots);

/* -- issuers and keys, written: issuer.c -- */

/* Import a certificate of an authority: its id; *existing tells whether it was there. NULL: *error. */
struct pki_import {
	struct pki_set *set;
	struct names issuers, keys, existing_issuers, existing_keys;
	struct names mapping; /* issuer, key, issuer, key, ... */
	struct pki_key *new_keys;
	size_t new_key_count;
	const char *default_issuer, *default_key; /* changed ones */
};
const char *pki_import_key(struct request *r, struct pki_import *in, const struct pki_key *key, const char *name,
			   const char **error);
const char *pki_import_issuer(struct request *r, struct pki_import *in, const struct pki_cert *cert, const char *name,
			      const char **error);
void pki_import_done(struct request *r, struct pki_import *in);
/* The request's name for a new one, or "". False: refused. */
bool pki_asked_issuer_name(struct request *r, const struct pki_set *set, const char **name);
bool pki_asked_key_name(struct request *r, const struct pki_set *set, const char **name);
void pki_write_issuer(struct request *r, const struct pki_issuer *issuer);
void pki_write_key(struct request *r, const struct pki_key *key);
void pki_write_config_issuers(struct request *r, const char *id, bool follows);
void pki_write_config_keys(struct request *r, const char *id);
void pki_put_urls(struct json_writer *w, const struct pki_urls *urls, const char *templating);
/* URLs as asked, over what *urls has; checked unless they are templates. A status where refused. */
int pki_asked_urls(struct request *r, struct pki_urls *urls);
void pki_put_issuer(struct request *r, struct json_writer *w, const struct pki_issuer *issuer);

bool pki_bundle_readable(struct pool *pool, const char *text);

bool pki_lease_revoke(struct request *r, struct mount *m, const struct json *internal);
struct pki_tidy *pki_tidy_make(void);
void pki_tidy_free(struct pki_tidy *tidy); /* ends its thread */
void pki_tidy_tick(struct request *r, struct mount *m);

extern const struct field pki_ca_fields[];
extern const struct route_table pki_issue_routes[], pki_authority_routes[], pki_generate_routes[],
	pki_issuer_routes[], pki_key_routes[], pki_config_routes[], pki_fetch_routes[], pki_revoke_routes[],
	pki_crl_routes[], pki_ocsp_routes[], pki_tidy_routes[];

#endif
