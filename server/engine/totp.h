/*
 * One-time passwords of time (RFC 6238): keys made here or brought along. Entries: "key/<name>"; "used/<name>": the
 * codes that were taken as valid lately, so that none is taken twice, also after a restart.
 */
#ifndef ADYTON_SERVER_ENGINE_TOTP_H
#define ADYTON_SERVER_ENGINE_TOTP_H

#include "server/core/backend.h"

struct totp_key {
	struct blob secret;
	const char *issuer, *account, *algorithm; /* "SHA1", "SHA256", "SHA512" */
	uint64_t period, digits, skew;            /* seconds; 6 or 8; periods to either side */
};

bool totp_key_read(struct request *r, const char *name, struct totp_key *k);
/* The code of one step of time, in the pool. */
char *totp_code(struct pool *p, const struct totp_key *k, uint64_t step);
int totp_code_read(struct request *r);
int totp_code_check(struct request *r);

/* -- totp_url.c -- */

/*
 * "otpauth://totp/Issuer:account?secret=..."; NULL: it is well, else what is wrong. What it says replaces what *k has.
 */
const char *totp_url_read(struct pool *p, const char *url, struct totp_key *k);
char *totp_url(struct pool *p, const struct totp_key *k);
/* RFC 4648 section 6; padding may be missing, letters small. */
bool base32_read(struct pool *p, const char *text, struct blob *out);
char *base32(struct pool *p, struct blob bytes); /* without padding */

/* -- qr.c -- */

/* A text as QR code, PNG of size × size grey pixels; false: it does not fit into so few. */
bool qr_png(struct pool *p, const char *text, uint32_t size, struct blob *png);

#endif
