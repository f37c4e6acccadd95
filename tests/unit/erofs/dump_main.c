/*
 * dump IMAGE                 every path of it, one line each
 * dump IMAGE COUNT SEED      COUNT walks over copies with flipped bits or cut ends: only survival counts
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/erofs/erofs_walk.h"

static uint64_t random_state;

static uint64_t random_next(void)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return random_state >> 33;
}

static const uint8_t *image_open(const char *path, uint64_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *at;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	*size = (uint64_t)st.st_size;
	return at == MAP_FAILED ? NULL : at;
}

static int dump(const uint8_t *image, uint64_t size)
{
	struct erofs_walk w = { .image = image, .blocks = size / PAGE_SIZE, .out = stdout, .inodes_max = 1UL << 20,
				.bytes_max = 1UL << 40 };
	int err = erofs_walk(&w);

	if (err)
		fprintf(stderr, "superblock: %s (%s)\n", strerror(-err), w.why);
	if (w.errors || w.contradictions)
		fprintf(stderr, "%u errors, %u contradictions\n", w.errors, w.contradictions);
	return err || w.errors || w.contradictions;
}

/* Half of the damage goes where it hurts: the superblock, or the first blocks of metadata. */
static void damage(uint8_t *copy, uint64_t size)
{
	for (uint64_t n = 1 + random_next() % 4; n--;) {
		uint64_t range = random_next() % 2 ? size : (size < 16384 ? size : 16384);
		uint64_t at = random_next() % range;

		if (random_next() % 8 == 0)
			at = 1024 + random_next() % 128;
		if (random_next() % 2)
			copy[at] ^= (uint8_t)(1U << random_next() % 8);
		else
			copy[at] = (uint8_t)random_next();
	}
}

static int survive(const uint8_t *image, uint64_t size, unsigned long count)
{
	uint8_t *copy = malloc(size);
	unsigned long refused = 0;

	while (count--) {
		struct erofs_walk w = {
			.image = copy, .blocks = size / PAGE_SIZE, .inodes_max = 500, .bytes_max = 1 << 20
		};

		memcpy(copy, image, size);
		damage(copy, size);
		if (random_next() % 8 == 0)
			w.blocks = random_next() % (size / PAGE_SIZE + 1);
		if (erofs_walk(&w) || w.errors)
			refused++;
	}
	free(copy);
	printf("%lu refused\n", refused);
	return 0;
}

int main(int argc, char **argv)
{
	const uint8_t *image;
	uint64_t size;

	if (argc != 2 && argc != 4)
		return 2;
	image = image_open(argv[1], &size);
	if (!image) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
		return 2;
	}
	if (argc == 2)
		return dump(image, size);
	random_state = strtoul(argv[3], NULL, 10);
	return survive(image, size, strtoul(argv[2], NULL, 10));
}
