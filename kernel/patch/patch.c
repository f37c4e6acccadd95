/*
 * The book of sites that trapped. A site is rewritten when it traps the PATCH_AT_th time: a call made once costs less
 * as a trap. Pages are replaced whole (mm_patch_text), so no thread ever sees half of a jump.
 */
#include "kernel/patch/patch.h"
#include "abi/layout.h"
#include "abi/linux/errno.h"
#include "base/mem.h"
#include "kernel/entry/entry.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/user.h"
#include "kernel/patch/plan.h"
#include "kernel/sync/lock.h"

#define PATCH_AT 5 /* by then its traps have cost about what rewriting it costs */
#define PATCH_SITES 1024 /* when they are full, new sites keep trapping */
#define PATCH_INDEX 2048U /* a power of two */
#define PATCH_PROBES 32
#define PATCH_NEVER UINT32_MAX
#define STUB_REGIONS 32
#define STUB_REGION_PAGES 16 /* 64 KiB: wherever a site lies, some 256 bytes of a region suit it */
#define STUB_REGION_SIZE (STUB_REGION_PAGES * PAGE_SIZE)
#define STUB_SLOTS (STUB_REGION_SIZE / PATCH_STUB_SIZE)

struct patch_site {
	uint64_t address;
	uint64_t tail;    /* atomic; 0, or where who comes to the overwritten CMP goes on */
	uint32_t traps;   /* PATCH_NEVER: cannot be rewritten, or is */
};

/* A region of stubs: one bit a slot. */
struct stub_region {
	uint64_t address;
	uint8_t used[STUB_SLOTS / 8 + 1];
};

static struct lock patch_lock = LOCK_INIT; /* everything below; mm->lock is taken inside it */
static struct patch_site patch_sites[PATCH_SITES]; /* as they come: few sites touch few pages */
static uint16_t patch_index[PATCH_INDEX];          /* by address: number of the site + 1; 0: free */
static uint16_t patch_site_count;
static struct stub_region stub_regions[STUB_REGIONS];
static uint32_t stub_region_count;
static struct patch_counts patch_count;

static uint16_t *patch_slot(uint64_t address, uint32_t probe)
{
	uint64_t hash = address * 0x9e3779b97f4a7c15UL >> 32;

	return &patch_index[(hash + probe) % PATCH_INDEX];
}

/* Without the lock, too: records are never removed. NULL: there is none; *free is where it would be. */
static struct patch_site *patch_find(uint64_t address, uint16_t **free)
{
	*free = NULL;
	for (uint32_t i = 0; i < PATCH_PROBES; i++) {
		uint16_t *slot = patch_slot(address, i), number = __atomic_load_n(slot, __ATOMIC_ACQUIRE);

		if (!number) {
			*free = slot;
			return NULL;
		}
		if (patch_sites[number - 1].address == address)
			return &patch_sites[number - 1];
	}
	return NULL;
}

/* The site's record, made when there is none. NULL: the book is full. */
static struct patch_site *patch_record(uint64_t address)
{
	uint16_t *free;
	struct patch_site *s = patch_find(address, &free);

	if (s || !free || patch_site_count == PATCH_SITES)
		return s;
	s = &patch_sites[patch_site_count++];
	s->address = address;
	__atomic_store_n(free, patch_site_count, __ATOMIC_RELEASE);
	return s;
}

static uint64_t patch_tail(uint64_t address)
{
	uint16_t *free;
	const struct patch_site *s = patch_find(address, &free);

	return s ? __atomic_load_n(&s->tail, __ATOMIC_ACQUIRE) : 0;
}

static uint64_t stub_slot(struct stub_region *g, enum patch_way way, uint64_t site)
{
	uint64_t from = way == PATCH_OVER ? patch_stub_next(site, g->address) : g->address;
	uint64_t slot = (from - g->address + PATCH_STUB_SIZE - 1) / PATCH_STUB_SIZE;

	for (; slot < STUB_SLOTS; slot++) {
		uint64_t stub = g->address + slot * PATCH_STUB_SIZE;

		if (!patch_stub_fits(way, site, stub))
			return 0;
		if ((stub & PAGE_MASK) > PAGE_SIZE - PATCH_STUB_SIZE || g->used[slot / 8] & 1U << slot % 8)
			continue;
		g->used[slot / 8] = (uint8_t)(g->used[slot / 8] | 1U << slot % 8);
		return stub;
	}
	return 0;
}

/* A place for this site's stub; 0: none can be had. */
static uint64_t stub_place(enum patch_way way, uint64_t site)
{
	uint64_t stub = 0;
	long region;

	for (uint32_t i = 0; i < stub_region_count && !stub; i++)
		stub = stub_slot(&stub_regions[i], way, site);
	if (stub || stub_region_count == STUB_REGIONS)
		return stub;
	region = mm_stub_pages(site, STUB_REGION_PAGES);
	if (region < 0)
		return 0;
	stub_regions[stub_region_count].address = (uint64_t)region;
	return stub_slot(&stub_regions[stub_region_count++], way, site);
}

/* The text around a site, within its page: a rewrite never crosses one. */
struct patch_text {
	uint8_t bytes[2 * PATCH_WINDOW];
	size_t before, after;
};

static int patch_read_text(struct patch_text *t, uint64_t site)
{
	uint64_t in = site & PAGE_MASK;

	t->before = in < PATCH_WINDOW ? in : PATCH_WINDOW;
	t->after = PAGE_SIZE - in < PATCH_WINDOW ? PAGE_SIZE - in : PATCH_WINDOW;
	return copy_from_user(t->bytes, site - t->before, t->before + t->after);
}

static bool patch_rewrite(struct patch_site *s, const struct patch_trap *trap, const struct patch_text *t)
{
	enum patch_way way = patch_way(t->bytes, t->before, t->after, trap);
	uint64_t stub = way == PATCH_NONE ? 0 : stub_place(way, s->address);
	struct patch_plan plan = { 0 };

	if (!stub)
		return false;
	patch_plan(&plan, way, t->bytes, t->before, trap, stub, (uint64_t)entry_syscall);
	if (mm_patch_text(stub, plan.stub, PATCH_STUB_SIZE))
		return false;
	__atomic_store_n(&s->tail, plan.tail, __ATOMIC_RELEASE); /* before anybody can run into the INT3 */
	if (!mm_patch_text(s->address + (uint64_t)(int64_t)plan.offset, plan.site, plan.size))
		return true;
	__atomic_store_n(&s->tail, 0, __ATOMIC_RELEASE);
	return false;
}

/* Note one trap at this site; rewrite it when its time has come. */
static void patch_note(const struct patch_trap *trap)
{
	const uint64_t site = trap->site;
	struct patch_text text;
	struct patch_site *s;
	bool unreadable = patch_read_text(&text, site) != 0; /* before the lock: it may fault */

	if (!lock_try(&patch_lock))
		return; /* another thread is at it; this site's turn comes again */
	patch_count.traps++;
	s = patch_record(site);
	if (s && s->traps != PATCH_NEVER && ++s->traps >= PATCH_AT) {
		bool done = !unreadable && patch_rewrite(s, trap, &text);

		s->traps = PATCH_NEVER;
		patch_count.patched += done;
		patch_count.unpatchable += !done;
	}
	lock_release(&patch_lock);
}

bool patch_breakpoint(struct regs *r)
{
	uint64_t tail = patch_tail(r->rip - 3); /* RIP is behind the INT3, which is the site's third byte */

	if (tail)
		r->rip = tail;
	return tail != 0;
}

bool patch_rewritten(uint64_t site)
{
	return patch_tail(site) != 0;
}

void patch_trapped_syscall(struct regs *r)
{
	const struct patch_trap trap = { .site = r->rip, .rax = r->rax, .rbx = r->rbx, .rsi = r->rsi,
					.rdi = r->rdi, .rdx = r->rdx };

	patch_note(&trap);
	/* As the instruction leaves them: RCX where the program goes on, R11 its flags. */
	r->orig_rax = r->rax;
	r->rip += 2;
	r->rcx = r->rip;
	r->r11 = r->rflags;
	syscall_dispatch(r);
}

void patch_exec(void)
{
	LOCKED(&patch_lock);
	memset(patch_sites, 0, sizeof(patch_sites));
	memset(stub_regions, 0, sizeof(stub_regions));
	stub_region_count = 0;
}

void patch_counts(struct patch_counts *out)
{
	*out = patch_count;
}
