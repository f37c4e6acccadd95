/* Attestation: the two programs that are started when the enclave first asks for keys, or for a quote. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/futex.h"
#include "abi/linux/signal.h"
#include "abi/linux/socket.h"
#include "abi/linux/syscall_nr.h"
#include "abi/linux/time.h"
#include "abi/linux/wait.h"
#include "abi/quoting.h"
#include "base/mem.h"
#include "cpu/linux/sys.h"
#include "host/own.h"

#define ATTEST_PATH 4096
#define ATTEST_SECRET "/secret"
#define QUOTE_SECONDS 60 /* longer than AESM may take */
#define QUOTE_SLICE_US 100000 /* how late the kernel sees a signal that came just before a call */

static uint32_t attest_lock;
static bool attest_has_keys;

static void attest_acquire(uint32_t *lock)
{
	while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
		(void)sys_futex(lock, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 1);
}

static void attest_release(uint32_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
	(void)sys_futex(lock, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT32_MAX);
}

static const char *attest_string(uint32_t offset)
{
	return offset ? (const char *)host.launch + offset : NULL;
}

static long attest_start_keys(void)
{
	static char secret[ATTEST_PATH];
	const char *path = attest_string(host.launch->keys), *folder = attest_string(host.launch->data_dir);
	const char *const argv[] = { "adyton-keys", secret, "3", NULL }, *const envp[] = { NULL };
	int32_t pid; /* stays until this process ends */
	long fd, error;

	if (!path) {
		host_say("attestation: adyton-keys is not installed beside adyton-host");
		return -ENOENT;
	}
	if (!folder || host_format(secret, sizeof(secret), "%s" ATTEST_SECRET, folder) >= sizeof(secret))
		return -ENAMETOOLONG;
	fd = program_start(path, argv, envp, &pid);
	if (sys_is_error(fd))
		return fd;
	error = host.cpu->keys((int)fd);
	if (error)
		(void)sys_close((int)fd);
	return error;
}

/* Costs a start nothing: the process for keys exists from the first request on. */
long own_attest_keys(struct host_thread *t, const uint64_t *slots)
{
	long error = 0;

	(void)t;
	(void)slots;
	if (!host.cpu->keys)
		return 0;
	attest_acquire(&attest_lock);
	if (!attest_has_keys)
		error = attest_start_keys();
	attest_has_keys = !error;
	attest_release(&attest_lock);
	return error;
}

/*
 * The conversation with adyton-quoting. One thread has it at a time, over several calls: while the answer is not there,
 * each call waits a little and returns, so that the kernel sees what signals came. What has arrived stays here.
 */
static struct {
	uint32_t asker; /* slot of the thread + 1; 0: nobody, a futex */
	int fd;         /* -1: it does not run, or not any more */
	int32_t pid;
	bool asked;
	int starts;
	int64_t deadline; /* ns */
	uint64_t got;     /* of the answer */
	struct {
		struct quoting_head head;
		uint8_t data[HOST_QUOTE_MAX];
	} __attribute__((packed)) answer;
} quote = { .fd = -1 };

static int64_t quote_now(void)
{
	struct timespec now;

	(void)sys_raw3(__NR_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

/* What it may still be at is for nobody, and nothing shall stay of it. */
static void quote_close(void)
{
	if (quote.fd < 0)
		return;
	(void)sys_close(quote.fd);
	quote.fd = -1;
	(void)sys_raw3(__NR_kill, quote.pid, SIGKILL, 0);
	(void)sys_raw6(__NR_wait4, quote.pid, 0, WALL, 0, 0, 0);
}

static long quote_start(void)
{
	static char variable[ATTEST_PATH];
	const struct timeval slice = { .tv_usec = QUOTE_SLICE_US };
	const bool ordinary = host.launch->memory == LAUNCH_MEMORY_ORDINARY;
	const char *path = attest_string(host.launch->quoting), *folder = attest_string(host.launch->data_dir);
	const char *const argv[] = { "adyton-quoting", "serve", folder, host.cpu->keys ? "soft" : "hw",
				     ordinary ? "ordinary" : "secret", NULL };
	const char *const envp[] = { variable, NULL };
	long fd;

	if (!path || !folder)
		return -ENODEV;
	if (host_format(variable, sizeof(variable), "ADYTON_PLATFORM=%s", folder) >= sizeof(variable))
		return -ENAMETOOLONG;
	fd = program_start(path, argv, envp, &quote.pid);
	if (sys_is_error(fd))
		return fd;
	quote.fd = (int)fd;
	return sys_raw6(__NR_setsockopt, quote.fd, SOL_SOCKET, SO_RCVTIMEO, (long)&slice, sizeof(slice), 0);
}

/* All of it, or -EPIPE: there is room for a question, so this does not wait. */
static long quote_send(const void *from, uint64_t size)
{
	for (const uint8_t *at = from; size;) {
		long n = sys_raw6(__NR_sendto, quote.fd, (long)at, (long)size, MSG_NOSIGNAL, 0, 0);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return -EPIPE;
		at += n;
		size -= (uint64_t)n;
	}
	return 0;
}

static long quote_put_question(uint32_t operation, const uint8_t *data)
{
	struct quoting_head head = { .magic = QUOTING_MAGIC, .operation = operation };
	long error = quote.fd < 0 ? quote_start() : 0;

	head.size = operation == HOST_QUOTE_REPORT ? SGX_REPORT_BYTES : 0;
	if (!error)
		error = quote_send(&head, sizeof(head)) ?: quote_send(data, head.size);
	quote.asked = !error;
	quote.got = 0;
	quote.deadline = quote_now() + QUOTE_SECONDS * 1000000000L;
	return error;
}

/* The answer's size, its error, -EAGAIN: not yet, -EPIPE, or -EIO: too late or none at all. */
static long quote_get_answer(uint64_t room)
{
	const struct quoting_head *head = &quote.answer.head;

	for (;;) {
		const bool whole = quote.got >= sizeof(*head);
		uint64_t size = sizeof(*head) + (whole ? head->size : 0);
		long n;

		if (whole && (head->magic != QUOTING_MAGIC || head->size > room || head->size > HOST_QUOTE_MAX))
			return -EIO;
		if (whole && quote.got == size)
			return head->error == EAGAIN ? -EIO : head->error ? -head->error : (long)head->size;
		n = sys_raw6(__NR_recvfrom, quote.fd, (long)&quote.answer + (long)quote.got, (long)(size - quote.got),
			     0, 0, 0);
		if (n == -EINTR || n == -EAGAIN)
			return quote_now() < quote.deadline ? -EAGAIN : -EIO;
		if (n <= 0)
			return -EPIPE;
		quote.got += (uint64_t)n;
	}
}

/* adyton-quoting leaves after a while without work: then it is started once more. */
static long quote_try(uint32_t operation, uint8_t *data, uint64_t room)
{
	long n;

	do {
		n = quote.asked ? 0 : quote_put_question(operation, data);
		if (!n)
			n = quote_get_answer(room);
		if (n == -EPIPE || n == -EIO)
			quote_close();
		quote.asked = n == -EAGAIN;
	} while (n == -EPIPE && quote.starts++ == 0);
	if (n > 0)
		memcpy(data, quote.answer.data, (uint64_t)n);
	return n == -EPIPE ? -EIO : n;
}

static bool quote_has(const char *folder, const char *name)
{
	char path[512];

	return host_format(path, sizeof(path), "%s/%s", folder, name) < sizeof(path) &&
	       sys_raw6(__NR_faccessat, AT_FDCWD, (long)path, F_OK, 0, 0, 0) == 0;
}

/* What quotes need is there: no more is asked, as nothing shall be started for a look. */
static long quote_probe(void)
{
	const char *folder = attest_string(host.launch->data_dir);

	if (!host.launch->quoting || !folder)
		return -ENODEV;
	if (host.cpu->keys)
		return quote_has(folder, "pck-chain.pem") ? 0 : -ENODEV;
#define LOOK(how, where, name) if (quote_has((where) ?: folder, name)) return 0;
	QUOTING_ON_SILICON(LOOK)
#undef LOOK
	return -ENODEV;
}

/* 0, or -EAGAIN: another thread has a question. */
static long quote_acquire(uint32_t asker)
{
	const struct timespec slice = { .tv_nsec = QUOTE_SLICE_US * 1000L };
	uint32_t holder = 0;

	if (__atomic_compare_exchange_n(&quote.asker, &holder, asker, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
		quote.starts = 0;
		return 0;
	}
	if (holder == asker)
		return 0;
	(void)sys_raw6(__NR_futex, (long)&quote.asker, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, holder, (long)&slice, 0, 0);
	return -EAGAIN;
}

static void quote_release(void)
{
	__atomic_store_n(&quote.asker, 0, __ATOMIC_RELEASE);
	(void)sys_futex(&quote.asker, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT32_MAX);
}

static long quote_give_up(uint32_t asker)
{
	if (__atomic_load_n(&quote.asker, __ATOMIC_ACQUIRE) != asker)
		return 0;
	quote_close();
	quote.asked = false;
	quote_release();
	return 0;
}

long own_quote(struct host_thread *t, const uint64_t *slots)
{
	const uint32_t asker = t->slot + 1;
	long n;

	if (slots[0] == HOST_QUOTE_PROBE)
		return quote_probe();
	if (slots[0] == HOST_QUOTE_GIVE_UP)
		return quote_give_up(asker);
	if (slots[0] != HOST_QUOTE_TARGET && (slots[0] != HOST_QUOTE_REPORT || slots[2] < SGX_REPORT_BYTES))
		return -EINVAL;
	n = quote_acquire(asker);
	if (n)
		return n;
	n = quote_try((uint32_t)slots[0], (uint8_t *)slots[1], slots[2]);
	if (n != -EAGAIN)
		quote_release();
	return n;
}
