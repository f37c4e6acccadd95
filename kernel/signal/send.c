/* System calls that send signals. Other processes lie outside the enclave; only a quick run may reach them. */
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/mm/user.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall.h"
#include "kernel/task/process.h"
#include "kernel/task/task.h"

static struct siginfo send_info(int sig, int code)
{
	struct siginfo info = { .si_signo = sig, .si_code = code };

	info.kill.pid = init_process.pid;
	info.kill.uid = init_process.cred.uid;
	return info;
}

static bool send_valid(int sig)
{
	return sig >= 0 && sig <= SIGNAL_MAX;
}

static int send_to_self(int sig, const struct siginfo *info)
{
	if (!send_valid(sig))
		return -EINVAL;
	return sig ? signal_send_process(sig, info) : 0;
}

SYSCALL2(kill, int, pid, int, sig)
{
	const struct process *p = &init_process;
	struct siginfo info = send_info(sig, SI_USER);

	/* The process group may have members outside; they are not ours to signal, we are. */
	if (pid == p->pid || pid == 0 || pid == -p->pgid || (pid > 0 && task_is_thread(pid)))
		return send_to_self(sig, &info);
	if (pid == -1 || pid == INT32_MIN)
		return -ESRCH;
	return p->quick ? host_kill(pid, sig) : -ESRCH;
}

struct send_request {
	int sig;
	const struct siginfo *info;
	int error;
};

static void send_to_thread(struct thread *t, void *data)
{
	struct send_request *s = data;

	s->error = !send_valid(s->sig) ? -EINVAL : s->sig ? signal_send_thread(t, s->sig, s->info) : 0;
}

static int send_by_tid(int tgid, int tid, int sig, const struct siginfo *info)
{
	struct send_request s = { .sig = sig, .info = info };

	if (tid <= 0 || (tgid != -1 && tgid <= 0))
		return -EINVAL;
	if (tgid != -1 && tgid != init_process.pid)
		return -ESRCH;
	return task_with_thread(tid, send_to_thread, &s) ? s.error : -ESRCH;
}

SYSCALL3(tgkill, int, tgid, int, tid, int, sig)
{
	struct siginfo info = send_info(sig, SI_TKILL);

	return tgid <= 0 ? -EINVAL : send_by_tid(tgid, tid, sig, &info);
}

SYSCALL2(tkill, int, tid, int, sig)
{
	struct siginfo info = send_info(sig, SI_TKILL);

	return send_by_tid(-1, tid, sig, &info);
}

/* Nobody may pretend that the kernel or kill(2) sent it, except to itself. */
static int send_read_info(struct siginfo *info, uint64_t from, int sig, int to)
{
	if (copy_from_user(info, from, sizeof(*info)))
		return -EFAULT;
	info->si_signo = sig;
	return (info->si_code >= 0 || info->si_code == SI_TKILL) && to != current->tid ? -EPERM : 0;
}

SYSCALL3(rt_sigqueueinfo, int, pid, int, sig, uint64_t, info_addr)
{
	struct siginfo info;
	int error = send_read_info(&info, info_addr, sig, pid);

	if (error)
		return error;
	if (pid != init_process.pid && !(pid > 0 && task_is_thread(pid)))
		return -ESRCH;
	return send_to_self(sig, &info);
}

SYSCALL4(rt_tgsigqueueinfo, int, tgid, int, tid, int, sig, uint64_t, info_addr)
{
	struct siginfo info;
	int error;

	error = copy_from_user(&info, info_addr, sizeof(info)) ? -EFAULT : tgid <= 0 || tid <= 0 ? -EINVAL : 0;
	if (!error)
		error = send_read_info(&info, info_addr, sig, tid);
	return error ? error : send_by_tid(tgid, tid, sig, &info);
}
