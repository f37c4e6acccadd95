/* EREPORT and EGETKEY. Their operands are large and aligned: they stand here, one user at a time. */
#include "abi/linux/errno.h"
#include "base/mem.h"
#include "cpu/enclu.h"
#include "crypto/aes_cmac.h"
#include "kernel/attest/attest.h"
#include "kernel/border/hostcall.h"
#include "kernel/lib/fpu.h"
#include "kernel/sync/lock.h"

/*
 * What of ATTRIBUTES and MISCSELECT keys depend on: INIT, DEBUG and what is reserved, as Intel's SDK has it. XFRM and
 * features without a meaning for security may differ between the machine states that a seal must survive.
 */
#define ATTEST_FLAGS_MASK (0xff00000000000008UL | SGX_ATTR_INIT | SGX_ATTR_DEBUG)
#define ATTEST_MISC_MASK 0xf0000000U

static struct {
	struct lock lock; /* all of this */
	struct sgx_targetinfo target;
	struct sgx_report report;
	struct sgx_keyrequest request;
	uint8_t data[128] __attribute__((aligned(128)));
	uint8_t key[16] __attribute__((aligned(16)));
} attest;

/* Under the lock: a report for the target, NULL: for nobody. -EIO: the processor has no keys. */
static int report_make(const struct sgx_targetinfo *target, const uint8_t data[64])
{
	memset(&attest.target, 0, sizeof(attest.target));
	if (target)
		attest.target = *target;
	memcpy(attest.data, data, 64);
	memset(&attest.report, 0, sizeof(attest.report));
	return enclu_ereport(&attest.target, attest.data, &attest.report) == ENCLU_REFUSED ? -EIO : 0;
}

/* Who we are is only in a report: made for nobody, as its body is all that is wanted. */
static int report_self(struct sgx_targetinfo *out)
{
	static const uint8_t none[64];
	const struct sgx_report_body *b = &attest.report.body;
	int error = report_make(NULL, none);

	if (error)
		return error;
	memset(out, 0, sizeof(*out));
	memcpy(out->mrenclave, b->mrenclave, 32);
	out->attributes = b->attributes;
	out->config_svn = b->config_svn;
	out->misc_select = b->misc_select;
	memcpy(out->config_id, b->config_id, 64);
	return 0;
}

int attest_target(struct sgx_targetinfo *out)
{
	long error = host_attest_keys(0);

	if (error)
		return (int)error;
	LOCKED(&attest.lock);
	return report_self(out);
}

int attest_report(const struct sgx_targetinfo *target, const uint8_t data[64], struct sgx_report *out)
{
	struct sgx_targetinfo self;
	long error = host_attest_keys(0);

	if (error)
		return (int)error;
	LOCKED(&attest.lock);
	error = target ? 0 : report_self(&self);
	if (!error)
		error = report_make(target ? target : &self, data);
	if (!error)
		*out = attest.report;
	return (int)error;
}

/* Under the lock, attest.request filled: EGETKEY's answer in attest.key. */
static int key_get(void)
{
	uint64_t error = enclu_egetkey(&attest.request, attest.key);

	if (error == SGX_INVALID_ATTRIBUTE)
		return -EACCES;
	if (error == ENCLU_REFUSED)
		return -EIO;
	return error ? -EINVAL : 0;
}

static int key_take(uint16_t name, uint16_t policy, bool current, uint8_t key[16])
{
	long error = host_attest_keys(0);
	struct sgx_targetinfo self;

	if (error)
		return (int)error;
	LOCKED(&attest.lock);
	error = report_self(&self);
	if (error)
		return (int)error;
	attest.request = (struct sgx_keyrequest){ .key_name = name,
						  .key_policy = policy,
						  .attribute_mask = { .flags = ATTEST_FLAGS_MASK },
						  .misc_mask = ATTEST_MISC_MASK };
	if (current) {
		attest.request.isv_svn = attest.report.body.isv_svn;
		memcpy(attest.request.cpusvn, attest.report.body.cpusvn, 16);
	}
	error = key_get();
	if (!error)
		memcpy(key, attest.key, 16);
	mem_wipe(attest.key, 16);
	return (int)error;
}

int attest_seal_key(uint16_t policy, uint8_t key[16])
{
	return key_take(SGX_KEY_SEAL, policy, true, key);
}

int attest_provision_key(bool current, uint8_t key[16])
{
	return key_take(SGX_KEY_PROVISION, 0, current, key);
}

int attest_check(const struct sgx_report *report)
{
	long error = host_attest_keys(0);
	bool good;

	if (error)
		return (int)error;
	LOCKED(&attest.lock);
	attest.request = (struct sgx_keyrequest){ .key_name = SGX_KEY_REPORT };
	memcpy(attest.request.key_id, report->key_id, 32);
	error = key_get();
	if (error)
		return (int)error;
	fpu_begin();
	good = aes_cmac_verify(attest.key, &report->body, sizeof(report->body), report->mac);
	fpu_end();
	mem_wipe(attest.key, 16);
	return good ? 0 : -EBADMSG;
}
