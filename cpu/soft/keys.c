/* EREPORT and EGETKEY (SDM 40.4). Checks and the choice of fields are here, the secret is elsewhere (keys.h). */
#include "cpu/soft/keys.h"

#include "base/mem.h"
#include "cpu/soft/epcm.h"
#include "cpu/soft/memory.h"
#include "cpu/soft/soft.h"

#define KEYPOLICY_KSS \
	(SGX_KEYPOLICY_NOISVPRODID | SGX_KEYPOLICY_CONFIGID | SGX_KEYPOLICY_ISVFAMILYID | SGX_KEYPOLICY_ISVEXTPRODID)
#define KEYPOLICY_KNOWN (SGX_KEYPOLICY_MRENCLAVE | SGX_KEYPOLICY_MRSIGNER | KEYPOLICY_KSS)
#define ATTRIBUTES_FORCED (SGX_ATTR_INIT | SGX_ATTR_DEBUG)

_Static_assert(sizeof(((struct keys_derivation *)0)->padding) == SOFT_PADDING, "one PADDING");

/* Which fields of the derivation each key takes; the rest stay zero. */
#define FIELD_MRENCLAVE 0x001U     /* own */
#define FIELD_MRENCLAVE_ASK 0x002U /* if KEYPOLICY asks */
#define FIELD_MRSIGNER 0x004U
#define FIELD_MRSIGNER_ASK 0x008U
#define FIELD_PRODID 0x010U
#define FIELD_KSS_ASK 0x020U  /* ISVFAMILYID, ISVEXTPRODID, CONFIGID, NOISVPRODID by KEYPOLICY */
#define FIELD_REQUEST 0x040U  /* ISVSVN and CPUSVN of the request, checked; masked ATTRIBUTES and MISCSELECT */
#define FIELD_MASKS 0x080U    /* ATTRIBUTEMASK, ~MISCMASK */
#define FIELD_POLICY 0x100U
#define FIELD_KEYID 0x200U
#define FIELD_PADDING 0x400U /* of the SECS */

struct key_kind {
	uint64_t gate; /* the attribute that the enclave must have */
	uint32_t fields;
	uint32_t use;
};

static const struct key_kind key_kinds[] = {
	[SGX_KEY_EINITTOKEN] = { SGX_ATTR_EINITTOKENKEY,
				 FIELD_MRSIGNER | FIELD_PRODID | FIELD_REQUEST | FIELD_KEYID | FIELD_PADDING,
				 KEYS_USE_OWNER_EPOCH | KEYS_USE_SEAL_FUSES },
	[SGX_KEY_PROVISION] = { SGX_ATTR_PROVISIONKEY,
				FIELD_MRSIGNER | FIELD_PRODID | FIELD_REQUEST | FIELD_MASKS | FIELD_PADDING, 0 },
	[SGX_KEY_PROVISION_SEAL] = { SGX_ATTR_PROVISIONKEY,
				     FIELD_MRSIGNER | FIELD_PRODID | FIELD_KSS_ASK | FIELD_REQUEST | FIELD_MASKS |
					     FIELD_POLICY | FIELD_PADDING,
				     KEYS_USE_SEAL_FUSES },
	[SGX_KEY_REPORT] = { 0, FIELD_MRENCLAVE | FIELD_KEYID, KEYS_USE_OWNER_EPOCH | KEYS_USE_SEAL_FUSES },
	[SGX_KEY_SEAL] = { 0,
			   FIELD_MRENCLAVE_ASK | FIELD_MRSIGNER_ASK | FIELD_PRODID | FIELD_KSS_ASK | FIELD_REQUEST |
				   FIELD_MASKS | FIELD_POLICY | FIELD_KEYID | FIELD_PADDING,
			   KEYS_USE_OWNER_EPOCH | KEYS_USE_SEAL_FUSES },
};

/* This processor's security version, and the KEYID under which it reports. */
static const uint8_t current_cpusvn[16] = { 1 };
static uint8_t report_keyid[32];

/* Too large for the enclave's stack; under soft.lock. */
static struct keys_request request;
static struct sgx_keyrequest keyrequest;
static struct sgx_targetinfo target;

static void copy_if(bool take, void *to, const void *from, size_t size)
{
	if (take)
		memcpy(to, from, size);
}

static bool cpusvn_beyond(const uint8_t *cpusvn)
{
	bool beyond = false;

	for (int i = 0; i < 16; i++)
		beyond |= cpusvn[i] > current_cpusvn[i];
	return beyond;
}

/* MSG_NOSIGNAL: a SIGPIPE of the processor's own would reach the enclave. */
static bool transfer(long nr, void *buffer, size_t size)
{
	const long flags = nr == SYS_SENDTO ? LINUX_MSG_NOSIGNAL : 0;
	uint8_t *at = buffer;

	while (size) {
		long done = sys_raw6(nr, soft.options.key_fd, (long)at, (long)size, flags, 0, 0);

		if (done == -LINUX_EINTR)
			continue;
		if (done <= 0)
			return false;
		at += done;
		size -= (size_t)done;
	}
	return true;
}

/* Ask the other process. False: there is none, or it is gone. */
static bool ask(uint8_t result[16])
{
	struct keys_answer answer;
	bool ok;

	request.magic = KEYS_MAGIC;
	ok = soft.options.key_fd >= 0 && transfer(SYS_SENDTO, &request, sizeof(request)) &&
	     transfer(SYS_RECVFROM, &answer, sizeof(answer)) && answer.magic == KEYS_MAGIC && answer.status == 0;
	mem_wipe(&request, sizeof(request));
	if (ok)
		memcpy(result, answer.key, 16);
	mem_wipe(&answer, sizeof(answer));
	return ok;
}

int keys_connect(int fd)
{
	struct keys_answer answer = { 0 };
	int before, error = 0;

	lock_acquire(&soft.lock);
	before = soft.options.key_fd;
	soft.options.key_fd = fd;
	request = (struct keys_request){ .magic = KEYS_MAGIC, .operation = KEYS_PROBE };
	if (!transfer(SYS_SENDTO, &request, sizeof(request)) || !transfer(SYS_RECVFROM, &answer, sizeof(answer)) ||
	    answer.magic != KEYS_MAGIC) {
		soft.options.key_fd = before;
		error = -LINUX_EIO;
	}
	lock_release(&soft.lock);
	return error;
}

/* The PADDING that every valid signature leaves (SDM 40.4 EGETKEY, HARDCODED_PKCS1_5_PADDING), little-endian. */
static void constant_padding(uint8_t padding[SOFT_PADDING])
{
	static const uint8_t digest_info[20] = { 0x20, 0x04, 0x00, 0x05, 0x01, 0x02, 0x04, 0x03, 0x65, 0x01,
						 0x48, 0x86, 0x60, 0x09, 0x06, 0x0d, 0x30, 0x31, 0x30, 0x00 };

	memset(padding, 0xff, SOFT_PADDING);
	memcpy(padding, digest_info, sizeof(digest_info));
	padding[SOFT_PADDING - 2] = 1;
	padding[SOFT_PADDING - 1] = 0;
}

static uint64_t egetkey_check(const struct sgx_keyrequest *r, const struct key_kind *kind)
{
	if (kind->gate & ~soft.secs.attributes.flags)
		return SGX_INVALID_ATTRIBUTE;
	if (!(kind->fields & FIELD_REQUEST))
		return SGX_SUCCESS;
	if (cpusvn_beyond(r->cpusvn))
		return SGX_INVALID_CPUSVN;
	if (r->isv_svn > soft.secs.isv_svn)
		return SGX_INVALID_ISVSVN;
	if (kind->fields & FIELD_KSS_ASK && r->key_policy & SGX_KEYPOLICY_CONFIGID &&
	    r->config_svn > soft.secs.config_svn)
		return SGX_INVALID_ISVSVN;
	return SGX_SUCCESS;
}

static void fill_identity(struct keys_derivation *d, const struct sgx_keyrequest *r, uint32_t fields)
{
	const struct sgx_secs *s = &soft.secs;
	uint32_t policy = fields & FIELD_KSS_ASK ? r->key_policy : 0;
	bool enclave = fields & FIELD_MRENCLAVE ||
		       (fields & FIELD_MRENCLAVE_ASK && r->key_policy & SGX_KEYPOLICY_MRENCLAVE);
	bool signer = fields & FIELD_MRSIGNER ||
		      (fields & FIELD_MRSIGNER_ASK && r->key_policy & SGX_KEYPOLICY_MRSIGNER);

	copy_if(enclave, d->mrenclave, s->mrenclave, 32);
	copy_if(signer, d->mrsigner, s->mrsigner, 32);
	if (fields & FIELD_PRODID && !(policy & SGX_KEYPOLICY_NOISVPRODID))
		d->isv_prod_id = s->isv_prod_id;
	copy_if(policy & SGX_KEYPOLICY_ISVFAMILYID, d->isv_family_id, soft.isv_family_id, 16);
	copy_if(policy & SGX_KEYPOLICY_ISVEXTPRODID, d->isv_ext_prod_id, soft.isv_ext_prod_id, 16);
	copy_if(policy & SGX_KEYPOLICY_CONFIGID, d->config_id, s->config_id, 64);
	if (policy & SGX_KEYPOLICY_CONFIGID)
		d->config_svn = r->config_svn;
}

static void fill_version(struct keys_derivation *d, const struct sgx_keyrequest *r, uint32_t fields)
{
	const struct sgx_secs *s = &soft.secs;

	d->isv_svn = r->isv_svn;
	memcpy(d->cpusvn, r->cpusvn, 16);
	d->attributes.flags = (r->attribute_mask.flags | ATTRIBUTES_FORCED) & s->attributes.flags;
	d->attributes.xfrm = r->attribute_mask.xfrm & s->attributes.xfrm;
	d->misc_select = r->misc_mask & s->misc_select;
	if (fields & FIELD_MASKS) {
		d->attribute_mask = r->attribute_mask;
		d->misc_mask = ~r->misc_mask;
	}
}

/* The key under which reports to an enclave of this identity are authenticated. */
static void fill_report(struct keys_derivation *d, const struct sgx_attributes *attributes, uint32_t misc_select,
			const uint8_t *config_id, uint16_t config_svn)
{
	d->key_name = SGX_KEY_REPORT;
	d->use = key_kinds[SGX_KEY_REPORT].use;
	d->attributes = *attributes;
	d->misc_select = misc_select;
	memcpy(d->config_id, config_id, 64);
	d->config_svn = config_svn;
	memcpy(d->cpusvn, current_cpusvn, 16);
	constant_padding(d->padding);
}

static void fill(struct keys_derivation *d, const struct sgx_keyrequest *r, const struct key_kind *kind)
{
	const struct sgx_secs *s = &soft.secs;

	memset(d, 0, sizeof(*d));
	if (r->key_name == SGX_KEY_REPORT)
		fill_report(d, &s->attributes, s->misc_select, s->config_id, s->config_svn);
	d->key_name = r->key_name;
	d->use = kind->use;
	fill_identity(d, r, kind->fields);
	if (kind->fields & FIELD_REQUEST)
		fill_version(d, r, kind->fields);
	if (kind->fields & FIELD_POLICY)
		d->key_policy = r->key_policy;
	copy_if(kind->fields & FIELD_KEYID, d->key_id, r->key_id, 32);
	copy_if(kind->fields & FIELD_PADDING, d->padding, soft.padding, SOFT_PADDING);
}

static bool keyrequest_ok(const struct sgx_keyrequest *r)
{
	uint8_t any = r->reserved1[0] | r->reserved1[1];

	for (size_t i = 0; i < sizeof(r->reserved2); i++)
		any |= r->reserved2[i];
	if (any || r->key_policy & ~KEYPOLICY_KNOWN)
		return false;
	return soft.secs.attributes.flags & SGX_ATTR_KSS || !(r->key_policy & KEYPOLICY_KSS || r->config_svn);
}

int egetkey(struct soft_leaf *leaf)
{
	const struct sgx_keyrequest *r = &keyrequest;
	const struct key_kind *kind;
	uint8_t key[16];

	if (leaf->rcx & 15 || !soft_in_elrange(leaf->rcx, sizeof(key)))
		return leaf_gp(leaf);
	if (leaf_operand(leaf, &keyrequest, leaf->rbx, sizeof(keyrequest), 512))
		return SOFT_FAULT;
	if (!memory_touch(leaf->rcx, EPCM_R | EPCM_W))
		return leaf_pf(leaf, leaf->rcx);
	if (!keyrequest_ok(r))
		return leaf_gp(leaf);
	if (r->key_name >= sizeof(key_kinds) / sizeof(key_kinds[0])) {
		leaf->rax = SGX_INVALID_KEYNAME;
		return 0;
	}
	kind = &key_kinds[r->key_name];
	leaf->rax = egetkey_check(r, kind);
	if (leaf->rax)
		return 0;
	request.operation = KEYS_DERIVE;
	fill(&request.derivation, r, kind);
	if (!ask(key))
		return leaf_gp(leaf);
	memcpy((void *)leaf->rcx, key, sizeof(key));
	mem_wipe(key, sizeof(key));
	return 0;
}

static void fill_body(struct sgx_report_body *body, const uint8_t report_data[64])
{
	const struct sgx_secs *s = &soft.secs;

	memset(body, 0, sizeof(*body));
	memcpy(body->cpusvn, current_cpusvn, 16);
	body->misc_select = s->misc_select;
	memcpy(body->isv_ext_prod_id, soft.isv_ext_prod_id, 16);
	body->attributes = s->attributes;
	memcpy(body->mrenclave, s->mrenclave, 32);
	memcpy(body->mrsigner, s->mrsigner, 32);
	memcpy(body->config_id, s->config_id, 64);
	body->isv_prod_id = s->isv_prod_id;
	body->isv_svn = s->isv_svn;
	body->config_svn = s->config_svn;
	memcpy(body->isv_family_id, soft.isv_family_id, 16);
	memcpy(body->report_data, report_data, 64);
}

static bool keyid_ready(void)
{
	uint8_t any = 0;

	for (size_t i = 0; i < sizeof(report_keyid); i++)
		any |= report_keyid[i];
	return any || sys_raw3(SYS_GETRANDOM, (long)report_keyid, sizeof(report_keyid), 0) == sizeof(report_keyid);
}

int ereport(struct soft_leaf *leaf)
{
	uint8_t report_data[64], mac[16];
	struct sgx_report *out = (struct sgx_report *)leaf->rdx;
	struct sgx_report_body *body = (struct sgx_report_body *)request.body;

	if (leaf_operand(leaf, &target, leaf->rbx, sizeof(target), 512) ||
	    leaf_operand(leaf, report_data, leaf->rcx, sizeof(report_data), 128))
		return SOFT_FAULT;
	if (leaf->rdx & 511 || !soft_in_elrange(leaf->rdx, SGX_REPORT_BYTES))
		return leaf_gp(leaf);
	if (!memory_touch(leaf->rdx, EPCM_R | EPCM_W))
		return leaf_pf(leaf, leaf->rdx);
	if (!keyid_ready())
		return leaf_gp(leaf);
	request.operation = KEYS_MAC;
	memset(&request.derivation, 0, sizeof(request.derivation));
	fill_report(&request.derivation, &target.attributes, target.misc_select, target.config_id, target.config_svn);
	memcpy(request.derivation.mrenclave, target.mrenclave, 32);
	memcpy(request.derivation.key_id, report_keyid, 32);
	memcpy(request.derivation.padding, soft.padding, SOFT_PADDING);
	fill_body(body, report_data);
	if (!ask(mac))
		return leaf_gp(leaf);
	fill_body(&out->body, report_data);
	memcpy(out->key_id, report_keyid, 32);
	memcpy(out->mac, mac, 16);
	leaf->rax = SGX_SUCCESS;
	return 0;
}
