/* Thread control structures. Their slots are never given back, so a thread may keep a pointer and check the address. */
#include "base/mem.h"
#include "cpu/soft/soft.h"

#define BUCKETS 256U

static struct soft_tcs *buckets[BUCKETS];
static struct soft_tcs *free_slots;

static struct soft_tcs **bucket(uint64_t address)
{
	return &buckets[(address >> PAGE_SHIFT ^ address >> 20) % BUCKETS];
}

/* Reserved bits of FLAGS and the reserved tail (SDM 38.8). */
bool tcs_content_ok(const struct sgx_tcs *content)
{
	uint8_t any = 0;

	for (size_t i = 0; i < sizeof(content->reserved); i++)
		any |= content->reserved[i];
	return !any && !(content->flags & ~SGX_TCS_DBGOPTIN);
}

int tcs_add(uint64_t address, const struct sgx_tcs *content)
{
	struct soft_tcs *tcs = free_slots ? free_slots : private_alloc(sizeof(*tcs));

	if (!tcs)
		return -LINUX_ENOMEM;
	if (tcs == free_slots)
		free_slots = tcs->next;
	memset(tcs, 0, sizeof(*tcs));
	tcs->nssa = content->nssa;
	tcs->cssa = content->cssa;
	tcs->ossa = soft.secs.base + content->ossa;
	tcs->oentry = soft.secs.base + content->oentry;
	tcs->ofs_base = soft.secs.base + content->ofs_base;
	tcs->ogs_base = soft.secs.base + content->ogs_base;
	tcs->next = *bucket(address);
	__atomic_store_n(&tcs->address, address, __ATOMIC_RELEASE);
	__atomic_store_n(bucket(address), tcs, __ATOMIC_RELEASE);
	return 0;
}

void tcs_remove(uint64_t address)
{
	for (struct soft_tcs **at = bucket(address), *tcs; (tcs = *at); at = &tcs->next) {
		if (tcs->address != address)
			continue;
		*at = tcs->next;
		__atomic_store_n(&tcs->address, 0, __ATOMIC_RELEASE);
		tcs->next = free_slots;
		free_slots = tcs;
		return;
	}
}

struct soft_tcs *tcs_find(uint64_t address)
{
	for (struct soft_tcs *tcs = *bucket(address); tcs; tcs = tcs->next)
		if (tcs->address == address)
			return tcs;
	return NULL;
}
