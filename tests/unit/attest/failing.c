/*
 * Each allocation of libcrypto fails once, while a context is made, collateral read and a quote verified: the verdict
 * is "not genuine" or the right one, and the next attempt succeeds. (Our own allocations:
 * unit/attest_snp/test_memory.c.)
 *
 *     failing QUOTE BUNDLE SECONDS
 */
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/attest.h"
#include "tests/unit/attest/file.h"

static long countdown = -1; /* at 0 one allocation fails */

static bool fails_now(void)
{
	return countdown >= 0 && countdown-- == 0;
}

static void *failing_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails_now() ? NULL : malloc(size);
}

static void *failing_realloc(void *at, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails_now() ? NULL : realloc(at, size);
}

static void plain_free(void *at, const char *file, int line)
{
	(void)file;
	(void)line;
	free(at);
}

static bool works(struct attest *a, struct attest_bytes bundle, struct attest_request *r, struct attest_verdict *v)
{
	struct attest_collateral *c = NULL;
	struct attest_refusal why;

	memset(v, 0, sizeof(*v));
	if (attest_collateral_parse(a, bundle.at, bundle.size, &c, &why))
		return false;
	r->collateral = c;
	attest_verify(a, r, v);
	attest_collateral_free(c);
	return v->genuine;
}

/* How many allocations there are, or -1: one that failed made a wrong verdict. */
static long sweep_verification(struct attest *a, struct attest_bytes bundle, struct attest_request *r)
{
	struct attest_verdict good, v;

	if (!works(a, bundle, r, &good))
		return -1;
	for (long n = 0;; n++) {
		bool genuine;

		countdown = n;
		genuine = works(a, bundle, r, &v);
		if (countdown >= 0) {
			countdown = -1;
			return genuine ? n : -1;
		}
		if (genuine ? memcmp(&v, &good, sizeof(v)) != 0 : v.accepted)
			return -1;
	}
}

static long sweep_context(struct attest_bytes bundle, struct attest_request *r)
{
	struct attest_verdict v;

	for (long n = 0;; n++) {
		struct attest *a;
		bool done;

		countdown = n;
		a = attest_new();
		done = countdown >= 0;
		countdown = -1;
		if (a && !works(a, bundle, r, &v))
			fprintf(stderr, "allocation %ld: a context that verifies nothing\n", n); /* it fails closed */
		attest_free(a);
		if (done)
			return a ? n : -1;
	}
}

int main(int argc, char **argv)
{
	struct attest_request r = { 0 };
	struct attest_bytes bundle;
	struct attest *a;
	long n[2];

	if (argc != 4 || !CRYPTO_set_mem_functions(failing_malloc, failing_realloc, plain_free))
		return 2;
	r.evidence = file_read(argv[1]);
	bundle = file_read(argv[2]);
	r.now = strtoll(argv[3], NULL, 10);
	a = attest_new();
	n[0] = a ? sweep_verification(a, bundle, &r) : -1;
	attest_free(a);
	n[1] = sweep_context(bundle, &r);
	printf("verification %ld, context %ld\n", n[0], n[1]);
	free((void *)r.evidence.at);
	free((void *)bundle.at);
	return n[0] > 0 && n[1] > 0 ? 0 : 1;
}
