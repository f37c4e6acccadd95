/*
 * Who the program is: user and group ids, groups, capabilities. They count inside the enclave; the host's files are
 * reached with the rights of the host's process, whatever stands here. All threads share them (libc keeps them so).
 */
#include "abi/linux/capability.h"
#include "base/mem.h"
#include "kernel/mm/user.h"
#include "kernel/syscall.h"
#include "kernel/task/cred.h"

#define CRED_SAME UINT32_MAX /* (uid_t)-1: leave it */
#define GROUPS_MAX 64

struct cred_ids {
	uint32_t *real, *effective, *saved, *fs;
	int capability; /* that allows any change */
};

static struct cred_ids cred_uids(void)
{
	struct credentials *c = &init_process.cred;

	return (struct cred_ids){ &c->uid, &c->euid, &c->suid, &c->fsuid, CAP_SETUID };
}

static struct cred_ids cred_gids(void)
{
	struct credentials *c = &init_process.cred;

	return (struct cred_ids){ &c->gid, &c->egid, &c->sgid, &c->fsgid, CAP_SETGID };
}

bool cred_capable(int capability)
{
	return init_process.cred.cap_effective >> capability & 1;
}

static bool cred_any_root(const struct credentials *c)
{
	return !c->uid || !c->euid || !c->suid;
}

/* capabilities(7), "Effect of user ID changes". */
static void cred_fix_capabilities(const struct credentials *old)
{
	struct credentials *c = &init_process.cred;

	if (c->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (cred_any_root(old) && !cred_any_root(c)) {
		if (!(c->securebits & SECBIT_KEEP_CAPS))
			c->cap_permitted = 0;
		c->cap_effective = c->cap_ambient = 0;
	}
	if (!old->euid && c->euid)
		c->cap_effective = 0;
	else if (old->euid && !c->euid)
		c->cap_effective = c->cap_permitted;
}

/* With process->lock held: *id becomes value if that is allowed; CRED_SAME changes nothing. */
static bool cred_may(const struct cred_ids *i, uint32_t value, bool saved_too)
{
	return value == CRED_SAME || cred_capable(i->capability) || value == *i->real || value == *i->effective ||
	       (saved_too && value == *i->saved);
}

static void cred_assign(uint32_t *id, uint32_t value)
{
	if (value != CRED_SAME)
		*id = value;
}

static long cred_set(struct cred_ids i, uint32_t id)
{
	struct credentials old;

	if (id == CRED_SAME)
		return -EINVAL;
	LOCKED(&init_process.lock);
	old = init_process.cred;
	if (cred_capable(i.capability))
		*i.real = *i.saved = id;
	else if (id != *i.real && id != *i.saved)
		return -EPERM;
	*i.effective = *i.fs = id;
	cred_fix_capabilities(&old);
	return 0;
}

static long cred_setre(struct cred_ids i, uint32_t real, uint32_t effective)
{
	struct credentials old;
	uint32_t old_real;

	LOCKED(&init_process.lock);
	old = init_process.cred;
	old_real = *i.real;
	if (!cred_may(&i, real, false) || !cred_may(&i, effective, true))
		return -EPERM;
	cred_assign(i.real, real);
	cred_assign(i.effective, effective);
	if (real != CRED_SAME || (effective != CRED_SAME && effective != old_real))
		*i.saved = *i.effective;
	*i.fs = *i.effective;
	cred_fix_capabilities(&old);
	return 0;
}

static long cred_setres(struct cred_ids i, uint32_t real, uint32_t effective, uint32_t saved)
{
	struct credentials old;

	LOCKED(&init_process.lock);
	old = init_process.cred;
	if (!cred_may(&i, real, true) || !cred_may(&i, effective, true) || !cred_may(&i, saved, true))
		return -EPERM;
	cred_assign(i.real, real);
	cred_assign(i.effective, effective);
	cred_assign(i.saved, saved);
	*i.fs = *i.effective;
	cred_fix_capabilities(&old);
	return 0;
}

static long cred_getres(struct cred_ids i, uint64_t real, uint64_t effective, uint64_t saved)
{
	return put_user_u32(real, *i.real) || put_user_u32(effective, *i.effective) || put_user_u32(saved, *i.saved) ?
		       -EFAULT : 0;
}

/* Answers what it was before; that is how a program sees whether it worked. */
static long cred_setfs(struct cred_ids i, uint32_t id)
{
	uint32_t old;

	LOCKED(&init_process.lock);
	old = *i.fs;
	if (id != CRED_SAME && (cred_may(&i, id, true) || id == old))
		*i.fs = id;
	return old;
}

#define CRED_CALLS(u, ids) \
	SYSCALL0(get##u##id) { return *ids().real; } \
	SYSCALL0(gete##u##id) { return *ids().effective; } \
	SYSCALL1(set##u##id, uint32_t, id) { return cred_set(ids(), id); } \
	SYSCALL2(setre##u##id, uint32_t, real, uint32_t, effective) { return cred_setre(ids(), real, effective); } \
	SYSCALL3(setres##u##id, uint32_t, real, uint32_t, effective, uint32_t, saved) \
	{ \
		return cred_setres(ids(), real, effective, saved); \
	} \
	SYSCALL3(getres##u##id, uint64_t, real, uint64_t, effective, uint64_t, saved) \
	{ \
		return cred_getres(ids(), real, effective, saved); \
	} \
	SYSCALL1(setfs##u##id, uint32_t, id) { return cred_setfs(ids(), id); }

CRED_CALLS(u, cred_uids)
CRED_CALLS(g, cred_gids)

SYSCALL2(getgroups, int, size, uint64_t, addr)
{
	uint32_t groups[GROUPS_MAX], count;

	{
		LOCKED(&init_process.lock);
		count = init_process.cred.group_count;
		memcpy(groups, init_process.cred.groups, sizeof(groups));
	}
	if (size < 0 || (size && (uint32_t)size < count))
		return -EINVAL;
	if (size && copy_to_user(addr, groups, count * sizeof(groups[0])))
		return -EFAULT;
	return count;
}

SYSCALL2(setgroups, int, size, uint64_t, addr)
{
	uint32_t groups[GROUPS_MAX];

	if (!cred_capable(CAP_SETGID))
		return -EPERM;
	if (size < 0 || size > GROUPS_MAX)
		return -EINVAL;
	if (copy_from_user(groups, addr, (uint32_t)size * sizeof(groups[0])))
		return -EFAULT;
	LOCKED(&init_process.lock);
	memcpy(init_process.cred.groups, groups, sizeof(groups[0]) * (uint32_t)size);
	init_process.cred.group_count = (uint32_t)size;
	return 0;
}

/* --- capabilities --- */

static int cap_read_header(uint64_t addr, struct cap_user_header *h, uint32_t *words)
{
	if (copy_from_user(h, addr, sizeof(*h)))
		return -EFAULT;
	switch (h->version) {
	case _LINUX_CAPABILITY_VERSION_1:
		*words = 1;
		return 0;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3:
		*words = 2;
		return 0;
	}
	/* An unknown version is answered with the one that we like. */
	return put_user_u32(addr, _LINUX_CAPABILITY_VERSION_3) ? -EFAULT : -EINVAL;
}

SYSCALL2(capget, uint64_t, header_addr, uint64_t, data_addr)
{
	const struct credentials *c = &init_process.cred;
	struct cap_user_header h;
	struct cap_user_data d[2];
	uint32_t words;
	int error = cap_read_header(header_addr, &h, &words);

	if (error)
		return error == -EINVAL && !data_addr ? 0 : error;
	if (h.pid < 0)
		return -EINVAL;
	if (h.pid && !task_is_thread(h.pid))
		return -ESRCH;
	if (!data_addr)
		return 0;
	for (uint32_t i = 0; i < 2; i++)
		d[i] = (struct cap_user_data){ .effective = (uint32_t)(c->cap_effective >> 32 * i),
					       .permitted = (uint32_t)(c->cap_permitted >> 32 * i),
					       .inheritable = (uint32_t)(c->cap_inheritable >> 32 * i) };
	return copy_to_user(data_addr, d, words * sizeof(d[0]));
}

SYSCALL2(capset, uint64_t, header_addr, uint64_t, data_addr)
{
	struct credentials *c = &init_process.cred;
	struct cap_user_header h;
	struct cap_user_data d[2] = { 0 };
	uint64_t effective, permitted, inheritable;
	uint32_t words;
	int error = cap_read_header(header_addr, &h, &words);

	if (error)
		return error;
	if (h.pid && !task_is_thread(h.pid))
		return -EPERM;
	if (copy_from_user(d, data_addr, words * sizeof(d[0])))
		return -EFAULT;
	effective = d[0].effective | (uint64_t)d[1].effective << 32;
	permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
	inheritable = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
	LOCKED(&init_process.lock);
	if ((permitted & ~c->cap_permitted) || (effective & ~permitted) ||
	    (inheritable & ~(c->cap_inheritable | c->cap_permitted) && !cred_capable(CAP_SETPCAP)) ||
	    (inheritable & ~(c->cap_inheritable | c->cap_bounding)))
		return -EPERM;
	c->cap_effective = effective;
	c->cap_permitted = permitted;
	c->cap_inheritable = inheritable;
	c->cap_ambient &= permitted & inheritable;
	return 0;
}
