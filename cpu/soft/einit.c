/*
 * EINIT (SDM 40.3), in the manual's order. Launch control is flexible, as Linux has it: IA32_SGXLEPUBKEYHASH is set to
 * the signer before EINIT, so its comparisons always hold and no EINITTOKEN is asked for.
 */
#include "base/mem.h"
#include "cpu/soft/sigstruct.h"
#include "cpu/soft/soft.h"

_Static_assert(SIGSTRUCT_PADDING == SOFT_PADDING, "one PADDING");

static bool family_ok(const struct sgx_sigstruct *s)
{
	uint8_t any = 0;

	for (size_t i = 0; i < sizeof(s->isv_family_id); i++)
		any |= s->isv_family_id[i];
	return !any || soft.secs.attributes.flags & SGX_ATTR_KSS;
}

static bool attributes_ok(const struct sgx_sigstruct *s)
{
	const struct sgx_attributes *mask = &s->attribute_mask, *want = &s->attributes, *is = &soft.secs.attributes;

	return (is->flags & mask->flags) == (want->flags & mask->flags) &&
	       (is->xfrm & mask->xfrm) == (want->xfrm & mask->xfrm) &&
	       (soft.secs.misc_select & s->misc_mask) == (s->misc_select & s->misc_mask);
}

int einit(const struct sgx_sigstruct *sigstruct)
{
	const struct sgx_sigstruct s = *sigstruct; /* the host's memory: read once */
	struct sha256 measurement = soft.measurement;
	uint8_t padding[SIGSTRUCT_PADDING], mrenclave[SHA256_SIZE];
	int ret;

	if (!soft.secs.size || soft.secs.attributes.flags & SGX_ATTR_INIT)
		return -LINUX_EINVAL;
	ret = sigstruct_verify(&s, padding);
	if (ret)
		return ret;
	if (!family_ok(&s))
		return SGX_INVALID_SIG_STRUCT;
	sha256_final(&measurement, mrenclave);
	if (memcmp(mrenclave, s.enclave_hash, SHA256_SIZE))
		return SGX_INVALID_MEASUREMENT;
	if (!attributes_ok(&s))
		return SGX_INVALID_ATTRIBUTE;
	memcpy(soft.secs.mrenclave, mrenclave, SHA256_SIZE);
	sigstruct_signer(&s, soft.secs.mrsigner);
	memcpy(soft.isv_ext_prod_id, s.isv_ext_prod_id, sizeof(soft.isv_ext_prod_id));
	memcpy(soft.isv_family_id, s.isv_family_id, sizeof(soft.isv_family_id));
	memcpy(soft.padding, padding, sizeof(soft.padding));
	soft.secs.isv_prod_id = s.isv_prod_id;
	soft.secs.isv_svn = s.isv_svn;
	soft.secs.attributes.flags |= SGX_ATTR_INIT;
	return SGX_SUCCESS;
}
