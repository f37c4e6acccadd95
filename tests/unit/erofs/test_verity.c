/* The hash tree against trees that are built here; test_images.py compares it with veritysetup's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/sha256.h"
#include "kernel/fs/verity.h"

#define SLOTS_MAX 256

struct tree {
	uint64_t data_blocks, hash_blocks;
	uint8_t (*data)[PAGE_SIZE];
	uint8_t (*hash)[PAGE_SIZE];
	uint8_t root[SHA256_SIZE];
	unsigned reads;
	int fail; /* what the next read reports */
};

static struct verity_slot slots[SLOTS_MAX];
static uint8_t pages[SLOTS_MAX][PAGE_SIZE];

static int tree_read(void *ctx, uint64_t hash_block, void *page)
{
	struct tree *t = ctx;

	t->reads++;
	assert_true(hash_block < t->hash_blocks);
	memcpy(page, t->hash[hash_block], PAGE_SIZE);
	return t->fail;
}

static void level_build(const uint8_t (*from)[PAGE_SIZE], uint64_t count, uint8_t *to)
{
	for (uint64_t i = 0; i < count; i++)
		sha256(from[i], PAGE_SIZE, to + i * SHA256_SIZE);
}

/* Two levels at most: enough for 16384 blocks. */
static struct tree tree_new(uint64_t data_blocks)
{
	struct tree t = { .data_blocks = data_blocks, .hash_blocks = verity_tree_blocks(data_blocks) };
	uint64_t low = (data_blocks + 127) / 128;
	const uint8_t (*top)[PAGE_SIZE];

	t.data = calloc(data_blocks, PAGE_SIZE);
	t.hash = calloc(t.hash_blocks ? t.hash_blocks : 1, PAGE_SIZE);
	for (uint64_t i = 0; i < data_blocks; i++)
		memcpy(t.data[i], &i, sizeof(i));
	top = (const void *)t.data;
	if (data_blocks > 1) {
		uint8_t (*lowest)[PAGE_SIZE] = low > 1 ? t.hash + 1 : t.hash;

		level_build((const void *)t.data, data_blocks, lowest[0]);
		if (low > 1)
			level_build((const void *)lowest, low, t.hash[0]);
		top = (const void *)t.hash;
	}
	sha256(top, PAGE_SIZE, t.root);
	return t;
}

static void tree_free(struct tree *t)
{
	free(t->data);
	free(t->hash);
}

static int tree_open(struct tree *t, struct verity *v, uint64_t slot_count)
{
	struct verity_config config = { .data_blocks = t->data_blocks, .hash_blocks = t->hash_blocks, .read = tree_read,
					.ctx = t, .hash = sha256, .slots = slots, .pages = pages,
					.slot_count = slot_count };

	memcpy(config.root_hash, t->root, sizeof(t->root));
	return verity_open(v, &config);
}

static void all_good(void **state)
{
	static const uint64_t sizes[] = { 1, 2, 127, 128, 129, 300, 128 * 128 };
	static const uint64_t caches[] = { 4, 8, SLOTS_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct tree t = tree_new(sizes[i]);

		for (size_t c = 0; c < sizeof(caches) / sizeof(caches[0]); c++) {
			struct verity v;

			assert_int_equal(tree_open(&t, &v, caches[c]), 0);
			t.reads = 0;
			for (uint64_t b = 0; b < t.data_blocks; b++) /* 61 is prime to all sizes: each block once */
				assert_int_equal(
					verity_check(&v, b * 61 % t.data_blocks, t.data[b * 61 % t.data_blocks]), 0);
			if (caches[c] >= t.hash_blocks)
				assert_int_equal(t.reads, t.hash_blocks); /* room for all: each read once */
			assert_int_equal(verity_check(&v, t.data_blocks, t.data[0]), -EINVAL);
		}
		tree_free(&t);
	}
}

static void changed_data(void **state)
{
	struct tree t = tree_new(300);
	struct verity v;

	(void)state;
	assert_int_equal(tree_open(&t, &v, 8), 0);
	t.data[170][4095] ^= 1;
	assert_int_equal(verity_check(&v, 170, t.data[170]), -EIO);
	assert_int_equal(verity_check(&v, 170, t.data[171]), -EIO);
	assert_int_equal(verity_check(&v, 171, t.data[171]), 0);
	tree_free(&t);
}

/* A bit anywhere in the tree is found, also one that stands for no block. */
static void changed_tree(void **state)
{
	struct tree t = tree_new(300);

	(void)state;
	for (uint64_t hash_block = 0; hash_block < t.hash_blocks; hash_block++) {
		uint64_t under = hash_block ? (hash_block - 1) * 128 : 0;
		struct verity v;

		assert_int_equal(tree_open(&t, &v, 8), 0);
		t.hash[hash_block][4095] ^= 0x80;
		assert_int_equal(verity_check(&v, under, t.data[under]), -EIO);
		t.hash[hash_block][4095] ^= 0x80;
		assert_int_equal(verity_check(&v, under, t.data[under]), 0); /* what failed was not kept */
	}
	t.root[0] ^= 1;
	assert_int_equal(tree_open(&t, &(struct verity){ 0 }, 8), 0);
	tree_free(&t);
}

/* The keeper of the tree changes it after it was checked: what is kept is what was checked. */
static void changed_later(void **state)
{
	struct tree t = tree_new(300);
	struct verity v;
	uint8_t forged[PAGE_SIZE] = { 0xee };

	(void)state;
	assert_int_equal(tree_open(&t, &v, 8), 0);
	assert_int_equal(verity_check(&v, 5, t.data[5]), 0);
	sha256(forged, PAGE_SIZE, t.hash[1] + 5 * SHA256_SIZE);
	sha256(t.hash[1], PAGE_SIZE, t.hash[0]);
	assert_int_equal(verity_check(&v, 5, forged), -EIO);
	assert_int_equal(verity_check(&v, 5, t.data[5]), 0);
	tree_free(&t);
}

static void failing_reads(void **state)
{
	struct tree t = tree_new(300);
	struct verity v;

	(void)state;
	assert_int_equal(tree_open(&t, &v, 8), 0);
	t.fail = -ENOMEM;
	assert_int_equal(verity_check(&v, 0, t.data[0]), -ENOMEM);
	t.fail = 0;
	assert_int_equal(verity_check(&v, 0, t.data[0]), 0);
	tree_free(&t);
}

/* What was in the slot that a failed block was read into is gone, and its place is not taken for it. */
static void failed_block_replaces(void **state)
{
	struct tree t = tree_new(128 * 6);
	struct verity v;

	(void)state;
	assert_int_equal(tree_open(&t, &v, 4), 0);
	for (uint64_t b = 0; b < 3 * 128; b += 128)
		assert_int_equal(verity_check(&v, b, t.data[b]), 0); /* the root and three leaves: full */
	t.hash[1 + 3][0] ^= 1;
	assert_int_equal(verity_check(&v, 3 * 128, t.data[3 * 128]), -EIO);
	for (uint64_t b = 0; b < 3 * 128; b++)
		assert_int_equal(verity_check(&v, b, t.data[b]), 0);
	tree_free(&t);
}

/* Reading on and on reads each hash block once, whatever the cache: the upper levels stay. */
static void sequential_reads(void **state)
{
	struct tree t = tree_new(128 * 50);
	struct verity v;

	(void)state;
	assert_int_equal(tree_open(&t, &v, 4), 0);
	for (uint64_t b = 0; b < t.data_blocks; b++)
		assert_int_equal(verity_check(&v, b, t.data[b]), 0);
	assert_int_equal(t.reads, t.hash_blocks);
	tree_free(&t);
}

static void refused_shapes(void **state)
{
	struct tree t = tree_new(300);
	struct verity v;

	(void)state;
	assert_int_equal(verity_tree_blocks(300), 4);
	assert_int_equal(verity_tree_blocks(1), 0);
	assert_int_equal(verity_tree_blocks(0), 0);
	assert_int_equal(verity_tree_blocks(UINT64_MAX), 0);
	assert_int_equal(verity_tree_blocks(1UL << 56), (((1UL << 56) - 1) / 127));
	assert_int_equal(tree_open(&t, &v, 0), -EINVAL);
	assert_int_equal(tree_open(&t, &v, 6), -EINVAL);
	t.hash_blocks--;
	assert_int_equal(tree_open(&t, &v, 8), -EINVAL);
	t.hash_blocks = t.data_blocks = 0;
	assert_int_equal(tree_open(&t, &v, 8), -EINVAL);
	tree_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_good),         cmocka_unit_test(changed_data),
		cmocka_unit_test(changed_tree),     cmocka_unit_test(changed_later),
		cmocka_unit_test(failing_reads),    cmocka_unit_test(failed_block_replaces),
		cmocka_unit_test(sequential_reads), cmocka_unit_test(refused_shapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
