#include "kernel/signal/xstate.h"
#include "base/mem.h"

#define XFEATURE_LEGACY 0x3UL
#define XFEATURE_AVX 0x4UL
#define XFEATURE_MPX 0x18UL
#define XFEATURE_AVX512 0xe0UL
/* Not PKRU (no pkey_* calls) and not AMX (its 8 KiB need a permission that we do not give). */
#define XFEATURES_CARRIED (XFEATURE_LEGACY | XFEATURE_AVX | XFEATURE_MPX | XFEATURE_AVX512)
#define MXCSR_DEFAULT 0x1f80U
#define MXCSR_VALID 0xffffU
#define FCW_DEFAULT 0x37fU

_Static_assert(offsetof(struct xstate, header) == 512, "xstate");
_Static_assert(sizeof(struct xstate) == XSTATE_MAX, "xstate");

uint64_t xstate_features(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low & XFEATURES_CARRIED;
}

uint32_t xstate_size(void)
{
	uint64_t features = xstate_features();

	if (features & XFEATURE_AVX512)
		return XSTATE_MAX;
	if (features & XFEATURE_MPX)
		return 1088;
	return features & XFEATURE_AVX ? 832 : 576;
}

void xstate_save(struct xstate *x)
{
	uint64_t features = xstate_features();

	memset(x, 0, sizeof(*x)); /* XSAVE leaves the header's reserved bytes alone, and XRSTOR wants them zero */
	__asm__ volatile("xsave64 %0" : "+m"(*x) : "a"((uint32_t)features), "d"(0) : "memory");
}

/* SDM 1 13.8: XRSTOR faults on unknown features, on a compacted header, on reserved bits of it and of MXCSR. */
void xstate_load(struct xstate *x, uint64_t features)
{
	uint64_t all = xstate_features();

	x->header = (struct xstate_header){ .xfeatures = x->header.xfeatures & features & all };
	x->legacy.mxcsr &= MXCSR_VALID;
	__asm__ volatile("xrstor64 %0" : : "m"(*x), "a"((uint32_t)all), "d"(0) : "memory");
}

void xstate_reset(void)
{
	static const struct {
		struct fpstate legacy;
		struct xstate_header header;
	} __attribute__((aligned(64))) fresh = { .legacy = { .cwd = FCW_DEFAULT, .mxcsr = MXCSR_DEFAULT } };

	/* xfeatures 0: every component takes its initial state, nothing behind the header is read. */
	__asm__ volatile("xrstor64 %0" : : "m"(fresh), "a"((uint32_t)xstate_features()), "d"(0) : "memory");
}

void xstate_hide(void *area)
{
	__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"((uint32_t)xstate_features()), "d"(0) : "memory");
	xstate_reset();
}

void xstate_show(const void *area)
{
	__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"((uint32_t)xstate_features()), "d"(0) : "memory");
}
