/* The right to lock memory, which all secret memory is: taken where it was given, and missed in one sentence. */
#include "abi/linux/capability.h"
#include "abi/linux/prctl.h"
#include "abi/linux/syscall_nr.h"
#include "cpu/linux/sys.h"
#include "host/harden.h"
#include "host/host.h"

#define LOCK_NEEDED_MIB 64UL /* what the smallest program maps, with room */
#define LOCK_BIT (1U << CAP_IPC_LOCK)

/*
 * An installed adyton-host is permitted CAP_IPC_LOCK, but does not start with it in effect: or Linux would refuse to
 * execute it at all where that capability is out of reach, as in most containers, even for --memory=ordinary.
 */
static void lock_take_right(void)
{
	struct cap_user_header header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct cap_user_data data[2] = { 0 };

	if (sys_raw3(__NR_capget, (long)&header, (long)data, 0) || !(data[0].permitted & ~data[0].effective & LOCK_BIT))
		return;
	data[0].effective |= LOCK_BIT;
	(void)sys_raw3(__NR_capset, (long)&header, (long)data, 0);
}

static bool lock_out_of_reach(void)
{
	return sys_prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ||
	       sys_prctl(PR_CAPBSET_READ, CAP_IPC_LOCK, 0, 0, 0) == 0;
}

static _Noreturn void lock_refused(const char *program, long error)
{
	if (error == -LINUX_ENOSYS)
		host_die("memfd_secret is not available here (error %ld): boot with secretmem.enable=1, or accept "
			 "unprotected memory with --memory=ordinary", -error);
	if (lock_out_of_reach())
		host_die("%u MiB of secret memory are needed, RLIMIT_MEMLOCK is smaller, and CAP_IPC_LOCK is out of "
			 "reach here (no_new_privs or the bounding set; in a container: --cap-add=IPC_LOCK); or use "
			 "--memory=ordinary", (uint32_t)LOCK_NEEDED_MIB);
	host_die("%u MiB of secret memory are needed, and RLIMIT_MEMLOCK is smaller (error %ld): run `make install`, "
		 "or as root `setcap cap_ipc_lock=p %s`; or use --memory=ordinary", (uint32_t)LOCK_NEEDED_MIB, -error,
		 program);
}

/* Whether there is secret memory is asked once, where the answer can be put into words. */
void lock_check(const char *program)
{
	long at;

	lock_take_right();
	at = harden_secret(LOCK_NEEDED_MIB << 20);
	if (sys_is_error(at))
		lock_refused(program, at);
	(void)sys_munmap((uint64_t)at, LOCK_NEEDED_MIB << 20);
}
