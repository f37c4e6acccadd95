#include "image/verity.h"
#include "crypto/sha256.h"
#include "image/cleanup.h"
#include "image/io.h"

#include <errno.h>
#include <string.h>

#define VERITY_FANOUT (PAGE_SIZE / SHA256_SIZE)
#define VERITY_LEVELS_MAX 9
#define VERITY_BATCH 256UL /* blocks read at once */

struct levels {
	uint64_t blocks[VERITY_LEVELS_MAX]; /* [0] holds the hashes of data blocks */
	uint64_t start[VERITY_LEVELS_MAX];  /* in blocks from the start of the tree */
	unsigned int count;
	uint64_t total;
};

static void verity_levels(struct levels *l, uint64_t data_blocks)
{
	uint64_t n = data_blocks;

	l->count = 0;
	l->total = 0;
	while (n > 1) {
		n = (n + VERITY_FANOUT - 1) / VERITY_FANOUT;
		l->blocks[l->count++] = n;
	}
	for (unsigned int i = l->count; i; i--) {
		l->start[i - 1] = l->total;
		l->total += l->blocks[i - 1];
	}
}

uint64_t verity_hash_blocks(uint64_t data_blocks)
{
	struct levels l;

	verity_levels(&l, data_blocks);
	return l.total;
}

uint64_t verity_first_leaf(uint64_t data_blocks)
{
	struct levels l;

	verity_levels(&l, data_blocks);
	return l.start[0];
}

static int verity_hash_data(uint8_t *out, int fd, uint64_t blocks)
{
	_cleanup_free_ uint8_t *buffer = malloc(VERITY_BATCH * PAGE_SIZE);
	int err;

	if (!buffer)
		return -ENOMEM;
	for (uint64_t i = 0; i < blocks; i += VERITY_BATCH) {
		uint64_t n = blocks - i < VERITY_BATCH ? blocks - i : VERITY_BATCH;

		err = io_pread(fd, buffer, n * PAGE_SIZE, i * PAGE_SIZE);
		if (err)
			return err;
		for (uint64_t j = 0; j < n; j++, out += SHA256_SIZE)
			sha256(buffer + j * PAGE_SIZE, PAGE_SIZE, out);
	}
	return 0;
}

static int verity_start(struct verity *v, struct levels *l, uint64_t data_blocks, struct fail *f)
{
	*v = (struct verity){ .data_blocks = data_blocks };
	if (data_blocks < 2 || data_blocks > 1UL << 40)
		return fail(f, "hash tree: expected from 2 to 2^40 blocks, found %lu", data_blocks);
	verity_levels(l, data_blocks);
	v->hash_blocks = l->total;
	v->tree = calloc(l->total, PAGE_SIZE);
	return v->tree ? 0 : fail(f, "hash tree: out of memory for %lu blocks", l->total);
}

static void verity_finish(struct verity *v, const struct levels *l)
{
	for (unsigned int i = 1; i < l->count; i++)
		for (uint64_t j = 0; j < l->blocks[i - 1]; j++)
			sha256(v->tree + (l->start[i - 1] + j) * PAGE_SIZE, PAGE_SIZE,
			       v->tree + l->start[i] * PAGE_SIZE + j * SHA256_SIZE);
	sha256(v->tree, PAGE_SIZE, v->root_hash);
}

int verity_build(struct verity *v, int fd, uint64_t data_blocks, struct fail *f)
{
	struct levels l;
	int err;

	if (verity_start(v, &l, data_blocks, f))
		return -1;
	err = verity_hash_data(v->tree + l.start[0] * PAGE_SIZE, fd, data_blocks);
	if (err) {
		verity_free(v);
		return fail(f, "hash tree: cannot read the root file system: %s", strerror(-err));
	}
	verity_finish(v, &l);
	return 0;
}

int verity_build_memory(struct verity *v, const uint8_t *data, uint64_t data_blocks, struct fail *f)
{
	struct levels l;

	if (verity_start(v, &l, data_blocks, f))
		return -1;
	for (uint64_t i = 0; i < data_blocks; i++)
		sha256(data + i * PAGE_SIZE, PAGE_SIZE, v->tree + l.start[0] * PAGE_SIZE + i * SHA256_SIZE);
	verity_finish(v, &l);
	return 0;
}

void verity_free(struct verity *v)
{
	free(v->tree);
	v->tree = NULL;
}
