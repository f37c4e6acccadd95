/*
 * What the parts of the verifier share. The order of work:
 *
 *     attest_verify()   verify.c: evidence_decode() -> quote_verify() or snp_verify() -> report data -> policy_apply()
 *     quote_verify()    quote_verify.c; snp_verify() in snp_verify.c: set v->genuine, or return false with the refusal;
 *                       quote_verify() -> machine_verify() (machine.c), which calls one of them once more
 *
 * A function that returns bool returns true when the check holds; false after it has filled in the refusal. Nothing
 * here allocates by what the evidence says: buffers are fixed, and what does not fit is refused.
 */
#ifndef ADYTON_ATTEST_INTERNAL_H
#define ADYTON_ATTEST_INTERNAL_H

#include <openssl/evp.h>
#include <string.h>

#include "attest/attest.h"
#include "base/bytes.h"

#define ATTEST_ROOTS_MAX 16
#define CERTIFICATES_MAX 8           /* in one chain */
#define CERTIFICATES_SIZE (16 << 10) /* of one chain as DER */

/* ---- Context ---- */

/* A trusted root is a key: Intel has two certificates with one key, and may issue a third. */
struct attest_root {
	char name[64];
	uint8_t sha256[32]; /* of the SubjectPublicKeyInfo */
	enum attest_assurance assurance;
};

struct attest_roots {
	size_t count;
	struct attest_root at[ATTEST_ROOTS_MAX];
};

struct attest {
	OSSL_LIB_CTX *libctx;
	OSSL_PROVIDER *provider;
	EVP_MD *sha256, *sha384, *sha512;
	EVP_PKEY *p256, *p384; /* parameters of the curves, without a key */
	struct attest_roots roots;
	struct attest_roots machine_roots; /* of machines below software platforms, instead */
};

/* The same context trusting the machines' roots: for everything about a machine below. Not to be freed. */
struct attest attest_of_machines(const struct attest *a);

/* ---- Refusals ---- */

/* Always false. `expected` may be NULL; `found` is a format, and may be NULL. */
bool refuse(struct attest_refusal *why, enum attest_reason reason, const char *expected, const char *found, ...)
	__attribute__((format(printf, 4, 5)));
/* A moment as "2026-05-01T12:00:00Z"; to: at least 32 bytes. Returns `to`. */
const char *attest_moment_text(int64_t at, char *to);
/* Seconds since 1970 of a civil time in UTC; false when it is none. */
bool moment_make(int year, int month, int day, int hour, int minute, int second, int64_t *at);

static inline struct attest_bytes bytes_of(const void *at, size_t size)
{
	return (struct attest_bytes){ at, size };
}

static inline bool bytes_equal(struct attest_bytes a, struct attest_bytes b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

/* ---- Signatures ---- */

enum key_kind { KEY_UNKNOWN, KEY_P256, KEY_P384, KEY_RSA };
enum signature_kind {
	SIGNATURE_UNKNOWN,
	SIGNATURE_ECDSA_SHA256,
	SIGNATURE_ECDSA_SHA384,
	SIGNATURE_RSA_PSS_SHA384, /* MGF1 SHA-384, salt 48: AMD's */
};

struct public_key {
	enum key_kind kind;
	struct attest_bytes spki; /* DER SubjectPublicKeyInfo */
	struct attest_bytes bits; /* EC: x, y without the leading 04; RSA: DER RSAPublicKey */
};

/* Signature as X.509 has it: DER for ECDSA, raw for RSA. False as well when key and kind do not go together. */
bool signature_holds(const struct attest *a, const struct public_key *key, enum signature_kind kind,
		     struct attest_bytes data, struct attest_bytes signature);
/* ECDSA with r and s big-endian, one behind the other: 64 bytes for P-256, 96 for P-384. */
bool signature_holds_raw(const struct attest *a, const struct public_key *key, enum signature_kind kind,
			 struct attest_bytes data, const uint8_t *rs);
/* The key of a point: x, y. `bits` must stay. */
struct public_key public_key_of_point(enum key_kind kind, const uint8_t *xy);
void attest_sha256(const struct attest *a, struct attest_bytes data, uint8_t out[32]);
void attest_sha256_pair(const struct attest *a, struct attest_bytes x, struct attest_bytes y, uint8_t out[32]);

/* ---- Certificates (certificate.c: our own strict reader of DER) ---- */

#define KEY_USAGE_DIGITAL_SIGNATURE 0x80 /* first byte of the BIT STRING */
#define KEY_USAGE_CERT_SIGN 0x04
#define KEY_USAGE_CRL_SIGN 0x02

/* Spans are into the DER that was read, which must stay. */
struct certificate {
	struct attest_bytes der, tbs, serial, issuer, subject, signature;
	struct attest_bytes extensions; /* content of the SEQUENCE OF Extension; may be empty */
	struct public_key key;
	enum signature_kind algorithm;
	int64_t not_before, not_after;
	bool ca;                /* basicConstraints says so */
	bool critical_unknown;  /* a critical extension other than basicConstraints and keyUsage */
	bool key_usage_present;
	uint8_t key_usage;
	char name[64];          /* the subject's common name, printable; "" where there is none */
};

struct certificates {
	size_t count, used;
	struct certificate at[CERTIFICATES_MAX];
	uint8_t der[CERTIFICATES_SIZE];
};

/* Exactly one certificate. No refusal: the caller knows whose it is. */
bool certificate_read(struct attest_bytes der, struct certificate *to);
/* The value of an extension (inside its OCTET STRING) by the OID's content bytes. */
bool certificate_extension(const struct certificate *c, const void *oid, size_t oid_size, struct attest_bytes *value);
/*
 * PEM certificates in any order with white space between them (also percent-encoded, as HTTP headers carry them, and
 * with NULs behind), or DER certificates one behind the other. They are copied into `to`, and added to what is there;
 * zero
 * `to->count` and `to->used` first. False: unreadable, too many, or too large.
 */
bool certificates_read(struct attest_bytes text, struct certificates *to);
/* The issuer's name matches, it may sign certificates, and its signature holds. */
bool certificate_signed_by(const struct attest *a, const struct certificate *c, const struct certificate *issuer);
/* Within notBefore and notAfter, else certificate_not_yet_valid or certificate_expired. Lowers *until to notAfter. */
bool certificate_valid_at(const struct certificate *c, int64_t now, int64_t *until, struct attest_refusal *why);
/* The root's key is trusted, else NULL. */
const struct attest_root *root_find(const struct attest *a, const struct certificate *c);
/* Name, key and assurance of a root into the verdict. */
void root_note(const struct attest_root *root, struct attest_verdict *v);

/* ---- Revocation lists ---- */

struct crl {
	struct attest_bytes der, tbs, issuer, signature;
	struct attest_bytes revoked; /* content of the SEQUENCE; may be empty */
	enum signature_kind algorithm;
	int64_t this_update, next_update; /* next_update INT64_MAX where there is none */
};

#define CRL_SIZE (512 << 10)

/* DER, PEM, hex or base64 into DER in `to`: bytes written, or -1. */
long crl_decode(struct attest_bytes text, uint8_t *to, size_t size);
bool crl_read(struct attest_bytes der, struct crl *to);
/* crl_issuer, crl_signature. */
bool crl_signed_by(const struct attest *a, const struct crl *crl, const struct certificate *issuer,
		   struct attest_refusal *why);
/* crl_not_yet_valid, crl_expired. Lowers *until to nextUpdate. */
bool crl_valid_at(const struct crl *crl, int64_t now, int64_t *until, struct attest_refusal *why);
bool crl_has(const struct crl *crl, struct attest_bytes serial);

/* ---- Text (text.c) ---- */

/* White space around, and NULs behind, cut off. */
struct attest_bytes text_trim(struct attest_bytes text);
/* RFC 4648. STRICT: the alphabet of section 4, padded. ANY: either, not mixed; padding may be left out. */
enum base64_form { BASE64_STRICT, BASE64_ANY };
/* White space between digits is skipped. Bytes written, -EINVAL or -ERANGE: they do not fit. */
long base64_decode(struct attest_bytes text, enum base64_form form, uint8_t *to, size_t size);
/* The same; or -1: malformed or too large. */
long hex_text_decode(struct attest_bytes text, uint8_t *to, size_t size);
long percent_decode(struct attest_bytes text, uint8_t *to, size_t size);
bool pem_is(struct attest_bytes text);
/* The next block, which must have this label; moves `text` behind it. 0: only white space is left. -1: else. */
long pem_next(struct attest_bytes *text, const char *label, uint8_t *to, size_t size);

/* ---- DER (der.c) ---- */

struct der {
	const uint8_t *at, *end;
	bool failed;
};

enum der_tag {
	DER_BOOLEAN = 0x01, DER_INTEGER = 0x02, DER_BIT_STRING = 0x03, DER_OCTET_STRING = 0x04, DER_OID = 0x06,
	DER_ENUMERATED = 0x0a, DER_UTF8 = 0x0c, DER_PRINTABLE = 0x13, DER_IA5 = 0x16, DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18, DER_SEQUENCE = 0x30, DER_SET = 0x31,
};

static inline struct der der_of(struct attest_bytes b)
{
	return (struct der){ b.at, b.at + b.size, false };
}

static inline bool der_done(const struct der *d)
{
	return !d->failed && d->at == d->end;
}

/* The content of the next element, which must have that tag; empty and failed otherwise. Definite, minimal lengths. */
struct attest_bytes der_take(struct der *d, uint8_t tag);
/* The same with tag and length: what signatures are over. `content` may be NULL. */
struct attest_bytes der_take_whole(struct der *d, uint8_t tag, struct attest_bytes *content);
/* The next tag, 0 at the end. */
uint8_t der_peek(const struct der *d);
/* A non-negative INTEGER of at most 8 bytes, minimal. */
uint64_t der_take_u64(struct der *d);

/* ---- Collateral ---- */

struct tcb_info;
struct qe_identity;
struct intel_collateral;

struct attest_collateral {
	const struct intel_collateral *intel; /* NULL: none */
	/* For SNP, as the bundle gives them (PEM, or base64 or hex decoded to DER); size 0: none. Nothing checked. */
	struct attest_bytes vek, vek_chain;
	bool ark_crl_present;
	struct crl ark_crl; /* read, its signature not checked: its issuer is in vek_chain */
	struct attest_collateral *machine; /* of the machine below a software platform; NULL: none */
};

/* ---- The steps ---- */

struct quote;

/*
 * Both leave v->genuine true with status and claims, or false with the refusal. A genuine one whose TCB is none of the
 * known levels has status NotSupported and the reason (tcb_level_not_found, ...) in the refusal already.
 */
bool quote_verify(const struct attest *a, struct attest_bytes quote, const struct attest_request *r,
		  struct attest_verdict *v);
bool snp_verify(const struct attest *a, struct attest_bytes report, const struct attest_request *r,
		struct attest_verdict *v);
/*
 * The verdict is genuine and its report data is as expected: set v->accepted, or the refusal. With status NotSupported
 * the refusal is there already, and stays unless the policy names that status.
 */
void policy_apply(const struct attest_policy *policy, const struct attest_request *r, struct attest_verdict *v);

/* Where a quote ends (quote.c), for evidence_decode(): its exact size, or 0 with the refusal. Bytes may follow. */
size_t quote_size(struct attest_bytes bytes, struct attest_refusal *why);

#endif
