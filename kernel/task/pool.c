/*
 * Thread blocks for reuse. Making one costs 13 pages and a change of type; a used one is ready as it is.
 *
 * A leaving thread gives its block away while it still stands on the block's kernel stack. That is safe because the host
 * lends the TCS to nobody else until its last user has left, and because who takes the block writes only fields and the
 * topmost frame, none of which the leaver reads any more. But it must not make a host call in between: while one is out,
 * the TCS is free, and the next thread would start on a stack in use. So the pool's lock is a bare flag, whose release
 * never leaves. The block of the first thread is not reused: entry tells the process's start by it.
 */
#include "abi/sgx.h"
#include "cpu/enclu.h"
#include "kernel/border/hostcall.h"
#include "kernel/entry/entry.h"
#include "kernel/mm/heap.h"
#include "kernel/task/internal.h"

static uint32_t pool_held;
static struct list pool_free = LIST_INIT(pool_free);

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

static void pool_lock(void)
{
	while (__atomic_exchange_n(&pool_held, 1, __ATOMIC_ACQUIRE))
		(void)host_sched_yield(0); /* the holder may be suspended */
}

static void pool_unlock(void)
{
	__atomic_store_n(&pool_held, 0, __ATOMIC_RELEASE);
}

static struct thread *pool_reuse(void)
{
	struct thread *t = NULL;

	pool_lock();
	if (!list_empty(&pool_free)) {
		t = container_of(pool_free.next, struct thread, process_link);
		list_del(&t->process_link);
	}
	pool_unlock();
	return t;
}

struct thread *pool_take(void)
{
	struct thread *t = pool_reuse();

	return t ? t : pool_make();
}

void pool_give(struct thread *t)
{
	if (thread_block(t) == KERNEL_THREAD0)
		return;
	pool_lock();
	list_add_head(&pool_free, &t->process_link);
	pool_unlock();
	__atomic_store_n(&t->started, 0, __ATOMIC_RELEASE); /* the next entry is a first one */
}
