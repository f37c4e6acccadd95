#include "tests/unit/erofs/erofs_walk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/sha256.h"
#include "kernel/fs/erofs.h"

struct name {
	uint64_t nid, next;
	size_t length;
	uint8_t type;
	char at[256];
};

struct names {
	struct name *at;
	size_t count, room;
	size_t stop_after; /* how many more this call takes */
};

/* A page of its own for each get, so that the sanitizer sees a read behind its end, or after put. */
static int walk_get(void *ctx, uint64_t block, const uint8_t **page)
{
	struct erofs_walk *w = ctx;
	uint8_t *copy;

	if (block >= w->blocks)
		abort();
	copy = malloc(PAGE_SIZE);
	memcpy(copy, w->image + block * PAGE_SIZE, PAGE_SIZE);
	w->held++;
	*page = copy;
	return 0;
}

static void walk_put(void *ctx, uint64_t block, const uint8_t *page)
{
	struct erofs_walk *w = ctx;

	(void)block;
	w->held--;
	free((void *)(uintptr_t)page);
}

static bool names_add(void *arg, const struct erofs_entry *entry)
{
	struct names *names = arg;
	struct name *name;

	if (!names->stop_after)
		return false;
	names->stop_after--;
	if (names->count == names->room) {
		names->room = names->room ? 2 * names->room : 16;
		names->at = realloc(names->at, names->room * sizeof(*names->at));
	}
	name = &names->at[names->count++];
	memset(name, 0, sizeof(*name)); /* the padding too: names are compared as memory */
	name->nid = entry->nid;
	name->next = entry->next;
	name->length = entry->length;
	name->type = entry->type;
	memcpy(name->at, entry->name, entry->length);
	return true;
}

/* The same entries in portions of three, and each by its name. */
static void check_names(struct erofs_walk *w, const struct erofs *fs, const struct erofs_inode *dir,
			const struct names *whole)
{
	struct names parts = { 0 };
	uint64_t cookie = 0, nid;
	uint8_t type;
	size_t before;

	do {
		before = parts.count;
		parts.stop_after = 3;
		if (erofs_readdir(fs, dir, &cookie, names_add, &parts))
			w->contradictions++;
	} while (parts.count > before);
	if (parts.count != whole->count ||
	    (whole->count && memcmp(parts.at, whole->at, whole->count * sizeof(*whole->at))))
		w->contradictions++;
	free(parts.at);
	for (size_t i = 0; i < whole->count; i++) {
		const struct name *name = &whole->at[i];

		if (erofs_lookup(fs, dir, name->at, name->length, &nid, &type) || nid != name->nid ||
		    type != name->type)
			w->contradictions++;
	}
}

/* Content by pread in odd portions, and page by page. */
static void check_data(struct erofs_walk *w, const struct erofs *fs, const struct erofs_inode *inode, char *hex)
{
	uint8_t by_read[SHA256_SIZE], by_page[SHA256_SIZE], buffer[5003], page[PAGE_SIZE];
	struct sha256 reads, pages;
	uint64_t offset = 0;
	long got;

	sha256_init(&reads);
	sha256_init(&pages);
	while ((got = erofs_pread(fs, inode, offset, buffer, sizeof(buffer))) > 0) {
		sha256_update(&reads, buffer, (size_t)got);
		offset += (uint64_t)got;
		if (offset > w->bytes_max)
			return;
	}
	for (uint64_t at = 0; at < offset; at += PAGE_SIZE) {
		if (erofs_read_page(fs, inode, at / PAGE_SIZE, page))
			w->contradictions++;
		sha256_update(&pages, page, inode->size - at < PAGE_SIZE ? inode->size - at : PAGE_SIZE);
	}
	sha256_final(&reads, by_read);
	sha256_final(&pages, by_page);
	if (got < 0 || offset != inode->size)
		w->errors++;
	else if (memcmp(by_read, by_page, sizeof(by_read)))
		w->contradictions++;
	for (size_t i = 0; i < SHA256_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", by_read[i]);
}

static void walk_print(struct erofs_walk *w, const char *path, const struct erofs_inode *i, const char *digest)
{
	if (!w->out)
		return;
	for (const char *c = path; *c; c++)
		fprintf(w->out, "%02x", (unsigned char)*c);
	fprintf(w->out, "\t%" PRIu64 "\t%o\t%u\t%u\t%u\t%" PRIu64 "\t%" PRId64 ".%09u\t%u\t%s\n", i->nid, i->mode,
		i->nlink, i->uid, i->gid, i->size, i->mtime, i->mtime_ns, i->device, digest);
}

static void walk_inode(struct erofs_walk *w, const struct erofs *fs, uint64_t nid, const char *path, unsigned depth);

static void walk_directory(struct erofs_walk *w, const struct erofs *fs, const struct erofs_inode *dir,
			   const char *path, unsigned depth)
{
	struct names names = { .stop_after = w->inodes_max };
	uint64_t cookie = 0;

	if (erofs_readdir(fs, dir, &cookie, names_add, &names))
		w->errors++;
	else
		check_names(w, fs, dir, &names);
	for (size_t i = 0; i < names.count && w->inodes_max; i++) {
		const struct name *name = &names.at[i];
		char *below;

		if (!strcmp(name->at, ".") || !strcmp(name->at, ".."))
			continue;
		if (asprintf(&below, "%s/%s", path, name->at) < 0)
			abort();
		walk_inode(w, fs, name->nid, below, depth + 1);
		free(below);
	}
	free(names.at);
}

static void walk_inode(struct erofs_walk *w, const struct erofs *fs, uint64_t nid, const char *path, unsigned depth)
{
	char digest[2 * SHA256_SIZE + 1] = "-";
	struct erofs_inode inode;

	if (!w->inodes_max || depth > 64)
		return;
	w->inodes_max--;
	if (erofs_inode_read(fs, nid, &inode)) {
		w->errors++;
		return;
	}
	if (S_ISREG(inode.mode) || S_ISLNK(inode.mode))
		check_data(w, fs, &inode, digest);
	walk_print(w, path, &inode, digest);
	if (S_ISDIR(inode.mode))
		walk_directory(w, fs, &inode, path, depth);
}

int erofs_walk(struct erofs_walk *w)
{
	struct erofs_device device = { walk_get, walk_put, w, w->blocks };
	struct erofs fs;
	int err = erofs_open_super(&fs, &device, &w->why);

	if (!err)
		walk_inode(w, &fs, fs.root_nid, "", 0);
	if (w->held)
		abort();
	return err;
}
