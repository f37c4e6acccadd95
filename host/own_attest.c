/* Attestation: the two programs that are started when the enclave first asks for keys, or for a quote. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/futex.h"
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
#define QUOTE_SECONDS 60 /* of silence: longer than AESM may take */

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

/* The connection to adyton-quoting; -1: it does not run, or not any more. Under quote_lock. */
static uint32_t quote_lock;
static int quote_fd = -1;
static int32_t quote_pid;

static void quote_close(void)
{
	(void)sys_close(quote_fd);
	quote_fd = -1;
}

static long quote_start(void)
{
	static char variable[ATTEST_PATH];
	const struct timeval limit = { .tv_sec = QUOTE_SECONDS };
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
	if (quote_pid > 0) /* the one before has ended: nothing shall stay of it */
		(void)sys_raw6(__NR_wait4, quote_pid, 0, WNOHANG | WALL, 0, 0, 0);
	fd = program_start(path, argv, envp, &quote_pid);
	if (sys_is_error(fd))
		return fd;
	quote_fd = (int)fd;
	return sys_raw6(__NR_setsockopt, quote_fd, SOL_SOCKET, SO_RCVTIMEO, (long)&limit, sizeof(limit), 0);
}

/*
 * All of it, or -EPIPE, or -EIO when time is over. Signals wait: a question that each of them ended would never be
 * answered where they come often, and the answer comes soon.
 */
static long quote_move(long nr, void *buffer, uint64_t size)
{
	for (uint8_t *at = buffer; size;) {
		long n = sys_raw6(nr, quote_fd, (long)at, (long)size, nr == __NR_sendto ? MSG_NOSIGNAL : 0, 0, 0);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return n == -EAGAIN ? -EIO : -EPIPE;
		at += n;
		size -= (uint64_t)n;
	}
	return 0;
}

static long quote_ask(uint32_t operation, uint8_t *data, uint64_t room)
{
	struct quoting_head head = { .magic = QUOTING_MAGIC, .operation = operation };
	long error;

	head.size = operation == HOST_QUOTE_REPORT ? SGX_REPORT_BYTES : 0;
	error = quote_move(__NR_sendto, &head, sizeof(head)) ?: quote_move(__NR_sendto, data, head.size) ?:
		quote_move(__NR_recvfrom, &head, sizeof(head));
	if (!error && (head.magic != QUOTING_MAGIC || head.size > room))
		error = -EIO;
	return error ?: quote_move(__NR_recvfrom, data, head.size) ?: head.error ? -head.error : (long)head.size;
}

/* adyton-quoting leaves after a while without work: then it is started once more. */
static long quote_try(uint32_t operation, uint8_t *data, uint64_t room)
{
	long n = -EPIPE;

	for (int attempt = 0; n == -EPIPE && attempt < 2; attempt++) {
		n = quote_fd < 0 ? quote_start() : 0;
		if (!n)
			n = quote_ask(operation, data, room);
		if (quote_fd >= 0 && (n == -EPIPE || n == -EIO))
			quote_close();
	}
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

long own_quote(struct host_thread *t, const uint64_t *slots)
{
	long n;

	(void)t;
	if (slots[0] == HOST_QUOTE_PROBE)
		return quote_probe();
	if (slots[0] != HOST_QUOTE_TARGET && (slots[0] != HOST_QUOTE_REPORT || slots[2] < SGX_REPORT_BYTES))
		return -EINVAL;
	attest_acquire(&quote_lock);
	n = quote_try((uint32_t)slots[0], (uint8_t *)slots[1], slots[2]);
	attest_release(&quote_lock);
	return n;
}
