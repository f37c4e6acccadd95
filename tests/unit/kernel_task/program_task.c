/*
 * Threads, futexes, signals, timers and clocks as a program sees them. It runs natively first, which proves the test,
 * and then inside an enclave. Prints one TAP line a check; any argument names the only group to run.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static int count, failures;

#define CHECK(what) check((what), #what, __LINE__)
static bool check(bool good, const char *what, int line)
{
	failures += !good;
	printf("%sok %d - line %d: %s", good ? "" : "not ", ++count, line, what);
	if (!good)
		printf(" (errno %d %s)", errno, strerror(errno));
	printf("\n");
	fflush(stdout);
	return good;
}

static int64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

static void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/* --- threads --- */

static void *thread_add(void *arg)
{
	__atomic_fetch_add((int *)arg, 1, __ATOMIC_SEQ_CST);
	return arg;
}

static void test_threads(void)
{
	pthread_t t[16];
	int sum = 0, bad = 0;
	void *result;

	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 16; i++)
			bad += pthread_create(&t[i], NULL, thread_add, &sum) != 0;
		for (int i = 0; i < 16; i++)
			bad += pthread_join(t[i], &result) != 0 || result != &sum;
	}
	CHECK(bad == 0);
	CHECK(sum == 800);
	CHECK(getpid() == syscall(SYS_gettid));
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static long shared_counter;
static int turn;

static void *thread_count_up(void *arg)
{
	for (int i = 0; i < 20000; i++) {
		pthread_mutex_lock(&mutex);
		shared_counter++;
		pthread_mutex_unlock(&mutex);
	}
	return arg;
}

static void *thread_ping_pong(void *arg)
{
	int me = (int)(intptr_t)arg;

	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&mutex);
		while (turn != me)
			pthread_cond_wait(&cond, &mutex);
		turn = !me;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void run_two(void *(*fn)(void *))
{
	pthread_t a, b;

	pthread_create(&a, NULL, fn, (void *)0);
	pthread_create(&b, NULL, fn, (void *)1);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
}

static void *thread_barrier(void *arg)
{
	return (void *)(intptr_t)(pthread_barrier_wait(arg) == PTHREAD_BARRIER_SERIAL_THREAD);
}

static void test_sync(void)
{
	pthread_barrier_t barrier;
	pthread_t t[4];
	intptr_t serial = 0;

	run_two(thread_count_up);
	CHECK(shared_counter == 40000);
	run_two(thread_ping_pong);
	CHECK(turn == 0);
	pthread_barrier_init(&barrier, NULL, 4);
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, thread_barrier, &barrier);
	for (int i = 0; i < 4; i++) {
		void *r;

		pthread_join(t[i], &r);
		serial += (intptr_t)r;
	}
	CHECK(serial == 1);
}

static void *thread_die_with_lock(void *arg)
{
	pthread_mutex_lock(arg);
	return NULL;
}

static void *thread_locks(void *arg)
{
	pthread_mutex_lock(arg);
	shared_counter++;
	pthread_mutex_unlock(arg);
	return NULL;
}

static void test_mutex_kinds(void)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t m;
	pthread_t t;
	struct timespec ts;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&m, &attr);
	pthread_create(&t, NULL, thread_die_with_lock, &m);
	pthread_join(t, NULL);
	CHECK(pthread_mutex_lock(&m) == EOWNERDEAD);
	CHECK(pthread_mutex_consistent(&m) == 0);
	CHECK(pthread_mutex_unlock(&m) == 0);

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	CHECK(pthread_mutex_init(&m, &attr) == 0);
	pthread_mutex_lock(&m);
	shared_counter = 0;
	pthread_create(&t, NULL, thread_locks, &m);
	sleep_ms(20);
	CHECK(shared_counter == 0);
	pthread_mutex_unlock(&m);
	pthread_join(t, NULL);
	CHECK(shared_counter == 1);

	pthread_mutex_lock(&mutex);
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec += 20000000;
	ts.tv_sec += ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	CHECK(pthread_mutex_timedlock(&mutex, &ts) == ETIMEDOUT);
	pthread_mutex_unlock(&mutex);
}

static void *thread_cancelled(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void test_cancel(void)
{
	pthread_t t;
	void *result;

	pthread_create(&t, NULL, thread_cancelled, NULL);
	sleep_ms(5);
	CHECK(pthread_cancel(t) == 0);
	CHECK(pthread_join(t, &result) == 0);
	CHECK(result == PTHREAD_CANCELED);
}

static long futex(uint32_t *addr, int op, uint32_t val, const struct timespec *ts, uint32_t *addr2, uint32_t val3)
{
	return syscall(SYS_futex, addr, op | FUTEX_PRIVATE_FLAG, val, ts, addr2, val3);
}

static uint32_t word, word2;

static void *thread_futex_wait(void *arg)
{
	return (void *)(intptr_t)futex(&word, FUTEX_WAIT, 0, arg, NULL, 0);
}

static void test_futex(void)
{
	struct timespec ts = { 0, 10000000 };
	pthread_t t[3];
	int64_t start = now_ns(CLOCK_MONOTONIC);

	word = 0;
	CHECK(futex(&word, FUTEX_WAIT, 1, NULL, NULL, 0) == -1 && errno == EAGAIN);
	CHECK(futex(&word, FUTEX_WAIT, 0, &ts, NULL, 0) == -1 && errno == ETIMEDOUT);
	CHECK(now_ns(CLOCK_MONOTONIC) - start >= 10000000);
	CHECK(futex((uint32_t *)((char *)&word + 1), FUTEX_WAKE, 1, NULL, NULL, 0) == -1 && errno == EINVAL);
	CHECK(futex((uint32_t *)16, FUTEX_WAIT, 1, NULL, NULL, 0) == -1 && errno == EFAULT);
	CHECK(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0) == -1 && errno == EINVAL);
	CHECK(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &word2, 5) == -1 && errno == EAGAIN);
	for (int i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, thread_futex_wait, NULL);
	sleep_ms(30);
	CHECK(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &word2, 0) == 2);
	CHECK(futex(&word2, FUTEX_WAKE, 10, NULL, NULL, 0) == 1);
	CHECK(futex(&word, FUTEX_WAKE_OP, 10, (void *)0, &word2, FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_GT, 0)) == 1);
	CHECK(word2 == 3);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	word2 = 0;
}

/* --- signals --- */

static volatile sig_atomic_t caught, caught_code, depth;
static volatile uintptr_t caught_addr, caught_sp;
static siginfo_t caught_info;
static sigjmp_buf back;

static void on_signal(int sig)
{
	caught = sig;
}

static void on_info(int sig, siginfo_t *info, void *context)
{
	(void)context;
	caught = sig;
	caught_info = *info;
	caught_sp = (uintptr_t)&info;
}

static void handle(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = { .sa_handler = fn, .sa_flags = flags };

	sigaction(sig, &sa, NULL);
}

static void handle_info(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = fn, .sa_flags = flags | SA_SIGINFO };

	sigaction(sig, &sa, NULL);
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	caught = sig;
	caught_code = info->si_code;
	caught_addr = (uintptr_t)info->si_addr;
	CHECK(uc->uc_mcontext.gregs[REG_TRAPNO] == 14);
	CHECK((uintptr_t)uc->uc_mcontext.gregs[REG_CR2] == caught_addr);
	CHECK(uc->uc_mcontext.gregs[REG_ERR] == (info->si_code == SEGV_MAPERR ? 4 : 7));
	siglongjmp(back, 1);
}

/* Go on behind the faulting instruction, with another value in RAX. */
static void on_fault_edit(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)info;
	caught = sig;
	uc->uc_mcontext.gregs[REG_RIP] += 3; /* mov (%rbx),%rax */
	uc->uc_mcontext.gregs[REG_RAX] = 4711;
}

static void test_faults(void)
{
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long value = 1;

	handle_info(SIGSEGV, on_fault, 0);
	if (!sigsetjmp(back, 1))
		(void)*(volatile char *)0x123456;
	CHECK(caught == SIGSEGV && caught_code == SEGV_MAPERR && caught_addr == 0x123456);
	if (!sigsetjmp(back, 1)) {
		(void)*(volatile char *)page;
		*(volatile char *)(page + 5) = 1;
	}
	CHECK(caught_code == SEGV_ACCERR && caught_addr == (uintptr_t)page + 5);
	handle_info(SIGSEGV, on_fault_edit, 0);
	__asm__ volatile("mov (%1), %0" : "=a"(value) : "b"((uintptr_t)8) : "memory");
	CHECK(value == 4711);
	handle(SIGSEGV, SIG_DFL, 0);
	handle_info(SIGFPE, on_info, SA_RESETHAND);
	handle_info(SIGILL, on_info, SA_RESETHAND);
}

static void on_fpe(int sig, siginfo_t *info, void *context)
{
	(void)context;
	caught = sig;
	caught_code = info->si_code;
	siglongjmp(back, 1);
}

static void test_traps(void)
{
	volatile int zero = 0;

	handle_info(SIGFPE, on_fpe, 0);
	handle_info(SIGILL, on_fpe, 0);
	handle_info(SIGTRAP, on_fpe, 0);
	handle_info(SIGSEGV, on_fpe, 0);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("xor %%edx, %%edx; mov $1, %%eax; idivl %0" : : "m"(zero) : "eax", "edx");
	CHECK(caught == SIGFPE && caught_code == FPE_INTDIV);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("ud2");
	CHECK(caught == SIGILL && caught_code == ILL_ILLOPN);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("int3");
	CHECK(caught == SIGTRAP && caught_code == SI_KERNEL);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("hlt");
	CHECK(caught == SIGSEGV && caught_code == SI_KERNEL);
	handle(SIGFPE, SIG_DFL, 0);
	handle(SIGILL, SIG_DFL, 0);
	handle(SIGTRAP, SIG_DFL, 0);
	handle(SIGSEGV, SIG_DFL, 0);
}

static char altstack[65536] __attribute__((aligned(16)));

static void test_altstack(void)
{
	stack_t ss = { .ss_sp = altstack, .ss_size = sizeof(altstack) }, old;

	CHECK(sigaltstack(&ss, NULL) == 0);
	handle_info(SIGUSR1, on_info, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK(caught == SIGUSR1 && caught_sp > (uintptr_t)altstack &&
	      caught_sp < (uintptr_t)altstack + sizeof(altstack));
	CHECK(sigaltstack(NULL, &old) == 0 && old.ss_flags == 0 && old.ss_size == sizeof(altstack));
	ss.ss_size = 100;
	CHECK(sigaltstack(&ss, NULL) == -1 && errno == ENOMEM);
	ss.ss_flags = SS_DISABLE;
	CHECK(sigaltstack(&ss, NULL) == 0);
	CHECK(sigaltstack(NULL, &old) == 0 && old.ss_flags == SS_DISABLE);
	CHECK(caught_info.si_code == SI_TKILL && caught_info.si_pid == getpid() && caught_info.si_uid == getuid());
}

static void on_nested(int sig)
{
	if (++depth < 5)
		raise(sig);
	caught++;
}

static void test_masks(void)
{
	sigset_t set, old, pending;
	union sigval value = { .sival_int = 77 };
	struct timespec zero = { 0, 0 };
	siginfo_t info;

	handle(SIGUSR2, on_nested, SA_NODEFER);
	caught = depth = 0;
	raise(SIGUSR2);
	CHECK(caught == 5);

	handle(SIGUSR2, on_signal, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, &old);
	caught = 0;
	kill(getpid(), SIGUSR2);
	kill(getpid(), SIGUSR2);
	sigpending(&pending);
	CHECK(caught == 0 && sigismember(&pending, SIGUSR2));
	CHECK(sigsuspend(&old) == -1 && errno == EINTR && caught == SIGUSR2);
	sigpending(&pending);
	CHECK(!sigismember(&pending, SIGUSR2));
	for (int i = 0; i < 3; i++) {
		value.sival_int = 77 + i;
		CHECK(sigqueue(getpid(), SIGRTMIN, value) == 0);
	}
	for (int i = 0; i < 3; i++)
		CHECK(sigwaitinfo(&set, &info) == SIGRTMIN && info.si_value.sival_int == 77 + i &&
		      info.si_code == SI_QUEUE);
	CHECK(sigtimedwait(&set, &info, &zero) == -1 && errno == EAGAIN);
	sigprocmask(SIG_SETMASK, &old, NULL);
	CHECK(sigaction(SIGKILL, &(struct sigaction){ .sa_handler = on_signal }, NULL) == -1 && errno == EINVAL);
	CHECK(kill(getpid(), 65) == -1 && errno == EINVAL);
	CHECK(syscall(SYS_tgkill, getpid(), 0x3ffffff, 0) == -1 && errno == ESRCH);
}

static volatile bool spin_stop;
static volatile int spin_signals;

static void on_spin(int sig)
{
	(void)sig;
	spin_signals++;
}

static void *thread_spin(void *arg)
{
	volatile double x = 1;

	while (!spin_stop)
		x = x * 1.0000001;
	return arg;
}

static void test_preemption(void)
{
	pthread_t t;
	int seen = 0;

	handle(SIGURG, on_spin, SA_RESTART);
	spin_stop = false;
	pthread_create(&t, NULL, thread_spin, NULL);
	for (int i = 0; i < 100; i++) {
		int before = spin_signals;

		pthread_kill(t, SIGURG);
		for (int n = 0; n < 2000 && spin_signals == before; n++)
			usleep(500);
		seen += spin_signals > before;
	}
	spin_stop = true;
	pthread_join(t, NULL);
	CHECK(seen == 100);
}

/* Vector registers survive a handler that uses them, and the handler's edits of the saved ones count. */
static void on_vectors(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	double zero[4] = { 0 };

	(void)info;
	caught = sig;
	__asm__ volatile("movupd %0, %%xmm7; movupd %0, %%xmm8" : : "m"(zero) : "xmm7", "xmm8");
	uc->uc_mcontext.fpregs->_xmm[9].element[0] = 0x12345678;
}

static void test_vectors(void)
{
	uint32_t in[4] = { 1, 2, 3, 4 }, out7[4], out9[4];
	long pid = getpid(), nr = SYS_kill;

	handle_info(SIGUSR1, on_vectors, 0);
	__asm__ volatile("movdqu %3, %%xmm7; movdqu %3, %%xmm9; syscall; movdqu %%xmm7, %0; movdqu %%xmm9, %1"
			 : "=m"(out7), "=m"(out9), "+a"(nr) : "m"(in), "D"(pid), "S"((long)SIGUSR1)
			 : "rcx", "r11", "xmm7", "xmm9", "memory");
	CHECK(nr == 0 && caught == SIGUSR1);
	CHECK(!memcmp(in, out7, sizeof(in)));
	CHECK(out9[0] == 0x12345678 && out9[1] == 2);
}

static void *thread_kill_main(void *arg)
{
	sleep_ms(20);
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	return NULL;
}

static ssize_t interrupted_read(int flags, int *error)
{
	int fds[2];
	pthread_t t, self = pthread_self();
	char byte;
	ssize_t n;

	handle(SIGUSR1, on_signal, flags);
	if (pipe(fds))
		return -2;
	pthread_create(&t, NULL, thread_kill_main, &self);
	if (flags & SA_RESTART) { /* the restarted read needs something to end it */
		struct itimerval it = { .it_value = { 0, 60000 } };

		handle(SIGALRM, on_signal, 0);
		setitimer(ITIMER_REAL, &it, NULL);
	}
	n = read(fds[0], &byte, 1);
	*error = errno;
	pthread_join(t, NULL);
	close(fds[0]);
	close(fds[1]);
	return n;
}

static void test_restart(void)
{
	struct timespec ts = { 0, 50000000 }, left = { 0, 0 };
	pthread_t t, self = pthread_self();
	int64_t start;
	int error;

	CHECK(interrupted_read(0, &error) == -1 && error == EINTR);
	caught = 0;
	CHECK(interrupted_read(SA_RESTART, &error) == -1 && error == EINTR && caught == SIGALRM);
	pthread_create(&t, NULL, thread_kill_main, &self);
	CHECK(nanosleep(&ts, &left) == -1 && errno == EINTR && left.tv_nsec > 0 && left.tv_nsec < 50000000);
	pthread_join(t, NULL);
	start = now_ns(CLOCK_MONOTONIC);
	handle(SIGUSR1, SIG_IGN, 0);
	pthread_create(&t, NULL, thread_kill_main, &self);
	CHECK(nanosleep(&ts, &left) == 0 && now_ns(CLOCK_MONOTONIC) - start >= 50000000);
	pthread_join(t, NULL);
}

/* --- clocks and timers --- */

static void test_clocks(void)
{
	int64_t last = now_ns(CLOCK_MONOTONIC), start = last, real = now_ns(CLOCK_REALTIME), raw;
	struct timespec ts;
	bool monotonic = true;

	for (int i = 0; i < 200000; i++) {
		int64_t now = now_ns(CLOCK_MONOTONIC);

		monotonic &= now >= last;
		last = now;
	}
	CHECK(monotonic);
	CHECK(last > start);
	sleep_ms(30);
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
	raw = ts.tv_sec * 1000000000L + ts.tv_nsec;
	CHECK(raw >= last + 30000000);
	last = now_ns(CLOCK_MONOTONIC);
	CHECK(last >= raw && last - raw < 1000000000);
	last = (now_ns(CLOCK_REALTIME) - real) - (now_ns(CLOCK_MONOTONIC) - start);
	CHECK(last < 100000000 && last > -100000000);
	CHECK(time(NULL) - now_ns(CLOCK_REALTIME) / 1000000000 <= 1);
	CHECK(now_ns(CLOCK_PROCESS_CPUTIME_ID) > 0);
	CHECK(now_ns(CLOCK_BOOTTIME) > 0);
	CHECK(clock_gettime(77, &ts) == -1 && errno == EINVAL);
	CHECK(clock_getres(CLOCK_MONOTONIC, &ts) == 0 && ts.tv_nsec == 1);
}

static void test_timers(void)
{
	struct itimerval it = { .it_value = { 0, 10000 }, .it_interval = { 0, 10000 } }, old;
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 5 };
	struct itimerspec spec = { .it_value = { 0, 5000000 } }, left;
	timer_t timer;
	int ticks = 0;

	handle(SIGALRM, on_signal, 0);
	CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0);
	for (int i = 0; i < 3; i++) {
		caught = 0;
		pause();
		ticks += caught == SIGALRM;
	}
	CHECK(ticks == 3);
	it = (struct itimerval){ 0 };
	CHECK(setitimer(ITIMER_REAL, &it, &old) == 0 && old.it_interval.tv_usec == 10000);
	CHECK(alarm(100) == 0);
	CHECK(alarm(0) >= 99);
	handle_info(SIGRTMIN + 1, on_info, 0);
	CHECK(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0);
	caught = 0;
	CHECK(timer_settime(timer, 0, &spec, NULL) == 0);
	for (int i = 0; i < 400 && !caught; i++)
		sleep_ms(5);
	CHECK(caught == SIGRTMIN + 1 && caught_info.si_code == SI_TIMER && caught_info.si_value.sival_int == 5);
	CHECK(timer_gettime(timer, &left) == 0 && left.it_value.tv_nsec == 0);
	CHECK(timer_getoverrun(timer) == 0);
	CHECK(timer_delete(timer) == 0);
	it = (struct itimerval){ .it_value = { 0, 20000 } };
	handle(SIGPROF, on_signal, 0);
	caught = 0;
	setitimer(ITIMER_PROF, &it, NULL);
	for (int64_t start = now_ns(CLOCK_MONOTONIC); !caught && now_ns(CLOCK_MONOTONIC) - start < 5000000000L;)
		;
	CHECK(caught == SIGPROF);
}

/* --- scheduling --- */

static void *thread_affinity(void *arg)
{
	return (void *)(intptr_t)(sched_getaffinity(0, sizeof(cpu_set_t), arg) ? -1 : CPU_COUNT((cpu_set_t *)arg));
}

static void test_scheduling(void)
{
	cpu_set_t all, one, got;
	struct sched_param param = { 0 };
	pthread_t t;
	void *inherited;

	CHECK(sched_getaffinity(0, sizeof(all), &all) == 0 && CPU_COUNT(&all) > 0);
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
		if (CPU_ISSET(i, &all))
			CPU_SET(i, &one);
	CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
	pthread_create(&t, NULL, thread_affinity, &got);
	pthread_join(t, &inherited);
	CHECK((intptr_t)inherited == 1 && CPU_EQUAL(&got, &one));
	CHECK(sched_setaffinity(0, sizeof(all), &all) == 0);
	pthread_create(&t, NULL, thread_affinity, &got);
	pthread_join(t, &inherited);
	CHECK((intptr_t)inherited == CPU_COUNT(&all));
	CHECK(sched_setscheduler(0, SCHED_BATCH, &param) == 0 && sched_getscheduler(0) == SCHED_BATCH);
	CHECK(sched_setscheduler(0, SCHED_OTHER, &param) == 0 && sched_getscheduler(0) == SCHED_OTHER);
}

/* --- identity and limits --- */

static void test_identity(void)
{
	struct utsname u;
	struct rlimit r;
	struct rusage usage;
	char name[16];
	uid_t real, effective, saved;

	CHECK(uname(&u) == 0 && !strcmp(u.sysname, "Linux") && !strcmp(u.machine, "x86_64"));
	CHECK(prctl(PR_SET_NAME, "a-very-long-name-indeed") == 0 && prctl(PR_GET_NAME, name) == 0);
	CHECK(!strcmp(name, "a-very-long-nam"));
	CHECK(getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur > 0);
	CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
	CHECK(getresuid(&real, &effective, &saved) == 0 && real == getuid() && effective == geteuid());
	CHECK(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
	CHECK(getpgid(0) == getpgrp() && getsid(0) > 0);
	CHECK(sysconf(_SC_NPROCESSORS_ONLN) > 0);
	CHECK(syscall(SYS_getrandom, name, sizeof(name), 0) == sizeof(name));
	CHECK(times(NULL) != (clock_t)-1);
}

static const struct group {
	const char *name;
	void (*fn)(void);
} groups[] = {
	{ "threads", test_threads },    { "sync", test_sync },         { "mutex", test_mutex_kinds },
	{ "cancel", test_cancel },      { "futex", test_futex },       { "faults", test_faults },
	{ "traps", test_traps },        { "altstack", test_altstack }, { "masks", test_masks },
	{ "preempt", test_preemption }, { "vectors", test_vectors },   { "restart", test_restart },
	{ "clocks", test_clocks },      { "timers", test_timers },     { "identity", test_identity },
	{ "scheduling", test_scheduling },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (argc > 1 && strcmp(argv[1], groups[i].name))
			continue;
		printf("# %s\n", groups[i].name);
		fflush(stdout);
		groups[i].fn();
	}
	printf("1..%d\n", count);
	return failures != 0;
}
