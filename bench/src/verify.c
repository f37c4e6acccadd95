/*
 * How long a verification takes: verify QUOTE BUNDLE SECONDS [ROUNDS] prints microseconds, the median of the rounds,
 * with the collateral parsed before and with parsing it each time. SNP: verify REPORT - SECONDS ROUNDS VEK CHAIN.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attest/attest.h"

static struct attest_bytes file_read(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *at = malloc(ATTEST_COLLATERAL_MAX);
	size_t size;

	if (!f || !at) {
		perror(path);
		exit(1);
	}
	size = fread(at, 1, ATTEST_COLLATERAL_MAX, f);
	fclose(f);
	return (struct attest_bytes){ (const uint8_t *)at, size };
}

static double microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void verify(struct attest *a, const struct attest_request *r)
{
	struct attest_verdict v;

	attest_verify(a, r, &v);
	if (!v.genuine) {
		fprintf(stderr, "not genuine: reason %d, expected %s, found %s\n", (int)v.refusal.reason,
			v.refusal.expected, v.refusal.found);
		exit(1);
	}
}

static struct attest_collateral *parse(struct attest *a, struct attest_bytes bundle)
{
	struct attest_collateral *c = NULL;
	struct attest_refusal why;

	if (bundle.size && attest_collateral_parse(a, bundle.at, bundle.size, &c, &why)) {
		fprintf(stderr, "collateral: reason %d, expected %s, found %s\n", (int)why.reason, why.expected,
			why.found);
		exit(1);
	}
	return c;
}

/* Both ways in turn, so that what else the machine does meets both. */
static void measure(struct attest *a, struct attest_request *r, struct attest_bytes bundle, size_t rounds)
{
	double *took[2] = { calloc(rounds, sizeof(double)), calloc(rounds, sizeof(double)) };
	struct attest_collateral *kept = parse(a, bundle), *c;

	if (!took[0] || !took[1])
		exit(1);
	for (size_t i = 0; i < rounds; i++) {
		double start = microseconds();

		r->collateral = kept;
		verify(a, r);
		took[0][i] = microseconds() - start;
		start = microseconds();
		c = parse(a, bundle);
		r->collateral = c;
		verify(a, r);
		attest_collateral_free(c);
		took[1][i] = microseconds() - start;
	}
	qsort(took[0], rounds, sizeof(double), compare);
	qsort(took[1], rounds, sizeof(double), compare);
	printf("verify %.1f us, with collateral parse %.1f us\n", took[0][rounds / 2], took[1][rounds / 2]);
	attest_collateral_free(kept);
	free(took[0]);
	free(took[1]);
}

/* What the others are made of: one check of an ECDSA signature with P-256, key and digest at hand. */
static void measure_p256(size_t rounds)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
	double *took = calloc(rounds, sizeof(double));
	unsigned char digest[32] = { 1 }, signature[80];
	size_t size = sizeof(signature);

	if (!ctx || !took || EVP_PKEY_sign_init(ctx) != 1 || EVP_PKEY_sign(ctx, signature, &size, digest, 32) != 1 ||
	    EVP_PKEY_verify_init(ctx) != 1)
		exit(1);
	for (size_t i = 0; i < rounds; i++) {
		double start = microseconds();

		if (EVP_PKEY_verify(ctx, signature, size, digest, 32) != 1)
			exit(1);
		took[i] = microseconds() - start;
	}
	qsort(took, rounds, sizeof(double), compare);
	printf("%.1f us\n", took[rounds / 2]);
	free(took);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
}

int main(int argc, char **argv)
{
	struct attest *a = attest_new();
	struct attest_request r = { 0 };
	struct attest_bytes bundle = { NULL, 0 };

	if (argc == 1) {
		measure_p256(2000);
		return 0;
	}
	if (!a || argc < 4 || argc == 6 || argc > 7) {
		fprintf(stderr, "usage: verify EVIDENCE BUNDLE|- SECONDS [ROUNDS [VEK CHAIN]]\n");
		return 2;
	}
	r.evidence = file_read(argv[1]);
	r.now = strtoll(argv[3], NULL, 10);
	if (strcmp(argv[2], "-"))
		bundle = file_read(argv[2]);
	if (argc == 7) {
		r.vek = file_read(argv[5]);
		r.chain = file_read(argv[6]);
	}
	measure(a, &r, bundle, argc > 4 ? strtoul(argv[4], NULL, 10) : 500);
	attest_free(a);
	return 0;
}
