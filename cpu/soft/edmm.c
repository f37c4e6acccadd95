/* What the host does to pages of a running enclave: EAUG, EMODPR, EMODT, EREMOVE (SDM 40.3). */
#include "cpu/soft/epcm.h"
#include "cpu/soft/memory.h"
#include "cpu/soft/soft.h"

#define EAUG_LOWEST 0x10000UL /* abi/layout.h: stays unmapped, so that null pointers fault */

int eaug(uint64_t address)
{
	if (!(soft.secs.attributes.flags & SGX_ATTR_INIT) || address & PAGE_MASK || address < EAUG_LOWEST ||
	    !soft_in_elrange(address, PAGE_SIZE))
		return -LINUX_EINVAL;
	if (!epcm_extent_make(address))
		return -LINUX_ENOMEM;
	if (epcm_read(address) & EPCM_VALID)
		return -LINUX_EBUSY;
	epcm_write(address, EPCM_VALID | EPCM_TYPE(SGX_PT_REG) | EPCM_R | EPCM_W | EPCM_PENDING);
	soft.counters.pages_added++;
	return 0;
}

static int range_ok(uint64_t address, uint64_t length)
{
	if (!(soft.secs.attributes.flags & SGX_ATTR_INIT) || (address | length) & PAGE_MASK || !length ||
	    !soft_in_elrange(address, length))
		return -LINUX_EINVAL;
	return 0;
}

int emodpr(uint64_t address, uint64_t length, uint64_t rwx)
{
	int ret = range_ok(address, length);

	if (ret || rwx & ~SGX_SECINFO_RWX || (rwx & (SGX_SECINFO_R | SGX_SECINFO_W)) == SGX_SECINFO_W)
		return -LINUX_EINVAL;
	for (uint64_t at = address; at < address + length; at += PAGE_SIZE) {
		uint32_t word = epcm_read(at);

		if (!(word & EPCM_VALID))
			return -LINUX_EFAULT;
		if (word & (EPCM_PENDING | EPCM_MODIFIED))
			return SGX_PAGE_NOT_MODIFIABLE;
		if (epcm_type(word) != SGX_PT_REG)
			return -LINUX_EFAULT;
	}
	for (uint64_t at = address; at < address + length; at += PAGE_SIZE) {
		uint32_t word = epcm_read(at);

		epcm_write(at, (word & (uint32_t)(~EPCM_RWX | rwx)) | EPCM_PR);
	}
	memory_revoke(address, address + length);
	return 0;
}

/* REG becomes TCS or TRIM, TCS becomes TRIM. */
static bool emodt_allowed(uint32_t word, uint64_t page_type)
{
	return epcm_type(word) == SGX_PT_REG || (epcm_type(word) == SGX_PT_TCS && page_type == SGX_PT_TRIM);
}

int emodt(uint64_t address, uint64_t length, uint64_t page_type)
{
	int ret = range_ok(address, length);

	if (ret || (page_type != SGX_PT_TCS && page_type != SGX_PT_TRIM))
		return -LINUX_EINVAL;
	for (uint64_t at = address; at < address + length; at += PAGE_SIZE) {
		uint32_t word = epcm_read(at);

		if (!(word & EPCM_VALID) || !emodt_allowed(word, page_type))
			return -LINUX_EFAULT;
		if (word & (EPCM_PENDING | EPCM_MODIFIED))
			return SGX_PAGE_NOT_MODIFIABLE;
	}
	/* Staged content must reach its page while the EPCM still says what for. */
	memory_flush();
	for (uint64_t at = address; at < address + length; at += PAGE_SIZE)
		epcm_write(at, EPCM_VALID | EPCM_TYPE(page_type) | EPCM_MODIFIED);
	memory_revoke(address, address + length);
	return 0;
}

int eremove(uint64_t address, uint64_t length)
{
	int ret = range_ok(address, length);

	if (ret)
		return ret;
	for (uint64_t at = address; at < address + length; at += PAGE_SIZE) {
		uint32_t word = epcm_read(at);
		struct soft_tcs *tcs = tcs_find(at);

		if ((word & (EPCM_VALID | EPCM_TYPE_MASK | EPCM_MODIFIED)) != (EPCM_VALID | EPCM_TYPE(SGX_PT_TRIM)))
			return -LINUX_EPERM;
		if (tcs && __atomic_load_n(&tcs->busy, __ATOMIC_RELAXED))
			return SGX_ENCLAVE_ACT;
	}
	memory_flush();
	for (uint64_t at = address; at < address + length; at += PAGE_SIZE) {
		tcs_remove(at);
		epcm_write(at, 0);
	}
	soft.counters.pages_removed += length >> PAGE_SHIFT;
	memory_drop(address, address + length);
	return 0;
}
