/* signalfd(2): the pending signals of the thread that reads, taken as records. */
#include "abi/linux/poll.h"
#include "base/mem.h"
#include "kernel/ipc/anon.h"
#include "kernel/ipc/sleep.h"
#include "kernel/mm/heap.h"
#include "kernel/signal/signal.h"

#define SIGNALFD_NEVER (SIGBIT(SIGKILL) | SIGBIT(SIGSTOP))

struct signalfd {
	uint64_t mask; /* atomic: a second signalfd(2) changes it */
};

static uint64_t signalfd_mask(const struct file *f)
{
	return __atomic_load_n(&((const struct signalfd *)f->data)->mask, __ATOMIC_RELAXED);
}

/* Linux fs/signalfd.c signalfd_copyinfo(): which fields count follows from where the signal came from. */
static void signalfd_translate(struct signalfd_siginfo *to, int signal, const struct siginfo *from)
{
	memset(to, 0, sizeof(*to));
	to->ssi_signo = (uint32_t)signal;
	to->ssi_errno = from->si_errno;
	to->ssi_code = from->si_code;
	if (from->si_code == SI_TIMER) {
		to->ssi_tid = (uint32_t)from->timer.tid;
		to->ssi_overrun = (uint32_t)from->timer.overrun;
		to->ssi_int = from->timer.sigval.sival_int;
		to->ssi_ptr = from->timer.sigval.sival_ptr;
		return;
	}
	if (from->si_code > 0 &&
	    (SIGBIT(signal) & (SIGBIT(SIGSEGV) | SIGBIT(SIGBUS) | SIGBIT(SIGILL) | SIGBIT(SIGFPE)))) {
		to->ssi_addr = from->fault.addr;
		to->ssi_addr_lsb = (uint16_t)from->fault.addr_lsb;
		return;
	}
	to->ssi_pid = (uint32_t)from->kill.pid;
	to->ssi_uid = from->kill.uid;
	if (signal == SIGCHLD && from->si_code > 0) {
		to->ssi_status = from->child.status;
		to->ssi_utime = (uint64_t)from->child.utime;
		to->ssi_stime = (uint64_t)from->child.stime;
	} else if (from->si_code < 0 && from->si_code != SI_TKILL) {
		to->ssi_int = from->rt.sigval.sival_int;
		to->ssi_ptr = from->rt.sigval.sival_ptr;
	}
}

static bool signalfd_ready(void *data)
{
	return signal_pending_set() & signalfd_mask(data);
}

/* The first record may be waited for. Its signal's number, or an error. */
static long signalfd_first(struct file *f, struct siginfo *info)
{
	for (;;) {
		int signal = signal_dequeue(signalfd_mask(f), info), error;

		if (signal)
			return signal;
		if (file_nonblocking(f))
			return -EAGAIN;
		error = sleep_on(&signal_queue, signalfd_ready, f, NO_DEADLINE);
		if (error)
			return error;
	}
}

static long signalfd_read(struct file *f, const struct iov *to, int64_t *pos)
{
	uint64_t done = 0;

	(void)pos;
	if (to->total < sizeof(struct signalfd_siginfo))
		return -EINVAL;
	while (to->total - done >= sizeof(struct signalfd_siginfo)) {
		struct signalfd_siginfo record;
		struct siginfo info;
		long signal = done ? signal_dequeue(signalfd_mask(f), &info) : signalfd_first(f, &info);

		if (signal <= 0)
			return done ? (long)done : signal;
		signalfd_translate(&record, (int)signal, &info);
		if (iov_put(to, done, &record, sizeof(record)))
			return done ? (long)done : -EFAULT;
		done += sizeof(record);
	}
	return (long)done;
}

static uint32_t signalfd_poll(struct file *f, struct poll_table *t)
{
	if (t)
		t->attach(t, f, &signal_queue);
	return signalfd_ready(f) ? POLLIN | POLLRDNORM : 0;
}

static void signalfd_release(struct file *f)
{
	heap_free(f->data);
}

static const struct file_ops signalfd_ops = {
	.kind = "signalfd",
	.read = signalfd_read,
	.poll = signalfd_poll,
	.getattr = anon_getattr,
	.release = signalfd_release,
};

static long signalfd_new(uint64_t mask, uint32_t flags)
{
	struct signalfd *s = heap_alloc(sizeof(*s));
	struct file *f;

	if (!s)
		return -ENOMEM;
	s->mask = mask;
	f = anon_file(&signalfd_ops, O_RDWR | (flags & O_NONBLOCK), s, "anon_inode:[signalfd]", 0);
	if (!f) {
		heap_free(s);
		return -ENFILE;
	}
	return anon_install(f, flags & SFD_CLOEXEC);
}

static long signalfd_change(int fd, uint64_t mask)
{
	_cleanup_file_ struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	if (f->ops != &signalfd_ops)
		return -EINVAL;
	__atomic_store_n(&((struct signalfd *)f->data)->mask, mask, __ATOMIC_RELAXED);
	sleep_wake(&signal_queue, POLLIN | POLLRDNORM);
	return fd;
}

static long signalfd_make(int fd, uint64_t mask_addr, uint64_t size, uint32_t flags)
{
	uint64_t mask;

	if (flags & ~(uint32_t)(SFD_CLOEXEC | SFD_NONBLOCK) || size != sizeof(mask))
		return -EINVAL;
	if (get_user_u64(&mask, mask_addr))
		return -EFAULT;
	mask &= ~SIGNALFD_NEVER;
	return fd == -1 ? signalfd_new(mask, flags) : signalfd_change(fd, mask);
}

SYSCALL3(signalfd, int, fd, uint64_t, mask, uint64_t, size)
{
	return signalfd_make(fd, mask, size, 0);
}

SYSCALL4(signalfd4, int, fd, uint64_t, mask, uint64_t, size, uint32_t, flags)
{
	return signalfd_make(fd, mask, size, flags);
}
