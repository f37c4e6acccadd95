#include "kernel/mm/epc.h"

#include "abi/linux/errno.h"
#include "base/mem.h"
#include "cpu/enclu.h"
#include "kernel/border/hostcall.h"
#include "kernel/kernel.h"
#include "kernel/task/thread.h"

#define REGULAR SGX_SECINFO_PT(SGX_PT_REG)

/*
 * A page that should not be there yet, and is there in another state: the host told an earlier change otherwise than it
 * made it. Nothing that is believed about the page holds.
 */
static bool epc_added(uint64_t addr, uint64_t code)
{
	if (code == SGX_PAGE_ATTRIBUTES_MISMATCH)
		kernel_die("the host kept page %p in the enclave after it had said that the page was removed",
			   (void *)addr);
	return code == SGX_SUCCESS;
}

uint64_t epc_add(uint64_t addr, uint64_t count)
{
	struct sgx_secinfo secinfo = { .flags = REGULAR | SGX_SECINFO_R | SGX_SECINFO_W | SGX_SECINFO_PENDING };
	uint64_t done = 0;

	for (; done < count; done++)
		if (!epc_added(addr + done * PAGE_SIZE, enclu_eaccept(&secinfo, addr + done * PAGE_SIZE)))
			break;
	return done;
}

int epc_add_copy(uint64_t addr, uint64_t source, uint32_t rwx)
{
	struct sgx_secinfo secinfo = { .flags = REGULAR | rwx };

	return epc_added(addr, enclu_eacceptcopy(&secinfo, addr, source)) ? 0 : -ENOMEM;
}

void epc_extend(uint64_t addr, uint64_t count, uint32_t rwx)
{
	struct sgx_secinfo secinfo = { .flags = REGULAR | rwx };

	for (uint64_t i = 0; i < count; i++)
		enclu_emodpe(&secinfo, addr + i * PAGE_SIZE);
}

void epc_settle(void)
{
	epc_extend(PAGE_DOWN((uint64_t)current), 1, SGX_SECINFO_R | SGX_SECINFO_W);
}

/* What the host was asked to do stands in the EPCM, or the host lied. */
static void epc_accept_change(uint64_t addr, uint64_t count, uint64_t flags)
{
	struct sgx_secinfo secinfo = { .flags = flags };

	for (uint64_t i = 0; i < count; i++) {
		uint64_t code = enclu_eaccept(&secinfo, addr + i * PAGE_SIZE);

		if (code != SGX_SUCCESS)
			kernel_die("the host did not change page %p as it was asked and said that it did: EACCEPT as "
				   "0x%lx: expected success, found code %lu", (void *)(addr + i * PAGE_SIZE), flags,
				   code);
	}
}

/*
 * An error says nothing of the pages: the host may have changed all of them, or some. No request of ours is one that an
 * honest driver refuses, so the process ends here rather than at a later fault that nobody could explain.
 */
static void epc_obeyed(long error, uint64_t addr, uint64_t count, const char *what)
{
	if (error)
		kernel_die("the host reports error %ld for %s of %lu pages at %p: their state is unknown", -error, what,
			   count, (void *)addr);
}

int epc_restrict(uint64_t addr, uint64_t count, uint32_t from, uint32_t to)
{
	epc_obeyed(host_restrict_permissions((long)addr, (long)(count * PAGE_SIZE), to), addr, count, "EMODPR");
	epc_accept_change(addr, count, REGULAR | SGX_SECINFO_PR | (from & to));
	return 0;
}

int epc_remove(uint64_t addr, uint64_t count)
{
	epc_obeyed(host_modify_type((long)addr, (long)(count * PAGE_SIZE), SGX_PT_TRIM), addr, count, "EMODT");
	epc_accept_change(addr, count, SGX_SECINFO_PT(SGX_PT_TRIM) | SGX_SECINFO_MODIFIED);
	/* Trimmed and accepted, the pages are gone for us; one that stays is found when its address is used again. */
	epc_obeyed(host_remove_pages((long)addr, (long)(count * PAGE_SIZE)), addr, count, "EREMOVE");
	return 0;
}

void epc_zero(uint64_t addr, uint64_t count)
{
	memset((void *)addr, 0, count * PAGE_SIZE);
}

void epc_read(void *to, uint64_t addr, uint64_t size)
{
	memcpy(to, (const void *)addr, size);
}

void epc_write(uint64_t addr, const void *from, uint64_t size)
{
	memcpy((void *)addr, from, size);
}
