/*
 * The CA of an operator's software platforms: a root, a Platform CA for PCK certificates, a signer of TCB documents,
 * all in one folder that only its owner can read. Every change is one rename() of ca.json (state.h); what goes out is
 * made from that state, so that after a crash the same command can be given again.
 */
#ifndef ADYTON_PLATFORM_CA_H
#define ADYTON_PLATFORM_CA_H

#include "platform/state.h"

#define CA_DAYS 30 /* how long collateral holds, as Intel's does */

struct ca_signer {
	EVP_PKEY *key;
	X509 *certificate;
};

/* Asks once and answers for all keys of the folder. */
struct ca_passphrase {
	struct passphrase asked;
	struct passphrase *inner;
	int size; /* -1: not asked yet */
	char text[256];
};

struct ca {
	char dir[PATHS_MAX];
	int lock; /* on the folder: one command at a time */
	struct state *s;
	struct ca_signer root, pck, tcb;
	struct ca_passphrase passphrase;
};

/* passphrase: of the new keys, or NULL. */
must_check int ca_init(const char *dir, const char *name, int64_t at, uint32_t days, const char *passphrase,
		       struct fail *f);
must_check int ca_open(struct ca *ca, const char *dir, struct passphrase *passphrase, struct fail *f);
void ca_close(struct ca *ca);

/* New collateral is due from `at` on: numbered, dated and on the disk. */
must_check int ca_commit(struct ca *ca, int64_t at, struct fail *f);
/* Also replaces certificates (with new keys) that are revoked or end soon. */
must_check int ca_renew(struct ca *ca, int64_t at, struct fail *f);

struct ca_issue {
	const struct request *request;
	int64_t at;
	X509 *pck; /* the caller frees it */
};
/* Checks the request's signature, certifies, and remembers family and quoting enclave if they are new. */
must_check int ca_issue(struct ca *ca, struct ca_issue *i, struct fail *f);

/* By serial number: a PCK certificate. */
must_check int ca_revoke(struct ca *ca, const char *serial, int reason, int64_t at, struct fail *f);
enum ca_member { CA_PCK_CA, CA_TCB_SIGNING };
must_check int ca_revoke_member(struct ca *ca, enum ca_member which, int reason, int64_t at, struct fail *f);

/* What documents are about: levels of a family, and of a quoting enclave. */
struct ca_choice {
	const uint8_t *fmspc; /* NULL: the only family */
	const char *serial;   /* or: of the platform with this PCK certificate; NULL: the only quoting enclave */
};
must_check int ca_family(struct ca *ca, const struct ca_choice *c, struct state_family **family, struct fail *f);
must_check int ca_qe(struct ca *ca, const struct ca_choice *c, struct tcb_qe **qe, struct fail *f);
must_check int ca_collateral(struct ca *ca, const struct ca_choice *c, char **json, struct fail *f);
/* SHA-256 of the SubjectPublicKeyInfo: how verifiers name a root. */
must_check int ca_fingerprint(X509 *x, uint8_t sha256[32], struct fail *f);

#endif
