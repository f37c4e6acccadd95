/*
 * attest: a login by evidence of what runs. The client asks for a nonce, has its enclave (or machine) attest
 *
 *     report_data = "ADYLOGN1" ‖ SHA-384(p(cluster key hash) ‖ p(mount accessor) ‖ p(role) ‖ p(nonce) ‖
 *                   p(client key hash) ‖ p(TLS exporter)) ‖ 8 zero bytes,   p(x) = u32 length, big endian ‖ x
 *
 * and sends the evidence on the same TLS connection, on which it showed its key by a client certificate. What is bound,
 * and what by: the server (cluster key hash: SHA-256 of the SubjectPublicKeyInfo of the key that this store has kept
 * since its init), the place (accessor, role), the moment (a nonce of 32 bytes that the server gave, once, for 60 s),
 * who may use the answer (SHA-256 of the client's SubjectPublicKeyInfo; the token is bound to it), and the connection
 * (RFC 9266 exporter), so that evidence relayed through another connection is refused. Adyton's kernel attests nothing
 * that begins with "ADY" for programs, so that no application can be made an oracle.
 *
 * Storage: config, role/<name>, collateral/<name>.
 */
#ifndef ADYTON_SERVER_AUTH_ATTEST_H
#define ADYTON_SERVER_AUTH_ATTEST_H

#include "attest/attest.h"
#include "server/auth/token_params.h"

#define ATTEST_NONCE_SIZE 32
#define ATTEST_HASH_SIZE 32

struct attest_role {
	const char *name;
	const char *policy;  /* the verifier's, adyton-policy(5) */
	const char *binding; /* how evidence is bound: "adyton" */
	const char *alias;   /* what names the identity: "signer" (signer, product) or "measurement" */
	struct token_params token;
};

/* The mount's state: what verifies, made anew where the configuration changes, and the nonces that are out. */
struct attest_method;

/* -- attest_state.c -- */

int attest_open(struct request *r, struct mount *m);
void attest_close(struct mount *m);
/* What is stored was changed by r: the verifier is read again when it is next needed. */
void attest_changed(struct mount *m);
/* The verdict over evidence by the stored roots and collateral, and by what the client sent (size 0: nothing). */
bool attest_judge(struct request *r, const struct attest_request *question, struct blob sent, struct attest_verdict *v);

/* -- attest_nonce.c: good for one login, for 60 s, for the role that it was asked for -- */

struct nonces;
struct nonces *nonces_make(void);
void nonces_free(struct nonces *n);
/* `now`: Unix nanoseconds. False: the role's name is too long. */
must_check bool nonce_give(const struct nonces *n, int64_t now, const char *role, uint8_t nonce[ATTEST_NONCE_SIZE]);
/* Whether it was given here, for this role, less than 60 s ago. */
must_check bool nonce_fresh(const struct nonces *n, int64_t now, const char *role,
			    const uint8_t nonce[ATTEST_NONCE_SIZE]);
/* Of one that is fresh: false where it was spent before (or where too many were). */
must_check bool nonce_spend(struct nonces *n, int64_t now, const uint8_t nonce[ATTEST_NONCE_SIZE]);
struct nonces *attest_nonces(const struct mount *m);

/* -- attest_role.c -- */

bool attest_role_load(struct request *r, const struct mount *m, const char *name, struct attest_role *role);
extern const struct route_table attest_role_tables[];

extern const struct backend attest_backend;

#endif
