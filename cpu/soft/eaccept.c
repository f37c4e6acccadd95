/* What enclave code does to its own pages: EACCEPT, EACCEPTCOPY, EMODPE (SDM 40.4). */
#include "base/mem.h"
#include "cpu/soft/epcm.h"
#include "cpu/soft/memory.h"
#include "cpu/soft/soft.h"

#define SECINFO_DEFINED \
	(SGX_SECINFO_RWX | SGX_SECINFO_PENDING | SGX_SECINFO_MODIFIED | SGX_SECINFO_PR | SGX_SECINFO_PT(0xff))
/* Not PR: an accepted restriction may be accepted again. */
#define EPCM_COMPARED (EPCM_RWX | EPCM_PENDING | EPCM_MODIFIED | EPCM_TYPE_MASK)

/* The SECINFO operand, with its reserved bytes checked. */
static int secinfo_operand(struct soft_leaf *leaf, uint64_t *flags)
{
	struct sgx_secinfo secinfo;
	uint8_t any = 0;

	if (leaf_operand(leaf, &secinfo, leaf->rbx, sizeof(secinfo), 64))
		return SOFT_FAULT;
	for (size_t i = 0; i < sizeof(secinfo.reserved); i++)
		any |= secinfo.reserved[i];
	if (any || secinfo.flags & ~SECINFO_DEFINED)
		return leaf_gp(leaf);
	*flags = secinfo.flags;
	return 0;
}

/* A page operand: aligned and inside. */
static bool page_operand_ok(uint64_t address)
{
	return !(address & PAGE_MASK) && soft_in_elrange(address, PAGE_SIZE);
}

/* A page that is not there is made, as the driver does on the #PF, after which the instruction starts again. */
static int make_page(struct soft_leaf *leaf, uint64_t address)
{
	if (epcm_read(address) & EPCM_VALID || eaug(address) == 0)
		return 0;
	return leaf_pf(leaf, address);
}

/* Which combinations of type and state can be accepted at all. */
static bool eaccept_legal(uint64_t flags)
{
	const uint64_t states = SGX_SECINFO_PENDING | SGX_SECINFO_MODIFIED | SGX_SECINFO_PR;

	switch (SGX_SECINFO_TYPE(flags)) {
	case SGX_PT_REG:
		return flags & (SGX_SECINFO_PR | SGX_SECINFO_PENDING) && !(flags & SGX_SECINFO_MODIFIED);
	case SGX_PT_TCS:
	case SGX_PT_TRIM:
		return (flags & states) == SGX_SECINFO_MODIFIED;
	default:
		return false;
	}
}

/* A page becomes a TCS: its content goes into the processor (SDM 40.4 EACCEPT, checks of PT_TCS). */
static int eaccept_tcs(struct soft_leaf *leaf, uint64_t address)
{
	/* Of the processor: too large for the enclave's stack; under soft.lock. */
	static struct sgx_tcs *content;

	if (!content)
		content = private_map(PAGE_SIZE);
	if (!content)
		soft_die("no memory for a thread control structure");
	memory_peek(address, content);
	if (!tcs_content_ok(content) || content->flags || content->cssa >= content->nssa || content->aep ||
	    content->state)
		return leaf_gp(leaf);
	if (tcs_add(address, content) != 0)
		soft_die("no memory for a thread control structure");
	return 0;
}

static uint32_t word_of_secinfo(uint64_t flags)
{
	return (uint32_t)(flags & (EPCM_COMPARED & ~EPCM_TYPE_MASK)) | EPCM_TYPE(SGX_SECINFO_TYPE(flags) & 7);
}

int eaccept(struct soft_leaf *leaf)
{
	uint64_t flags, address = leaf->rcx;
	uint32_t word;

	if (secinfo_operand(leaf, &flags))
		return SOFT_FAULT;
	if (!page_operand_ok(address) || !eaccept_legal(flags))
		return leaf_gp(leaf);
	if (SGX_SECINFO_TYPE(flags) == SGX_PT_REG && flags & SGX_SECINFO_PENDING && make_page(leaf, address))
		return SOFT_FAULT;
	word = epcm_read(address);
	if (!(word & EPCM_VALID))
		return leaf_pf(leaf, address);
	if ((word & EPCM_COMPARED) != word_of_secinfo(flags)) {
		leaf->rax = SGX_PAGE_ATTRIBUTES_MISMATCH;
		return 0;
	}
	if (SGX_SECINFO_TYPE(flags) == SGX_PT_TCS && eaccept_tcs(leaf, address))
		return SOFT_FAULT;
	epcm_write(address, word & ~(EPCM_PENDING | EPCM_MODIFIED | EPCM_PR));
	if (word & EPCM_PENDING)
		memory_note(address);
	leaf->rax = SGX_SUCCESS;
	return 0;
}

int eacceptcopy(struct soft_leaf *leaf)
{
	uint64_t flags, target = leaf->rcx, source = leaf->rdx;
	uint32_t word;

	if (!page_operand_ok(target) || !page_operand_ok(source))
		return leaf_gp(leaf);
	if (secinfo_operand(leaf, &flags))
		return SOFT_FAULT;
	if (SGX_SECINFO_TYPE(flags) != SGX_PT_REG ||
	    (flags & (SGX_SECINFO_R | SGX_SECINFO_W)) == SGX_SECINFO_W)
		return leaf_gp(leaf);
	if (!memory_touch(source, EPCM_R))
		return leaf_pf(leaf, source);
	if (make_page(leaf, target))
		return SOFT_FAULT;
	word = epcm_read(target);
	if (epcm_type(word) != SGX_PT_REG || !(word & EPCM_PENDING) || word & EPCM_MODIFIED) {
		leaf->rax = SGX_PAGE_ATTRIBUTES_MISMATCH;
		return 0;
	}
	epcm_write(target, EPCM_VALID | EPCM_TYPE(SGX_PT_REG) | (uint32_t)(flags & SGX_SECINFO_RWX));
	memory_note_content(target, (const void *)source);
	leaf->rax = SGX_SUCCESS;
	return 0;
}

int emodpe(struct soft_leaf *leaf)
{
	uint64_t flags, address = leaf->rcx;
	uint32_t word;

	if (!page_operand_ok(address))
		return leaf_gp(leaf);
	if (secinfo_operand(leaf, &flags))
		return SOFT_FAULT;
	word = epcm_read(address);
	if (!(word & EPCM_VALID) || epcm_type(word) != SGX_PT_REG || word & (EPCM_PENDING | EPCM_MODIFIED))
		return leaf_pf(leaf, address);
	if (!((word | flags) & SGX_SECINFO_R) && flags & SGX_SECINFO_W)
		return leaf_gp(leaf);
	if (!(flags & SGX_SECINFO_RWX & ~(uint64_t)word)) {
		memory_flush(); /* it changes nothing: so ends a run of changes (epc_settle() in the kernel) */
		return 0;
	}
	memory_settle(address);
	epcm_write(address, word | (uint32_t)(flags & SGX_SECINFO_RWX));
	memory_note(address);
	return 0;
}
