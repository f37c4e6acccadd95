/*
 * Evidence with chosen everything, under a root of its own: what no real collateral shows. An order starts as evidence
 * that is genuine and up to date; a test changes what it is about and forges.
 */
#ifndef ADYTON_TESTS_LIB_FORGE_H
#define ADYTON_TESTS_LIB_FORGE_H

#include "abi/evidence.h"
#include "platform/bundle.h"
#include "platform/tcb.h"

#define FORGE_NOW 1778371200 /* 2026-05-10, ten days after the documents were issued */
#define FORGE_QUOTE_MAX 32768
#define FORGE_EDITS 4

enum forge_kind {
	FORGE_SGX_V3, FORGE_SGX_V4, FORGE_SGX_V5, FORGE_TDX_V4, FORGE_TDX_V5, FORGE_TDX_V5_1_5, FORGE_KINDS
};

/* Keys; each may sign what another should. OTHER belongs nowhere. */
enum forge_key {
	FORGE_ROOT, FORGE_PCK_CA, FORGE_TCB_SIGNING, FORGE_PCK, FORGE_ATTESTATION, FORGE_OTHER, FORGE_OTHER_ROOT,
	FORGE_KEYS
};

struct forge_certificate {
	const char *name; /* NULL: the usual one */
	int64_t from, until;
	enum forge_key key, signer;
	bool revoked;
};

struct forge_list {
	int64_t from, until;
	enum forge_key signer, issuer; /* issuer: whose name it bears */
};

/* In a text: `find` becomes `replace`; or, `after`, what follows it is overwritten. Not found: the test is wrong. */
struct forge_edit {
	const char *find, *replace;
	bool after;
};

struct forge_order {
	uint16_t version, key_type, body_type, certification;
	uint32_t tee_type, body_size;
	uint8_t qe_vendor[16];
	struct sgx_report_body sgx, qe;
	struct tdx_report_body_1_5 td;
	const uint8_t *auth; /* QE authentication data; NULL: 32 bytes of 0x77 */
	size_t auth_size;
	struct sgx_extension pck;
	bool no_extension, no_ca, wrong_report_data;
	struct forge_certificate certificates[4]; /* by enum forge_key, to PCK */
	struct forge_list root_list, pck_list;
	enum forge_key qe_report_signer, quote_signer, document_signer;
	struct tcb_info tcb;
	struct tcb_levels levels;
	struct tcb_module module, modules[3];
	struct tcb_qe_identity identity;
	struct tcb_qe qe_identity;
	struct forge_edit tcb_edits[FORGE_EDITS], qe_edits[FORGE_EDITS]; /* before they are signed */
	struct forge_edit bundle_edits[FORGE_EDITS];
	void (*edit_quote)(uint8_t *quote, size_t *size);
	int64_t now;
	bool machine; /* of the machine below: all keys, so the roots, are others than in orders without it */
};

struct forged {
	uint8_t quote[FORGE_QUOTE_MAX];
	size_t size;
	char *collateral, *root, *other_root; /* the roots in PEM */
};

/* Which levels the order's documents have: 0 is up to date, 1 is older. Components of the older one are smaller. */
void forge_order(struct forge_order *o, enum forge_kind kind);
/* Ends the program with a sentence when it cannot. */
void forge(const struct forge_order *o, struct forged *f);
void forged_free(struct forged *f);
/* x, y of one of the keys. */
void forge_point(bool machine, enum forge_key which, uint8_t point[64]);

/* forge_machine.c: what the machine's report data have to be for the platform above it. */
void forge_machine_data(uint8_t data[64]);
/* The QE authentication data that say so: their size, at most FORGE_AUTH_MAX. */
#define FORGE_AUTH_MAX 0xffff
size_t forge_machine_auth(uint8_t to[FORGE_AUTH_MAX], uint32_t format, const void *evidence, size_t size);
/* A bundle with the machine's as its member; malloc'd. */
char *forge_machine_bundle(const char *collateral, const char *machine);

#endif
