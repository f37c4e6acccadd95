/*
 * Revocation lists. The book holds, for each list, the entries (DER) in the order in which they were revoked, read once
 * from the store; a revocation adds its own. So revoking costs the same with ten revoked certificates and with a
 * million: nothing is signed then. A list is signed when it is asked for and something was added since, or its time
 * runs out; a delta list is the entries behind those of the last complete one.
 */
#ifndef ADYTON_SERVER_ENGINE_PKI_CRL_H
#define ADYTON_SERVER_ENGINE_PKI_CRL_H

#include "server/engine/pki/pki.h"

struct pki_book *pki_book_make(void);
void pki_book_free(struct pki_book *book);

/*
 * Around what revokes: between these the book is read, and what is committed is added. They keep a reading of the store
 * from seeing half of it.
 */
void pki_book_enter(struct request *r);
void pki_book_add(struct request *r, const char *crl, struct blob serial, int64_t revoked_at);
void pki_book_leave(struct request *r);
/* Read it anew: entries went away, or moved to another list. */
void pki_book_forget(struct pki_book *book);
/* All lists are signed anew when they are asked for next. */
void pki_book_expire(struct pki_book *book);

/* Sign the issuer's list where needed. False: refused or failed. */
bool pki_crl_get(struct request *r, const struct pki_set *set, const struct pki_issuer *issuer, bool delta,
		 struct blob *der);
/* Sign now, with the next number. */
bool pki_crl_rotate(struct request *r, const struct pki_set *set, bool delta);

/* -- pure -- */

struct pki_crl {
	int64_t number, base;   /* base -1: not a delta */
	int64_t this_update, next_update;
	struct blob entries;    /* SEQUENCE after SEQUENCE */
	const struct names *freshest;
	struct blob extra;      /* Extension after Extension */
};
bool pki_crl_sign(struct pool *pool, const struct pki_crl *crl, const struct pki_cert *issuer,
		  const struct pki_key *key, const struct pki_algorithm *algorithm, struct blob *out);
struct blob pki_crl_entry(struct pool *pool, struct blob serial, int64_t revoked_at);

#endif
