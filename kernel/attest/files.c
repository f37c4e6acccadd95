/*
 * /dev/attestation, by the names and meanings of Gramine: write user_report_data (at most 64 bytes) and target_info,
 * read report or quote. Ours beside them: check_report takes a report that was made for this enclave, or fails with
 * EBADMSG; keys/_adyton_provision and _adyton_ppid are for quoting enclaves (attribute PROVISIONKEY).
 */
#include "abi/linux/errno.h"
#include "base/mem.h"
#include "kernel/attest/attest.h"
#include "kernel/fs/pseudo.h"
#include "kernel/mm/heap.h"
#include "crypto/sha256.h"
#include "kernel/lib/fpu.h"
#include "kernel/sync/lock.h"
#include "kernel/task/process.h"

#define ATTEST_MODE_BOTH (S_IFREG | 0666)
#define ATTEST_MODE_WRITE (S_IFREG | 0222)
#define ATTEST_PREFIX_BYTES (sizeof(ATTEST_RESERVED_PREFIX) - 1)

/* Of the process, all its threads. */
static struct {
	struct lock lock; /* all of this */
	struct sgx_targetinfo target;
	uint8_t report_data[64];
	uint8_t key[16]; /* keys/default */
	bool has_key;
} attest_state;

static void state_copy(void *to, const void *from, size_t size)
{
	LOCKED(&attest_state.lock);
	memcpy(to, from, size);
}

static int show_report_data(struct text *t, uint64_t arg)
{
	uint8_t data[64];

	(void)arg;
	state_copy(data, attest_state.report_data, sizeof(data));
	text_bytes(t, data, sizeof(data));
	return 0;
}

/* Shorter than 64 bytes: zeros follow. */
static int store_report_data(const char *text, size_t size, uint64_t arg)
{
	uint8_t data[64] = { 0 };

	(void)arg;
	if (size > sizeof(data))
		return -EINVAL;
	memcpy(data, text, size);
	if (memcmp(data, ATTEST_RESERVED_PREFIX, ATTEST_PREFIX_BYTES) == 0 &&
	    !(init_process.login && memcmp(data, ATTEST_LOGIN_PREFIX, sizeof(ATTEST_LOGIN_PREFIX) - 1) == 0))
		return -EACCES;
	state_copy(attest_state.report_data, data, sizeof(data));
	return 0;
}

void attest_exec(void)
{
	static const uint8_t none[64];

	init_process.login = false;
	state_copy(attest_state.report_data, none, sizeof(none));
}

static int show_target(struct text *t, uint64_t arg)
{
	struct sgx_targetinfo target;

	(void)arg;
	state_copy(&target, &attest_state.target, sizeof(target));
	text_bytes(t, &target, sizeof(target));
	return 0;
}

static int store_target(const char *text, size_t size, uint64_t arg)
{
	(void)arg;
	if (size != sizeof(attest_state.target))
		return -EINVAL;
	state_copy(&attest_state.target, text, size);
	return 0;
}

static int show_my_target(struct text *t, uint64_t arg)
{
	struct sgx_targetinfo target;
	int error = attest_target(&target);

	(void)arg;
	if (!error)
		text_bytes(t, &target, sizeof(target));
	return error;
}

static int show_report(struct text *t, uint64_t arg)
{
	struct sgx_targetinfo target;
	struct sgx_report report;
	uint8_t data[64];
	int error;

	(void)arg;
	state_copy(&target, &attest_state.target, sizeof(target));
	state_copy(data, attest_state.report_data, sizeof(data));
	error = attest_report(&target, data, &report);
	if (!error)
		text_bytes(t, &report, SGX_REPORT_BYTES);
	return error;
}

static int store_check(const char *text, size_t size, uint64_t arg)
{
	struct sgx_report report;

	(void)arg;
	if (size != SGX_REPORT_BYTES)
		return -EINVAL;
	memset(&report, 0, sizeof(report));
	memcpy(&report, text, size);
	return attest_check(&report);
}

static int show_quote(struct text *t, uint64_t arg)
{
	uint8_t data[64], *quote;
	long n;

	(void)arg;
	state_copy(data, attest_state.report_data, sizeof(data));
	n = attest_quote(data, &quote);
	if (n < 0)
		return (int)n;
	text_bytes(t, quote, (size_t)n);
	heap_free(quote);
	return 0;
}

static int show_type(struct text *t, uint64_t arg)
{
	(void)arg;
	text_add(t, "%s", attest_type());
	return 0;
}

static int show_key(struct text *t, int error, uint8_t key[16])
{
	if (!error)
		text_bytes(t, key, 16);
	mem_wipe(key, 16);
	return error;
}

static int show_mrenclave_key(struct text *t, uint64_t arg)
{
	uint8_t key[16];

	(void)arg;
	return show_key(t, attest_seal_key(SGX_KEYPOLICY_MRENCLAVE, key), key);
}

static int show_mrsigner_key(struct text *t, uint64_t arg)
{
	uint8_t key[16];

	(void)arg;
	return show_key(t, attest_seal_key(SGX_KEYPOLICY_MRSIGNER, key), key);
}

static int show_provision_key(struct text *t, uint64_t arg)
{
	uint8_t key[16];

	(void)arg;
	return show_key(t, attest_provision_key(true, key), key);
}

/* Names the platform for its signer, whatever the versions; says nothing of the key that it comes from. */
static int show_ppid(struct text *t, uint64_t arg)
{
	static const char label[16] = "ADYTON PPID";
	uint8_t input[32], digest[SHA256_SIZE];
	int error = attest_provision_key(false, input + sizeof(label));

	(void)arg;
	if (error)
		return error;
	memcpy(input, label, sizeof(label));
	fpu_begin();
	sha256(input, sizeof(input), digest);
	fpu_end();
	mem_wipe(input, sizeof(input));
	return show_key(t, 0, digest);
}

/* The key that programs for Gramine provision: empty until it was written, and it is written once. */
static int show_default_key(struct text *t, uint64_t arg)
{
	uint8_t key[16];
	bool has;

	(void)arg;
	state_copy(&has, &attest_state.has_key, sizeof(has));
	state_copy(key, attest_state.key, sizeof(key));
	return has ? show_key(t, 0, key) : 0;
}

static int store_default_key(const char *text, size_t size, uint64_t arg)
{
	(void)arg;
	if (size != sizeof(attest_state.key))
		return -EINVAL;
	LOCKED(&attest_state.lock);
	if (attest_state.has_key)
		return -EACCES;
	memcpy(attest_state.key, text, size);
	attest_state.has_key = true;
	return 0;
}

static const struct pseudo_entry attest_keys[] = {
	{ .name = "_adyton_ppid", .mode = PSEUDO_FILE, .show = show_ppid },
	{ .name = "_adyton_provision", .mode = PSEUDO_FILE, .show = show_provision_key },
	{ .name = "_sgx_mrenclave", .mode = PSEUDO_FILE, .show = show_mrenclave_key },
	{ .name = "_sgx_mrsigner", .mode = PSEUDO_FILE, .show = show_mrsigner_key },
	{ .name = "default", .mode = ATTEST_MODE_BOTH, .show = show_default_key, .store = store_default_key },
	{ 0 },
};

static const struct pseudo_entry attest_children[] = {
	{ .name = "attestation_type", .mode = PSEUDO_FILE, .show = show_type },
	{ .name = "check_report", .mode = ATTEST_MODE_WRITE, .store = store_check },
	{ .name = "keys", .mode = PSEUDO_DIR, .children = attest_keys },
	{ .name = "my_target_info", .mode = PSEUDO_FILE, .show = show_my_target },
	{ .name = "quote", .mode = PSEUDO_FILE, .show = show_quote },
	{ .name = "report", .mode = PSEUDO_FILE, .show = show_report },
	{ .name = "target_info", .mode = ATTEST_MODE_BOTH, .show = show_target, .store = store_target },
	{ .name = "user_report_data", .mode = ATTEST_MODE_BOTH, .show = show_report_data,
	  .store = store_report_data },
	{ 0 },
};

static const struct pseudo_entry attest_root = { .name = "attestation", .mode = PSEUDO_DIR,
						 .children = attest_children };

const struct pseudo_fs attest_fs = { .root = &attest_root, .magic = 0x9fa0 };
