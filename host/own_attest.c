/* Attestation: the two programs that are started when the enclave first asks for keys, or for a quote. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/futex.h"
#include "abi/linux/socket.h"
#include "abi/linux/syscall_nr.h"
#include "abi/quoting.h"
#include "base/mem.h"
#include "cpu/linux/sys.h"
#include "host/blocking.h"
#include "host/own.h"

#define ATTEST_PATH 4096
#define ATTEST_SECRET "/secret"

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
	long fd, error;

	if (!path) {
		host_say("attestation: adyton-keys is not installed beside adyton-host");
		return -ENOENT;
	}
	if (!folder || host_format(secret, sizeof(secret), "%s" ATTEST_SECRET, folder) >= sizeof(secret))
		return -ENAMETOOLONG;
	fd = program_start(path, argv, envp);
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

static void quote_close(void)
{
	(void)sys_close(quote_fd);
	quote_fd = -1;
}

static long quote_start(void)
{
	static char variable[ATTEST_PATH];
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
	fd = program_start(path, argv, envp);
	if (sys_is_error(fd))
		return fd;
	quote_fd = (int)fd;
	return 0;
}

/* All of it, or -EPIPE, or -EINTR when a signal is pending: then the connection is in the middle of something. */
static long quote_move(struct host_thread *t, long nr, void *buffer, uint64_t size)
{
	for (uint8_t *at = buffer; size;) {
		long n = blocking(t, nr, (uint64_t)quote_fd, (uint64_t)at, size,
				  nr == __NR_sendto ? MSG_NOSIGNAL : 0, 0, 0);

		if (n <= 0)
			return n == -EINTR ? n : -EPIPE;
		at += n;
		size -= (uint64_t)n;
	}
	return 0;
}

static long quote_ask(struct host_thread *t, uint32_t operation, uint8_t *data, uint64_t room)
{
	struct quoting_head head = { .magic = QUOTING_MAGIC, .operation = operation };
	long error;

	head.size = operation == HOST_QUOTE_REPORT ? SGX_REPORT_BYTES : 0;
	error = quote_move(t, __NR_sendto, &head, sizeof(head)) ?: quote_move(t, __NR_sendto, data, head.size) ?:
		quote_move(t, __NR_recvfrom, &head, sizeof(head));
	if (!error && (head.magic != QUOTING_MAGIC || head.size > room))
		error = -EPIPE;
	return error ?: quote_move(t, __NR_recvfrom, data, head.size) ?: head.error ? -head.error : (long)head.size;
}

/* adyton-quoting leaves after a while without work: then it is started once more. */
static long quote_try(struct host_thread *t, uint32_t operation, uint8_t *data, uint64_t room)
{
	long n = -EPIPE;

	for (int attempt = 0; n == -EPIPE && attempt < 2; attempt++) {
		n = quote_fd < 0 ? quote_start() : 0;
		if (!n)
			n = quote_ask(t, operation, data, room);
		if (quote_fd >= 0 && (n == -EPIPE || n == -EINTR))
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
	return quote_has(folder, "aesm.socket") || quote_has("/var/run/aesmd", "aesm.socket") ? 0 : -ENODEV;
}

long own_quote(struct host_thread *t, const uint64_t *slots)
{
	long n;

	if (slots[0] == HOST_QUOTE_PROBE)
		return quote_probe();
	if (slots[0] != HOST_QUOTE_TARGET && (slots[0] != HOST_QUOTE_REPORT || slots[2] < SGX_REPORT_BYTES))
		return -EINVAL;
	attest_acquire(&quote_lock);
	n = quote_try(t, (uint32_t)slots[0], (uint8_t *)slots[1], slots[2]);
	attest_release(&quote_lock);
	return n;
}
