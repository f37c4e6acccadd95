/*
 * The book of sites that trapped. A site is rewritten when it traps the PATCH_AT_th time: a call made once costs less as
 * a trap. Pages are replaced whole (mm_patch_text), so no thread ever sees half of a jump.
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

#define PATCH_AT 3
#define PATCH_SITES 2048 /* a power of two; when it is full, new sites keep trapping */
#define PATCH_NEVER UINT32_MAX
#define STUB_PAGES 64

struct patch_site {
	uint64_t address; /* 0: free */
	uint32_t traps;   /* PATCH_NEVER: cannot be rewritten, or is */
};

/* A page of stubs, filled from its start. */
struct stub_page {
	uint64_t address;
	uint32_t used;
};

static struct lock patch_lock = LOCK_INIT; /* everything below; mm->lock is taken inside it */
static struct patch_site patch_sites[PATCH_SITES];
static struct stub_page stub_pages[STUB_PAGES];
static uint32_t stub_page_count;
static struct patch_counts patch_count;

static struct patch_site *patch_find(uint64_t address)
{
	uint64_t hash = address * 0x9e3779b97f4a7c15UL >> 32;

	for (uint32_t i = 0; i < 32; i++) {
		struct patch_site *s = &patch_sites[(hash + i) % PATCH_SITES];

		if (s->address == address)
			return s;
		if (!s->address) {
			s->address = address;
			return s;
		}
	}
	return NULL;
}

static bool stub_reaches(uint64_t page, uint64_t site)
{
	int64_t distance = (int64_t)(page - site);

	return distance < (int64_t)(2 * GIB - MIB) && distance > -(int64_t)(2 * GIB - MIB);
}

/* Room for one stub within reach of the site. NULL: no page can be had there. */
static struct stub_page *stub_room(uint64_t site)
{
	long page;

	for (uint32_t i = 0; i < stub_page_count; i++)
		if (stub_pages[i].used + PATCH_STUB_SIZE <= PAGE_SIZE && stub_reaches(stub_pages[i].address, site))
			return &stub_pages[i];
	if (stub_page_count == STUB_PAGES)
		return NULL;
	page = mm_stub_page(site);
	if (page < 0)
		return NULL;
	stub_pages[stub_page_count] = (struct stub_page){ .address = (uint64_t)page };
	return &stub_pages[stub_page_count++];
}

/* The text around a site, within its page: a rewrite never crosses one. */
struct patch_text {
	uint8_t bytes[2 * PATCH_WINDOW];
	size_t before, after;
};

static int patch_read_text(struct patch_text *t, uint64_t site)
{
	uint64_t page = PAGE_DOWN(site), in = site - page;

	t->before = in < PATCH_WINDOW ? in : PATCH_WINDOW;
	t->after = PAGE_SIZE - in < PATCH_WINDOW ? PAGE_SIZE - in : PATCH_WINDOW;
	return copy_from_user(t->bytes, site - t->before, t->before + t->after);
}

static bool patch_rewrite(uint64_t site, uint64_t rax, const struct patch_text *t)
{
	struct stub_page *room;
	struct patch_plan plan = { 0 };
	uint64_t stub;

	if (!patch_possible(t->bytes, t->before, t->after, rax))
		return false;
	room = stub_room(site);
	if (!room)
		return false;
	stub = room->address + room->used;
	if (!patch_plan(&plan, t->bytes, t->before, t->after, site, stub, (uint64_t)entry_syscall, rax))
		return false;
	if (mm_patch_text(stub, plan.stub, PATCH_STUB_SIZE))
		return false;
	room->used += PATCH_STUB_SIZE;
	return mm_patch_text(site + (uint64_t)(int64_t)plan.offset, plan.site, plan.size) == 0;
}

/* Note one trap at this site; rewrite it when its time has come. */
static void patch_note(uint64_t site, uint64_t rax)
{
	struct patch_text text;
	struct patch_site *s;
	bool unreadable = patch_read_text(&text, site) != 0; /* before the lock: it may fault */

	if (!lock_try(&patch_lock))
		return; /* another thread is at it; this site's turn comes again */
	patch_count.traps++;
	s = patch_find(site);
	if (s && s->traps != PATCH_NEVER && ++s->traps >= PATCH_AT) {
		bool done = !unreadable && patch_rewrite(site, rax, &text);

		s->traps = PATCH_NEVER;
		patch_count.patched += done;
		patch_count.unpatchable += !done;
	}
	lock_release(&patch_lock);
}

void patch_trapped_syscall(struct regs *r)
{
	patch_note(r->rip, r->rax);
	/* As the instruction leaves them: RCX where the program goes on, R11 its flags. */
	r->orig_rax = r->rax;
	r->rip += 2;
	r->rcx = r->rip;
	r->r11 = r->rflags;
	syscall_dispatch(r);
}

void patch_counts(struct patch_counts *out)
{
	*out = patch_count;
}
