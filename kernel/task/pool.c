/*
 * Thread blocks for reuse. Making one costs 13 pages and a change of type; a used one is ready as it is.
 *
 * A leaving thread gives its block away while it still stands on the block's kernel stack, and its TCS is busy until it
 * has executed EEXIT. Both are safe: who takes the block writes only fields and the topmost frame, none of which the
 * leaver reads any more, and the host retries an EENTER that finds the TCS busy. But the leaver may make no host call
 * in between (coming back, it would look like a new thread), so it gives without a lock: a stack that takers empty
 * whole. The block of the first thread is not reused: entry tells the process's start by it.
 */
#include "abi/sgx.h"
#include "cpu/enclu.h"
#include "kernel/border/hostcall.h"
#include "kernel/entry/entry.h"
#include "kernel/mm/heap.h"
#include "kernel/task/internal.h"

static struct lock pool_lock = LOCK_INIT; /* pool_free */
static struct list pool_free = LIST_INIT(pool_free);
static struct list *pool_given; /* atomic; chained by next, NULL at the end */

static void pool_fill_tcs(struct sgx_tcs *tcs, uint64_t block)
{
	tcs->oentry = (uint64_t)enclave_entry;
	tcs->ossa = block + THREAD_BLOCK_SSA;
	tcs->nssa = NSSA;
	tcs->ogs_base = block + THREAD_BLOCK_STRUCT;
	tcs->ofs_limit = UINT32_MAX;
	tcs->ogs_limit = UINT32_MAX;
}

static struct thread *pool_make(void)
{
	static const struct sgx_secinfo is_tcs = { .flags = SGX_SECINFO_PT(SGX_PT_TCS) | SGX_SECINFO_MODIFIED };
	uint64_t block = heap_thread_block();
	struct thread *t = (struct thread *)(block + THREAD_BLOCK_STRUCT);

	if (!block)
		return NULL;
	pool_fill_tcs((struct sgx_tcs *)(block + THREAD_BLOCK_TCS), block);
	if (host_modify_type((long)(block + THREAD_BLOCK_TCS), PAGE_SIZE, SGX_PT_TCS) ||
	    enclu_eaccept(&is_tcs, block + THREAD_BLOCK_TCS))
		return NULL; /* the host refused: the block is lost, it has an unknown type now */
	t->self = t;
	t->kstack = block + THREAD_BLOCK_END;
	t->xstack = block + THREAD_BLOCK_STACK - PAGE_SIZE;
	return t;
}

/* pool_lock is held. */
static void pool_collect(void)
{
	struct list *at = __atomic_exchange_n(&pool_given, NULL, __ATOMIC_ACQUIRE), *next;

	for (; at; at = next) {
		next = at->next;
		list_add_head(&pool_free, at);
	}
}

struct thread *pool_take(void)
{
	struct thread *t = NULL;

	{
		LOCKED(&pool_lock);
		if (list_empty(&pool_free))
			pool_collect();
		if (!list_empty(&pool_free)) {
			t = container_of(pool_free.next, struct thread, process_link);
			list_del(&t->process_link);
		}
	}
	if (!t)
		return pool_make();
	__atomic_store_n(&t->started, 0, __ATOMIC_RELEASE);
	return t;
}

void pool_give(struct thread *t)
{
	struct list *first = __atomic_load_n(&pool_given, __ATOMIC_RELAXED);

	if (thread_block(t) == KERNEL_THREAD0)
		return;
	do
		t->process_link.next = first;
	while (!__atomic_compare_exchange_n(&pool_given, &first, &t->process_link, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED));
}
