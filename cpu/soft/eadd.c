/* EADD and EEXTEND (SDM 40.3). */
#include "base/mem.h"
#include "cpu/soft/epcm.h"
#include "cpu/soft/memory.h"
#include "cpu/soft/soft.h"

#define EEXTEND_CHUNK 256U
#define SECINFO_KNOWN (SGX_SECINFO_RWX | SGX_SECINFO_PT(0xff))

static bool eadd_secinfo_ok(uint64_t flags)
{
	if (flags & ~SECINFO_KNOWN)
		return false;
	switch (SGX_SECINFO_TYPE(flags)) {
	case SGX_PT_REG:
		return (flags & (SGX_SECINFO_R | SGX_SECINFO_W)) != SGX_SECINFO_W;
	case SGX_PT_TCS:
		return true;
	default:
		return false;
	}
}

static void eadd_measure(uint64_t address, uint64_t flags)
{
	struct {
		uint8_t tag[8];
		uint64_t offset;
		uint64_t secinfo_flags;
		uint8_t zero[40];
	} __attribute__((packed)) record = { .tag = "EADD", address - soft.secs.base, flags, { 0 } };

	_Static_assert(sizeof(record) == 64, "one SHA-256 block");
	sha256_update(&soft.measurement, &record, sizeof(record));
}

/* All sixteen chunks of a page. */
void eextend(uint64_t address, const void *content)
{
	struct {
		uint8_t tag[8];
		uint64_t offset;
		uint8_t zero[48];
	} __attribute__((packed)) record = { .tag = "EEXTEND", 0, { 0 } };

	_Static_assert(sizeof(record) == 64, "one SHA-256 block");
	for (uint32_t at = 0; at < PAGE_SIZE; at += EEXTEND_CHUNK) {
		record.offset = address - soft.secs.base + at;
		sha256_update(&soft.measurement, &record, sizeof(record));
		sha256_update(&soft.measurement, (const uint8_t *)content + at, EEXTEND_CHUNK);
	}
}

/* A TCS is measured with the fields that the processor owns at zero. */
static int eadd_tcs(uint64_t address, uint8_t *content)
{
	struct sgx_tcs *tcs = (struct sgx_tcs *)content;

	if (!tcs_content_ok(tcs))
		return -LINUX_EINVAL;
	tcs->state = 0;
	tcs->flags = 0;
	tcs->cssa = 0;
	tcs->aep = 0;
	return tcs_add(address, tcs);
}

static bool page_is_zero(const uint8_t *content)
{
	const uint64_t *words = (const uint64_t *)content;

	for (size_t i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		if (words[i])
			return false;
	return true;
}

/* What shall lie at the page, once the EPCM has it. The stub page is measured as it came and executed as ours. */
static void eadd_place(uint64_t address, uint8_t *content, uint64_t flags)
{
	if (address == stub_address && !soft.options.strict)
		stub_content(content);
	if (!(flags & SGX_SECINFO_X) && page_is_zero(content))
		memory_note(address);
	else if (flags & SGX_SECINFO_RWX)
		memory_note_content(address, content);
}

int eadd(uint64_t address, const void *content, uint64_t secinfo_flags, bool measure)
{
	/* Copied once into memory of our own: what is checked, what is measured and what is mapped are the same. */
	static uint8_t *page;
	int ret = 0;

	if (!page)
		page = private_map(PAGE_SIZE);
	if (!page)
		return -LINUX_ENOMEM;
	if (soft.secs.attributes.flags & SGX_ATTR_INIT || !eadd_secinfo_ok(secinfo_flags) || address & PAGE_MASK ||
	    address < soft.secs.base || !soft_in_elrange(address - soft.secs.base, PAGE_SIZE))
		return -LINUX_EINVAL;
	if (!epcm_extent_make(address))
		return -LINUX_ENOMEM;
	if (epcm_read(address) & EPCM_VALID)
		return -LINUX_EBUSY;
	memcpy(page, content, PAGE_SIZE);
	if (SGX_SECINFO_TYPE(secinfo_flags) == SGX_PT_TCS) {
		secinfo_flags &= ~SGX_SECINFO_RWX;
		ret = eadd_tcs(address, page);
	} else if (address == stub_address &&
		   (!stub_content_ok(page) ||
		    secinfo_flags != (SGX_SECINFO_PT(SGX_PT_REG) | SGX_SECINFO_R | SGX_SECINFO_X))) {
		ret = -LINUX_EINVAL;
	}
	if (ret)
		return ret;
	eadd_measure(address, secinfo_flags);
	if (measure)
		eextend(address, page);
	epcm_write(address, EPCM_VALID | EPCM_TYPE(SGX_SECINFO_TYPE(secinfo_flags)) |
				    (uint32_t)(secinfo_flags & SGX_SECINFO_RWX));
	if (SGX_SECINFO_TYPE(secinfo_flags) == SGX_PT_REG)
		eadd_place(address, page, secinfo_flags);
	soft.counters.pages_added++;
	return 0;
}
