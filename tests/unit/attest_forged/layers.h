/* Evidence in two layers, forged and judged: genuine and up to date until a test changes something. */
#ifndef ADYTON_TESTS_UNIT_ATTEST_FORGED_LAYERS_H
#define ADYTON_TESTS_UNIT_ATTEST_FORGED_LAYERS_H

#include "tests/unit/attest_forged/judge.h"

enum layers_data { LAYERS_RIGHT, LAYERS_OTHER_KEY, LAYERS_OTHER_CA, LAYERS_ZEROS };

struct layers {
	struct forge_order above, below;
	bool plain;                   /* no machine: above.auth as it is */
	uint32_t format;
	enum layers_data data;        /* which report data the machine has, and ... */
	unsigned int flip;            /* ... which bit of them is wrong, from 1 */
	bool cut;                     /* the authentication data end behind `keep` bytes */
	size_t keep, shorter, longer;
	bool without_collateral, without_root;
	bool above_by_a_maker;        /* the root above counts as one that is built in */
	const char *collateral;       /* of the machine, instead */
	/* Not a TD: this evidence. With `root` (PEM) of its maker. */
	const void *evidence;
	size_t evidence_size;
	const char *root;
};

/* Everything that a verification needs. */
struct layers_case {
	uint8_t auth[FORGE_AUTH_MAX];
	struct forged above, below;
	char *bundle;
	struct attest *a;
	struct attest_collateral *collateral; /* NULL: refused, which `why` says */
	struct attest_refusal why;
	struct attest_request request;
};

void layers_order(struct layers *l);
void layers_begin(struct layers *l, struct layers_case *c);
void layers_end(struct layers_case *c);
/* The report data that a machine must have for that platform. */
void layers_data(const struct layers *l, uint8_t data[64]);
/* Under a policy of one block with these keys; NULL: none. */
void layers_judge(struct layers *l, const char *keys, struct attest_verdict *v);
/* One bit of each byte of the quote, flipped on its own: how many leave it genuine. */
size_t layers_flips(struct layers *l, size_t *tried);

#endif
