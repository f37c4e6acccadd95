/* ECREATE (SDM 40.3): checks the SECS, starts the measurement. */
#include "base/mem.h"
#include "cpu/soft/epcm.h"
#include "cpu/soft/memory.h"
#include "cpu/soft/soft.h"

#define ATTRIBUTES_KNOWN \
	(SGX_ATTR_DEBUG | SGX_ATTR_MODE64BIT | SGX_ATTR_PROVISIONKEY | SGX_ATTR_EINITTOKENKEY | SGX_ATTR_KSS)
#define XSAVE_HEADER_END 576U

static bool all_zero(const uint8_t *bytes, size_t size)
{
	uint8_t any = 0;

	while (size--)
		any |= *bytes++;
	return !any;
}

static uint64_t xcr0(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

/* Where a component of a standard-format XSAVE area ends (CPUID.0DH). */
static uint32_t xsave_end(uint32_t component)
{
	uint32_t a = 0xd, b, c = component, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return component < 2 ? XSAVE_HEADER_END : b + a;
}

/* Bytes of the area that holds these components. */
static uint32_t xsave_size(uint64_t xfrm)
{
	uint32_t size = XSAVE_HEADER_END;

	for (uint32_t i = 2; i < 63; i++)
		if (xfrm >> i & 1 && xsave_end(i) > size)
			size = xsave_end(i);
	return size;
}

/*
 * The components that XRSTOR may look for in a frame. It may read all of the area that it is asked for, even of
 * components that the header says are absent; AMX's, which ends far behind a page, made it fault now and then.
 */
static uint64_t xsave_mask(uint32_t room)
{
	uint64_t mask = 0, enabled = xcr0();

	for (uint32_t i = 0; i < 63; i++)
		if (enabled >> i & 1 && xsave_end(i) <= room)
			mask |= 1UL << i;
	return mask;
}

/* Room for the vector state in one SSA frame, below GPRSGX and (where selected) EXINFO. */
static uint32_t frame_room(const struct sgx_secs *secs)
{
	size_t tail = sizeof(struct sgx_gpr) + (secs->misc_select & SGX_MISC_EXINFO ? sizeof(struct sgx_exinfo) : 0);

	return secs->ssa_frame_size ? (uint32_t)(secs->ssa_frame_size * PAGE_SIZE - tail) : 0;
}

static bool secs_ok(const struct sgx_secs *s)
{
	if (s->size < 2 * PAGE_SIZE || s->size & (s->size - 1) || s->base & (s->size - 1))
		return false;
	if (s->ssa_frame_size > 64 || s->misc_select & ~SGX_MISC_EXINFO)
		return false;
	if (s->attributes.flags & ~ATTRIBUTES_KNOWN || !(s->attributes.flags & SGX_ATTR_MODE64BIT))
		return false;
	if ((s->attributes.xfrm & SGX_XFRM_LEGACY) != SGX_XFRM_LEGACY || s->attributes.xfrm & ~xcr0())
		return false;
	if (frame_room(s) < xsave_size(s->attributes.xfrm))
		return false;
	if (!(s->attributes.flags & SGX_ATTR_KSS) && (s->config_svn || !all_zero(s->config_id, sizeof(s->config_id))))
		return false;
	return all_zero(s->reserved1, sizeof(s->reserved1)) && all_zero(s->reserved2, sizeof(s->reserved2)) &&
	       all_zero(s->reserved3, sizeof(s->reserved3)) && all_zero(s->reserved4, sizeof(s->reserved4));
}

int ecreate(const struct sgx_secs *secs)
{
	struct {
		uint8_t tag[8];
		uint32_t ssa_frame_size;
		uint64_t size;
		uint8_t zero[44];
	} __attribute__((packed)) record = { .tag = "ECREATE", 0, 0, { 0 } };

	_Static_assert(sizeof(record) == 64, "one SHA-256 block");
	if (!secs_ok(secs))
		return -LINUX_EINVAL;
	soft.secs = *secs;
	memset(soft.secs.mrenclave, 0, sizeof(soft.secs.mrenclave));
	memset(soft.secs.mrsigner, 0, sizeof(soft.secs.mrsigner));
	soft.secs.isv_prod_id = soft.secs.isv_svn = 0;
	soft.xsave_bytes = frame_room(secs);
	soft.xsave_mask = xsave_mask(soft.xsave_bytes);
	record.ssa_frame_size = secs->ssa_frame_size;
	record.size = secs->size;
	sha256_init(&soft.measurement);
	sha256_update(&soft.measurement, &record, sizeof(record));
	return epcm_init(secs->base + secs->size);
}
