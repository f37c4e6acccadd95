/* The software SGX processor behind cpu/encls.h. */
#include "base/mem.h"
#include "cpu/linux/auxv.h"
#include "cpu/soft/memory.h"
#include "cpu/soft/soft.h"

struct soft soft;

/* Libraries compiled with a stack protector read fs:0x28; a host without a libc has no thread block of its own. */
static uint64_t canary_block[8];

void soft_die(const char *why)
{
	static const char prefix[] = "adyton: software processor: ";

	(void)sys_write(2, prefix, sizeof(prefix) - 1);
	(void)sys_write(2, why, strlen(why));
	(void)sys_write(2, "\n", 1);
	sys_exit_group(125);
}

static void canary_init(void)
{
	uint64_t fs;

	__asm__ volatile("rdfsbase %0" : "=r"(fs));
	if (!fs)
		__asm__ volatile("wrfsbase %0" : : "r"(canary_block));
}

static int soft_create(const struct cpu_options *options, const struct sgx_secs *secs)
{
	uint64_t hwcap2;
	int ret;

	if (soft.secs.size)
		return -LINUX_EBUSY;
	/* Entering and leaving sets FS and GS by itself (Linux 5.9, Ivy Bridge). */
	if (auxv_value(LINUX_AT_HWCAP2, &hwcap2) && !(hwcap2 & LINUX_HWCAP2_FSGSBASE))
		return -LINUX_ENOSYS;
	canary_init();
	soft.options = *options;
	stub_init(options->enclu_page);
	ret = memory_init(options->memory);
	return ret ? ret : ecreate(secs);
}

static int soft_add(uint64_t address, const void *content, uint64_t secinfo_flags, bool measure)
{
	int ret;

	lock_acquire(&soft.lock);
	ret = eadd(address, content, secinfo_flags, measure);
	lock_release(&soft.lock);
	return ret;
}

static int soft_init(const struct sgx_sigstruct *sigstruct)
{
	int ret;

	lock_acquire(&soft.lock);
	memory_flush();
	ret = einit(sigstruct);
	lock_release(&soft.lock);
	return ret;
}

static int soft_restrict(uint64_t address, uint64_t length, uint64_t rwx)
{
	int ret;

	lock_acquire(&soft.lock);
	ret = emodpr(address, length, rwx);
	lock_release(&soft.lock);
	return ret;
}

static int soft_modify_type(uint64_t address, uint64_t length, uint64_t page_type)
{
	int ret;

	lock_acquire(&soft.lock);
	ret = emodt(address, length, page_type);
	lock_release(&soft.lock);
	return ret;
}

static int soft_remove(uint64_t address, uint64_t length)
{
	int ret;

	lock_acquire(&soft.lock);
	ret = eremove(address, length);
	lock_release(&soft.lock);
	return ret;
}

static int soft_thread_init(void *thread_stack_base)
{
	static uint32_t handlers;
	int ret = signal_thread_init(thread_stack_base);

	/* After the first thread has its alternate stack: the handlers find their thread by it. */
	if (!ret && !__atomic_exchange_n(&handlers, 1, __ATOMIC_RELAXED))
		ret = signal_init();
	return ret;
}

static void soft_counters(struct cpu_counters *out)
{
	*out = soft.counters;
	out->pages_live = out->pages_added - out->pages_removed;
}

const struct cpu_ops cpu_soft = {
	.name = "soft",
	.create = soft_create,
	.add = soft_add,
	.init = soft_init,
	.restrict_permissions = soft_restrict,
	.modify_type = soft_modify_type,
	.remove = soft_remove,
	.thread_init = soft_thread_init,
	.enter = soft_enter,
	.counters = soft_counters,
	.keys = keys_connect,
};
