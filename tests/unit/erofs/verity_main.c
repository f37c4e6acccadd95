/* verity-check DATA TREE ROOT_HASH SLOTS: check every block; the first that fails is named. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/sha256.h"
#include "kernel/fs/verity.h"

#define SLOTS_MAX 512

static struct verity_slot slots[SLOTS_MAX];
static uint8_t pages[SLOTS_MAX][PAGE_SIZE];

static int tree_read(void *ctx, uint64_t hash_block, void *page)
{
	FILE *tree = ctx;

	if (fseek(tree, (long)(hash_block * PAGE_SIZE), SEEK_SET) || fread(page, PAGE_SIZE, 1, tree) != 1)
		return -5;
	return 0;
}

static uint64_t file_blocks(FILE *f)
{
	fseek(f, 0, SEEK_END);
	return (uint64_t)ftell(f) / PAGE_SIZE;
}

static int check_all(struct verity *v, FILE *data)
{
	uint8_t page[PAGE_SIZE];

	rewind(data);
	for (uint64_t block = 0; fread(page, PAGE_SIZE, 1, data) == 1; block++) {
		int err = verity_check(v, block, page);

		if (err) {
			printf("block %" PRIu64 ": %d\n", block, err);
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	FILE *data = argc == 5 ? fopen(argv[1], "rb") : NULL, *tree = argc == 5 ? fopen(argv[2], "rb") : NULL;
	struct verity_config config = { .read = tree_read, .ctx = tree, .hash = sha256 };
	struct verity v;
	int err;

	if (!data || !tree)
		return 2;
	config.data_blocks = file_blocks(data);
	config.hash_blocks = verity_tree_blocks(config.data_blocks);
	config.slot_count = strtoul(argv[4], NULL, 10);
	if (config.slot_count > SLOTS_MAX)
		return 2;
	config.slots = slots;
	config.pages = pages;
	for (size_t i = 0; i < sizeof(config.root_hash); i++) {
		unsigned byte;

		if (sscanf(argv[3] + 2 * i, "%2x", &byte) != 1)
			return 2;
		config.root_hash[i] = (uint8_t)byte;
	}
	if (verity_open(&v, &config)) {
		puts("refused");
		return 2;
	}
	err = check_all(&v, data);
	fclose(data);
	fclose(tree);
	return err;
}
