#include "kernel/mm/epc.h"

#include "abi/linux/errno.h"
#include "base/mem.h"
#include "cpu/enclu.h"
#include "kernel/border/hostcall.h"
#include "kernel/kernel.h"

#define REGULAR SGX_SECINFO_PT(SGX_PT_REG)

uint64_t epc_add(uint64_t addr, uint64_t count)
{
	struct sgx_secinfo secinfo = { .flags = REGULAR | SGX_SECINFO_R | SGX_SECINFO_W | SGX_SECINFO_PENDING };
	uint64_t done = 0;

	while (done < count && enclu_eaccept(&secinfo, addr + done * PAGE_SIZE) == SGX_SUCCESS)
		done++;
	return done;
}

int epc_add_copy(uint64_t addr, uint64_t source, uint32_t rwx)
{
	struct sgx_secinfo secinfo = { .flags = REGULAR | rwx };

	return enclu_eacceptcopy(&secinfo, addr, source) == SGX_SUCCESS ? 0 : -ENOMEM;
}

void epc_extend(uint64_t addr, uint64_t count, uint32_t rwx)
{
	struct sgx_secinfo secinfo = { .flags = REGULAR | rwx };

	for (uint64_t i = 0; i < count; i++)
		enclu_emodpe(&secinfo, addr + i * PAGE_SIZE);
}

/* What the host was asked to do stands in the EPCM, or the host lied. */
static void epc_accept_change(uint64_t addr, uint64_t count, uint64_t flags)
{
	struct sgx_secinfo secinfo = { .flags = flags };

	for (uint64_t i = 0; i < count; i++) {
		uint64_t code = enclu_eaccept(&secinfo, addr + i * PAGE_SIZE);

		if (code != SGX_SUCCESS)
			kernel_die(
				"EACCEPT of page %#lx as %#lx: expected success, found code %lu: the host did not do "
				"what it was asked",
				addr + i * PAGE_SIZE, flags, code);
	}
}

int epc_restrict(uint64_t addr, uint64_t count, uint32_t from, uint32_t to)
{
	long error = host_restrict_permissions((long)addr, (long)(count * PAGE_SIZE), to);

	if (error)
		return (int)error;
	epc_accept_change(addr, count, REGULAR | SGX_SECINFO_PR | (from & to));
	return 0;
}

int epc_remove(uint64_t addr, uint64_t count)
{
	long error = host_modify_type((long)addr, (long)(count * PAGE_SIZE), SGX_PT_TRIM);

	if (error)
		return (int)error;
	epc_accept_change(addr, count, SGX_SECINFO_PT(SGX_PT_TRIM) | SGX_SECINFO_MODIFIED);
	return (int)host_remove_pages((long)addr, (long)(count * PAGE_SIZE));
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
