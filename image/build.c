#include "image/build.h"
#include "crypto/sha256.h"
#include "image/cache.h"
#include "image/cleanup.h"
#include "image/io.h"
#include "image/stage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* All that a build holds. */
struct work {
	struct definition definition;
	struct kernel kernel;
	struct root root;
	struct plan plan;
	struct sgx_sigstruct sigstruct;
	EVP_PKEY *key;
};

static void work_free(struct work *w)
{
	EVP_PKEY_free(w->key);
	plan_free(&w->plan);
	root_free(&w->root);
	kernel_free(&w->kernel);
	definition_free(&w->definition);
}

/* The folder of a path, "." for a bare name. */
static void folder_of(char out[PATHS_MAX], const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash)
		(void)snprintf(out, PATHS_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	else
		(void)snprintf(out, PATHS_MAX, ".");
}

static int build_root(struct work *w, const struct build *b, struct fail *f)
{
	char folder[PATHS_MAX], path[2 * PATHS_MAX], scratch[PATHS_MAX];
	_cleanup_(stage_free) struct stage stage = { "" };
	const char *rootfs = w->definition.rootfs;

	folder_of(folder, b->definition);
	folder_of(scratch, b->output);
	if ((size_t)snprintf(path, sizeof(path), "%s%s%s", rootfs[0] == '/' ? "" : folder, rootfs[0] == '/' ? "" : "/",
			     rootfs) >= sizeof(path))
		return fail(f, "root file system: the path %s is too long", rootfs);
	if (w->definition.init.count && stage_make(&stage, path, scratch, f))
		return -1;
	if (root_make(&w->root, *stage.path ? stage.path : path, scratch, f))
		return -1;
	w->definition.has_verity = true;
	w->definition.verity.data_blocks = w->root.verity.data_blocks;
	w->definition.verity.hash_blocks = w->root.verity.hash_blocks;
	memcpy(w->definition.verity.root_hash, w->root.verity.root_hash, 32);
	return 0;
}

static int build_plan(struct work *w, struct fail *f)
{
	char path[PATHS_MAX];

	if (paths_kernel(path, f) || kernel_read_file(&w->kernel, path, f))
		return -1;
	return plan_make(&w->plan, &w->kernel, &w->definition, f);
}

static int build_signature(struct work *w, const char *key, struct passphrase *passphrase, struct fail *f)
{
	struct sigstruct_identity id = { .product_id = (uint16_t)w->definition.product_id,
					 .security_version = (uint16_t)w->definition.security_version,
					 .development = !key };

	if (key ? keys_read(&w->key, key, passphrase, f) : keys_development(&w->key, f))
		return -1;
	plan_measure(&w->plan, id.mrenclave);
	return sigstruct_sign(&w->sigstruct, &w->plan.header, &id, w->key, f);
}

static int stream_to_file(void *context, const void *bytes, size_t size)
{
	return fwrite(bytes, 1, size, context) == size ? 0 : -1;
}

static int build_sgxs(const struct work *w, const char *path, struct fail *f)
{
	FILE *out = fopen(path, "we");
	int err = out ? plan_stream(&w->plan, stream_to_file, out) : -1;

	if (out && fclose(out))
		err = -1;
	return err ? fail(f, "cannot write %s: %s", path, strerror(errno)) : 0;
}

static void build_report(const struct sgx_sigstruct *s, struct build_result *result)
{
	memcpy(result->mrenclave, s->enclave_hash, 32);
	sigstruct_mrsigner(s, result->mrsigner);
	result->development = s->swdefined == SIGSTRUCT_DEVELOPMENT;
}

int build_image(const struct build *b, struct build_result *result, struct fail *f)
{
	_cleanup_(work_free) struct work w = { .root = { .fd = -1 } };

	if (definition_read_file(&w.definition, b->definition, f) || build_root(&w, b, f) || build_plan(&w, f) ||
	    build_signature(&w, b->key, b->passphrase, f))
		return -1;
	if (b->sgxs && build_sgxs(&w, b->sgxs, f))
		return -1;
	if (image_write(b->output, &w.plan, &w.root, &w.sigstruct, f))
		return -1;
	build_report(&w.sigstruct, result);
	return 0;
}

int build_sign(const char *path, const char *key, struct passphrase *passphrase, struct build_result *result,
	       struct fail *f)
{
	struct sigstruct_identity id = { .development = !key };
	struct sgx_sigstruct sigstruct;
	struct image image;
	EVP_PKEY *pkey;
	int err;

	if (image_open(&image, path, f))
		return -1;
	memcpy(id.mrenclave, image.mrenclave, 32);
	id.product_id = image.sigstruct->isv_prod_id;
	id.security_version = image.sigstruct->isv_svn;
	err = key ? keys_read(&pkey, key, passphrase, f) : keys_development(&pkey, f);
	if (!err)
		err = sigstruct_sign(&sigstruct, &image.plan.header, &id, pkey, f);
	EVP_PKEY_free(pkey);
	image_close(&image);
	if (err || image_replace_sigstruct(path, &sigstruct, f))
		return -1;
	build_report(&sigstruct, result);
	return 0;
}

/*
 * The cached image's name follows from what tells one kernel build from another without reading it at every start:
 * path, inode, size and times. A stale image would still be a correctly measured one, of an older kernel.
 */
static int quick_path(char out[PATHS_MAX], const char *kernel, bool ordinary_memory, struct fail *f)
{
	char folder[PATHS_MAX], text[PATHS_MAX + 256], hex[65];
	uint8_t digest[32];
	struct stat st;
	int n;

	if (stat(kernel, &st))
		return fail(f, "kernel: cannot read %s: %s", kernel, strerror(errno));
	n = snprintf(text, sizeof(text), "%d %s %lu %lu %lld %lld.%09ld %lld.%09ld", IMAGE_VERSION, kernel,
		     (unsigned long)st.st_dev, (unsigned long)st.st_ino, (long long)st.st_size,
		     (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec,
		     st.st_ctim.tv_nsec);
	sha256(text, (size_t)n, digest);
	hex_encode(digest, 12, hex);
	if (paths_cache(folder, f))
		return -1;
	if ((size_t)snprintf(out, PATHS_MAX, "%s/" CACHE_PREFIX "%s%s" CACHE_SUFFIX, folder, hex,
			     ordinary_memory ? "-ordinary" : "") >= PATHS_MAX)
		return fail(f, "quick image: the path is too long");
	return 0;
}

static int quick_make(const char *path, bool ordinary_memory, struct fail *f)
{
	static const char *const any[] = { "*" };
	_cleanup_(work_free) struct work w = { .root = { .fd = -1 } };

	w.definition.label = "quick";
	w.definition.root_host = "/";
	w.definition.allow_environment = (struct strings){ (const char **)(uintptr_t)any, 1 };
	w.definition.quick = w.definition.allow_arguments = w.definition.development = true;
	w.definition.ordinary_memory = ordinary_memory;
	if (build_plan(&w, f) || build_signature(&w, NULL, NULL, f))
		return -1;
	return image_write(path, &w.plan, NULL, &w.sigstruct, f);
}

int build_quick(char path[PATHS_MAX], bool ordinary_memory, struct fail *f)
{
	char kernel[PATHS_MAX], folder[PATHS_MAX];
	int fd;

	if (paths_kernel(kernel, f) || quick_path(path, kernel, ordinary_memory, f))
		return -1;
	fd = cache_open(path);
	/* Another run may trim the cache just now: a few times over is more than chance does. */
	for (int tries = 0; fd < 0 && errno == ENOENT && tries < 8; tries++) {
		if (quick_make(path, ordinary_memory, f))
			return -1;
		fd = cache_open(path);
		folder_of(folder, path);
		cache_trim(folder);
	}
	return fd < 0 ? fail(f, "quick image: cannot read %s: %s", path, strerror(errno)) : fd;
}
