#include "image/file.h"
#include "image/cleanup.h"
#include "image/erofs.h"
#include "image/io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

_Static_assert(sizeof(struct image_header) + IMAGE_SEGMENTS_MAX * sizeof(struct image_segment) <=
		       IMAGE_SIGSTRUCT_OFFSET,
	       "segments end before SIGSTRUCT");
_Static_assert(IMAGE_SIGSTRUCT_OFFSET + sizeof(struct sgx_sigstruct) <= PAGE_SIZE, "SIGSTRUCT ends inside page 0");

static uint64_t image_contents_end(const struct plan *plan)
{
	uint64_t end = PAGE_SIZE;

	for (uint32_t i = 0; i < plan->header.segment_count; i++)
		if (plan->segments[i].file_offset)
			end = plan->segments[i].file_offset + plan->segments[i].pages * PAGE_SIZE;
	return end;
}

static int image_write_fd(int fd, struct plan *plan, const struct root *root, const struct sgx_sigstruct *sigstruct)
{
	uint64_t at = image_contents_end(plan);
	uint8_t page[PAGE_SIZE] = { 0 };
	int err = 0;

	plan->header.sigstruct_offset = IMAGE_SIGSTRUCT_OFFSET;
	if (root) {
		plan->header.root_offset = at;
		plan->header.root_size = root->verity.data_blocks * PAGE_SIZE;
		plan->header.hash_offset = at + plan->header.root_size;
		plan->header.hash_size = root->verity.hash_blocks * PAGE_SIZE;
		err = io_copy(root->fd, fd, plan->header.root_size, at);
		if (!err)
			err = io_pwrite(fd, root->verity.tree, plan->header.hash_size, plan->header.hash_offset);
	}
	memcpy(page, &plan->header, sizeof(plan->header));
	memcpy(page + sizeof(plan->header), plan->segments, plan->header.segment_count * sizeof(plan->segments[0]));
	if (sigstruct)
		memcpy(page + IMAGE_SIGSTRUCT_OFFSET, sigstruct, sizeof(*sigstruct));
	if (!err)
		err = io_pwrite(fd, page, sizeof(page), 0);
	for (uint32_t i = 0; i < plan->header.segment_count && !err; i++)
		if (plan->contents[i])
			err = io_pwrite(fd, plan->contents[i], plan->segments[i].pages * PAGE_SIZE,
					plan->segments[i].file_offset);
	return err;
}

int image_write(const char *path, struct plan *plan, const struct root *root, const struct sgx_sigstruct *sigstruct,
		struct fail *f)
{
	struct io_new n;
	int err;

	if (io_new_open(&n, path, 0644, f)) {
		io_new_drop(&n);
		return -1;
	}
	err = image_write_fd(n.fd, plan, root, sigstruct);
	if (err)
		err = fail(f, "cannot write %s: %s", path, strerror(-err));
	else
		err = io_new_commit(&n, path, f);
	io_new_drop(&n);
	return err;
}

int image_open(struct image *image, const char *path, struct fail *f)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map;

	memset(image, 0, sizeof(*image));
	if (fd < 0 || fstat(fd, &st))
		return fail(f, "cannot read %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(f, "cannot read %s: expected a regular file", path);
	if ((size_t)st.st_size < PAGE_SIZE)
		return fail(f, "%s: expected an image, found a file of %lld bytes", path, (long long)st.st_size);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return fail(f, "cannot read %s: %s", path, strerror(errno));
	if (image_check(image, path, map, (size_t)st.st_size, f)) {
		munmap(map, (size_t)st.st_size);
		image->map = NULL;
		return -1;
	}
	return 0;
}

void image_close(struct image *image)
{
	if (image->map)
		munmap(image->map, image->size);
	image->map = NULL;
}

int image_replace_sigstruct(const char *path, const struct sgx_sigstruct *sigstruct, struct fail *f)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : io_pwrite(fd, sigstruct, sizeof(*sigstruct), IMAGE_SIGSTRUCT_OFFSET);

	return err ? fail(f, "cannot write %s: %s", path, strerror(-err)) : 0;
}

bool image_has_magic(int fd)
{
	uint8_t magic[8];

	return io_pread(fd, magic, sizeof(magic), 0) == 0 && memcmp(magic, IMAGE_MAGIC, sizeof(magic)) == 0;
}

static int image_block_differs(const struct image *image, uint64_t block, uint64_t blocks, struct fail *f)
{
	const struct image_header *h = &image->plan.header;
	char path[1024];

	if (erofs_owner(image->map + h->root_offset, h->root_size, block, path, sizeof(path)))
		return fail(f, "root file system: block %lu of %lu, in %s, is not what was measured", block, blocks,
			    path);
	return fail(f, "root file system: block %lu of %lu is not what was measured", block, blocks);
}

static int image_tree_differs(const struct image *image, const struct verity *v, const uint8_t root_hash[32],
			      struct fail *f)
{
	const uint8_t *tree = image->map + image->plan.header.hash_offset;
	uint64_t i, first = verity_first_leaf(v->data_blocks) * PAGE_SIZE;

	for (i = 0; i < v->data_blocks; i++)
		if (memcmp(v->tree + first + i * 32, tree + first + i * 32, 32))
			break;
	if (i < v->data_blocks)
		return image_block_differs(image, i, v->data_blocks, f);
	if (memcmp(v->tree, tree, v->hash_blocks * PAGE_SIZE))
		return fail(f, "root file system: the hash tree was changed");
	if (memcmp(v->root_hash, root_hash, 32))
		return fail(f, "root file system: the hash tree is not the one that was measured");
	return 0;
}

int image_verify_root(const struct image *image, struct fail *f)
{
	struct definition_verity expected;
	struct verity found;
	int err;

	if (!image_verity(image, &expected))
		return 0;
	if (verity_build_memory(&found, image->map + image->plan.header.root_offset, expected.data_blocks, f))
		return -1;
	err = image_tree_differs(image, &found, expected.root_hash, f);
	verity_free(&found);
	return err;
}
