/* prctl(2), arch_prctl(2), and single calls that have no other home. */
#include "abi/linux/prctl.h"
#include "abi/linux/capability.h"
#include "abi/linux/sched.h"
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/mm/user.h"
#include "kernel/signal/xstate.h"
#include "kernel/syscall.h"
#include "kernel/task/cred.h"

/* At most 15 bytes of the name count; what comes behind need not be a string, nor be there. */
static long prctl_set_name(uint64_t addr)
{
	char name[16] = { 0 };

	for (size_t i = 0; i < sizeof(name) - 1; i++) {
		if (copy_from_user(&name[i], addr + i, 1))
			return -EFAULT;
		if (!name[i])
			break;
	}
	memcpy(current->comm, name, sizeof(name));
	return host_set_name(name);
}

static long prctl_bit(uint32_t *word, uint64_t value)
{
	if (value > 1)
		return -EINVAL;
	*word = (uint32_t)value;
	return 0;
}

static long prctl_keep_caps(uint64_t value)
{
	struct credentials *c = &init_process.cred;

	if (value > 1)
		return -EINVAL;
	LOCKED(&init_process.lock);
	c->securebits = value ? c->securebits | SECBIT_KEEP_CAPS : c->securebits & ~SECBIT_KEEP_CAPS;
	return 0;
}

static long prctl_bounding_drop(uint64_t cap)
{
	if (!cred_capable(CAP_SETPCAP))
		return -EPERM;
	if (cap > CAP_LAST_CAP)
		return -EINVAL;
	LOCKED(&init_process.lock);
	init_process.cred.cap_bounding &= ~(1UL << cap);
	return 0;
}

static long prctl_ambient(uint64_t what, uint64_t cap)
{
	struct credentials *c = &init_process.cred;
	uint64_t bit;

	if (what < PR_CAP_AMBIENT_IS_SET || what > PR_CAP_AMBIENT_CLEAR_ALL || cap > CAP_LAST_CAP)
		return -EINVAL;
	bit = 1UL << cap;
	LOCKED(&init_process.lock);
	switch (what) {
	case PR_CAP_AMBIENT_IS_SET:
		return (c->cap_ambient & bit) != 0;
	case PR_CAP_AMBIENT_RAISE:
		if (!(c->cap_permitted & c->cap_inheritable & bit))
			return -EPERM;
		c->cap_ambient |= bit;
		return 0;
	case PR_CAP_AMBIENT_LOWER:
		c->cap_ambient &= ~bit;
		return 0;
	}
	c->cap_ambient = 0;
	return cap ? -EINVAL : 0;
}

static long prctl_set_securebits(uint64_t bits)
{
	if (!cred_capable(CAP_SETPCAP))
		return -EPERM;
	LOCKED(&init_process.lock);
	init_process.cred.securebits = (uint32_t)bits & 0xff;
	return 0;
}

static long prctl_death_signal(uint64_t sig)
{
	if (sig > SIGNAL_MAX)
		return -EINVAL;
	init_process.parent_death_signal = (int32_t)sig;
	return 0;
}

static long prctl_dumpable(uint64_t value)
{
	return prctl_bit(&init_process.dumpable, value);
}

static long prctl_no_new_privs(uint64_t value, uint64_t a3, uint64_t a4, uint64_t a5)
{
	if (value != 1 || a3 || a4 || a5)
		return -EINVAL;
	init_process.no_new_privs = 1;
	return 0;
}

static long prctl_timer_slack(uint64_t ns)
{
	init_process.timer_slack_ns = ns ? ns : 50000;
	return 0;
}

/* One line an option: everything that is not here is refused with EINVAL, as by a kernel built without it. */
SYSCALL5(prctl, int, option, uint64_t, a2, uint64_t, a3, uint64_t, a4, uint64_t, a5)
{
	struct process *p = &init_process;

	switch (option) {
	case PR_SET_NAME:
		return prctl_set_name(a2);
	case PR_GET_NAME:
		return copy_to_user(a2, current->comm, sizeof(current->comm));
	case PR_SET_PDEATHSIG:
		return prctl_death_signal(a2);
	case PR_GET_PDEATHSIG:
		return put_user_u32(a2, (uint32_t)p->parent_death_signal);
	case PR_GET_DUMPABLE:
		return p->dumpable;
	case PR_SET_DUMPABLE:
		return prctl_dumpable(a2);
	case PR_GET_KEEPCAPS:
		return (p->cred.securebits & SECBIT_KEEP_CAPS) != 0;
	case PR_SET_KEEPCAPS:
		return prctl_keep_caps(a2);
	case PR_GET_SECCOMP:
		return 0;
	case PR_CAPBSET_READ:
		return a2 > CAP_LAST_CAP ? -EINVAL : (long)(p->cred.cap_bounding >> a2 & 1);
	case PR_CAPBSET_DROP:
		return prctl_bounding_drop(a2);
	case PR_CAP_AMBIENT:
		return prctl_ambient(a2, a3);
	case PR_GET_SECUREBITS:
		return p->cred.securebits;
	case PR_SET_SECUREBITS:
		return prctl_set_securebits(a2);
	case PR_GET_TSC:
		return put_user_u32(a2, PR_TSC_ENABLE);
	case PR_SET_TIMERSLACK:
		return prctl_timer_slack(a2);
	case PR_GET_TIMERSLACK:
		return (long)p->timer_slack_ns;
	case PR_SET_CHILD_SUBREAPER:
		p->child_subreaper = a2 != 0;
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return put_user_u32(a2, p->child_subreaper);
	case PR_SET_NO_NEW_PRIVS:
		return prctl_no_new_privs(a2, a3, a4, a5);
	case PR_GET_NO_NEW_PRIVS:
		return a2 || a3 || a4 || a5 ? -EINVAL : (long)p->no_new_privs;
	case PR_GET_TID_ADDRESS:
		return put_user_u64(a2, current->clear_child_tid);
	case PR_SET_THP_DISABLE:
		p->thp_disable = a2 != 0;
		return a3 || a4 || a5 ? -EINVAL : 0;
	case PR_GET_THP_DISABLE:
		return a2 || a3 || a4 || a5 ? -EINVAL : (long)p->thp_disable;
	}
	return -EINVAL;
}

static long prctl_set_fs(uint64_t base)
{
	if (base >= USER_TOP)
		return -EPERM;
	__asm__ volatile("wrfsbase %0" : : "r"(base));
	return 0;
}

static long prctl_get_fs(uint64_t addr)
{
	uint64_t base;

	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return put_user_u64(addr, base);
}

SYSCALL2(arch_prctl, int, option, uint64_t, arg)
{
	switch (option) {
	case ARCH_SET_FS:
		return prctl_set_fs(arg);
	case ARCH_GET_FS:
		return prctl_get_fs(arg);
	case ARCH_SET_GS: /* GS is how the kernel finds the thread */
		return -EPERM;
	case ARCH_GET_GS:
		return put_user_u64(arg, 0);
	case ARCH_GET_CPUID:
		return 1;
	case ARCH_SET_CPUID:
		return -ENODEV;
	case ARCH_GET_XCOMP_SUPP:
	case ARCH_GET_XCOMP_PERM:
		return put_user_u64(arg, xstate_features());
	case ARCH_REQ_XCOMP_PERM:
		return arg >= 64 ? -EINVAL : xstate_features() >> arg & 1 ? 0 : -EOPNOTSUPP;
	}
	return -EINVAL;
}

SYSCALL1(personality, uint32_t, persona)
{
	uint32_t old = init_process.personality;

	if (persona != UINT32_MAX)
		init_process.personality = persona;
	return old;
}

/* RSEQ would have to be kept up by whoever moves threads between processors: the host. */
SYSCALL0(rseq)
{
	return -ENOSYS;
}

SYSCALL0(syslog)
{
	return -EPERM;
}
