/*
 * Flips bits of genuine evidence or of its collateral, one at a time, and prints those that leave it genuine:
 *
 *     flip quote|bundle QUOTE BUNDLE SECONDS [ALL]
 *
 * "OFFSET BIT" a line, and at last "tried N". Without ALL one bit of each byte, another one each time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/attest.h"

struct bytes {
	uint8_t *at;
	size_t size;
};

static struct bytes file_read(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct bytes b = { malloc(ATTEST_COLLATERAL_MAX), 0 };

	if (!f || !b.at) {
		perror(path);
		exit(2);
	}
	b.size = fread(b.at, 1, ATTEST_COLLATERAL_MAX, f);
	fclose(f);
	return b;
}

static bool is_genuine(struct attest *a, const struct attest_collateral *c, struct bytes quote, int64_t now)
{
	struct attest_request r = { .evidence = { quote.at, quote.size }, .collateral = c, .now = now };
	struct attest_verdict v;

	attest_verify(a, &r, &v);
	if (v.genuine != (v.refusal.reason == ATTEST_OK || v.refusal.reason > ATTEST_R_tcb_level_not_found ||
			  v.status == ATTEST_NotSupported)) {
		fprintf(stderr, "genuine and refused: %s\n", attest_reason_token(v.refusal.reason));
		exit(2);
	}
	return v.genuine;
}

static bool is_genuine_with(struct attest *a, struct bytes bundle, struct bytes quote, int64_t now)
{
	struct attest_refusal why;
	struct attest_collateral *c;
	bool genuine;

	if (attest_collateral_parse(a, bundle.at, bundle.size, &c, &why))
		return false;
	genuine = is_genuine(a, c, quote, now);
	attest_collateral_free(c);
	return genuine;
}

int main(int argc, char **argv)
{
	struct attest *a = attest_new();
	struct attest_collateral *c;
	struct attest_refusal why;
	struct bytes quote, bundle, flipped;
	size_t tried = 0;
	bool of_quote;
	int64_t now;

	if (argc < 5 || !a)
		return 2;
	of_quote = strcmp(argv[1], "quote") == 0;
	quote = file_read(argv[2]);
	bundle = file_read(argv[3]);
	now = strtoll(argv[4], NULL, 10);
	if (attest_collateral_parse(a, bundle.at, bundle.size, &c, &why) || !is_genuine(a, c, quote, now)) {
		fprintf(stderr, "the evidence is not genuine to begin with\n");
		return 2;
	}
	flipped = of_quote ? quote : bundle;
	for (size_t i = 0; i < flipped.size; i++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			if (argc < 6 && bit != i % 8)
				continue;
			flipped.at[i] ^= (uint8_t)(1u << bit);
			if (of_quote ? is_genuine(a, c, quote, now) : is_genuine_with(a, bundle, quote, now))
				printf("%zu %u\n", i, bit);
			flipped.at[i] ^= (uint8_t)(1u << bit);
			tried++;
		}
	printf("tried %zu\n", tried);
	attest_collateral_free(c);
	attest_free(a);
	free(quote.at);
	free(bundle.at);
	return 0;
}
